"""discovery.k8s.io/v1: where services are served."""
