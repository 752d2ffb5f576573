"""node.k8s.io/v1: what else than the usual runtime may run a pod."""
