"""One file a dashboard."""
