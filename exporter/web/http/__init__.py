"""HTTP: routes, access, negotiation, limits, OpenAPI."""
