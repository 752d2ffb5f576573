"""The autoscaling group: how many of something there should be."""
