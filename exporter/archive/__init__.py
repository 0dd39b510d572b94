"""Wrap-ups of months and years that are over, kept as files."""
