"""The MVCC store: memory is the truth, a backend keeps it on disk."""
