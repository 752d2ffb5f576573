"""The edgeorch control plane: store, registry, API server, controllers, scheduler and fleet."""
