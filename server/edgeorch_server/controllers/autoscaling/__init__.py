"""HorizontalPodAutoscalers: from what pods use to how many of them there should be."""
