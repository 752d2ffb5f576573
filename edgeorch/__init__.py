"""What the edgeorch server and agent share: the object model, the wire, the store's disk format, the CLI."""

__version__ = "0.1.0"
