"""The node itself: identity, capacity, conditions, heartbeat, images."""
