"""The apps/v1 group: controllers of pods."""
