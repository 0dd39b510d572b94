"""The service: wiring of its parts, start and stop."""
