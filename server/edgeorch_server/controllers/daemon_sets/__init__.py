"""DaemonSets: what belongs on which node (``plan``), the pods for it, and the controller that acts on it."""
