"""The object model: Kubernetes kinds, their defaults, validation and patches."""
