"""The authorization.k8s.io/v1 group: asking who may do what."""
