"""Custom resources: objects whose kind is described by a definition instead of a model."""
