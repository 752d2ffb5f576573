"""The core/v1 group."""
