"""Questions of requests: figures of services, routes and steps of time, and single requests of the log."""
