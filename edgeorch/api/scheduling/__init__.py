"""scheduling.k8s.io: how important pods are."""
