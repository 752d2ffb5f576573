"""PodSecurity: Kubernetes' pod security standards, chosen by labels of a namespace."""
