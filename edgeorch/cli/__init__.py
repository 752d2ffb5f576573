"""The edgeorch command."""
