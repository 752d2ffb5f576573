"""The authentication.k8s.io/v1 group: who somebody is, and tokens that say so."""
