"""``edgeorch up`` and ``down``: a whole cluster on this box, for trying out and for developing."""
