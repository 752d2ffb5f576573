"""HTTP: routes, discovery, OpenAPI, watch, tables, authentication."""
