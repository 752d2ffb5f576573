"""The edgeorch agent: kubelet (and later kube-proxy) of one node, on Podman."""
