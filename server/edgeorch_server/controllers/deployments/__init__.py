"""Deployments: what to scale to what (``plan``), revisions, progress, and the controller that acts on it."""
