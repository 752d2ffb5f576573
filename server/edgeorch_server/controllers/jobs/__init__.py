"""The controllers of Jobs."""
