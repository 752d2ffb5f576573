"""policy: evictions, and how many of them an application puts up with."""
