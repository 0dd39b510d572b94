"""Billing plans while the service runs: kept up to date for /metrics, and told of when a threshold is crossed."""
