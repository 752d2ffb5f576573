"""The audit log: who did what, as JSON lines in the form of audit.k8s.io/v1."""
