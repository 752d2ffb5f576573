"""Admission webhooks: who outside is asked about a write, and what becomes of the answers."""
