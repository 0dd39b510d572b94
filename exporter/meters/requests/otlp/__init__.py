"""OpenTelemetry's protocol over HTTP: server spans and histograms of HTTP servers as events and counts."""
