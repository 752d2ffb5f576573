"""networking.k8s.io/v1: who may talk to whom, and how the world gets in."""
