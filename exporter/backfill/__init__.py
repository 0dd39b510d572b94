"""The past of the ledger as samples for Prometheus and VictoriaMetrics."""
