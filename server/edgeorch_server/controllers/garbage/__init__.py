"""The garbage collector: what is owned goes when its owners go."""
