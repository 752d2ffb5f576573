"""CustomResourceDefinitions: what becomes of them, and of the objects of their kinds."""
