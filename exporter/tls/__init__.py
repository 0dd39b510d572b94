"""TLS and basic auth by the web configuration file of Prometheus' exporters."""
