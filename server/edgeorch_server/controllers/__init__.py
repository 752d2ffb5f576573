"""Level-based controllers on one generic runner."""
