"""The certificates.k8s.io/v1 group: asking for certificates of the cluster's CA."""
