"""What nodes and pods use: asked of the agents when somebody wants to know, and stored nowhere."""
