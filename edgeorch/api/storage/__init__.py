"""storage.k8s.io/v1: kinds of storage that claims can ask for."""
