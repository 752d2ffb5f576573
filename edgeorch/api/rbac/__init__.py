"""The rbac.authorization.k8s.io/v1 group: who may do what."""
