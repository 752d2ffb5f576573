"""The write path: defaulting, validation, admission, subresources."""
