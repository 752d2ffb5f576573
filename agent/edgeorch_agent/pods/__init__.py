"""Pod workers: observe, plan, act, report."""
