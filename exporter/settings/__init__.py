"""Settings: one frozen tree, read once from YAML and the environment, validated before anything starts."""
