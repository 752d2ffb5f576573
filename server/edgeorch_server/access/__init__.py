"""Who may do what: the rules of RBAC as pure decisions, with no store and no HTTP."""
