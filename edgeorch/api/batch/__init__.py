"""The batch/v1 group: pods that run to completion."""
