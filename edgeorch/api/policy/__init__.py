"""policy: evictions."""
