"""TLS and passwords of the server, as a web config file of Prometheus' exporters or our own settings name them."""
