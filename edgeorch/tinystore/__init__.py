"""TinyDB made crash-safe: a journalled Storage and Table."""
