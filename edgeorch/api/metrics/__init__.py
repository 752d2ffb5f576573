"""The metrics.k8s.io group: what nodes and pods use right now."""
