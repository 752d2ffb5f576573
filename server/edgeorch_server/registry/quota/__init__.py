"""How much of a namespace's quotas is used: the arithmetic that admission and the controller share."""
