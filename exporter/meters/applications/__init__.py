"""The application meter: bytes by program, service, container and pod, by scope and protocol."""
