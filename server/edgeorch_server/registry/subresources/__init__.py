"""Subresources: parts of an object to update, and actions to post."""
