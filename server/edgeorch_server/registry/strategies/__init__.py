"""One strategy per kind: what differs between kinds on their way into the store."""
