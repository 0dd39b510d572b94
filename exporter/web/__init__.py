"""What the service answers over HTTP: one file a resource."""
