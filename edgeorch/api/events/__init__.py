"""events.k8s.io/v1: the newer form of events."""
