"""Disruption budgets: how many pods of an application may be evicted."""
