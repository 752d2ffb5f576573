"""What a Service gets from the cluster: addresses and node ports."""
