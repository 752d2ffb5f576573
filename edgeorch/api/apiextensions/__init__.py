"""apiextensions.k8s.io/v1: definitions of custom resources."""
