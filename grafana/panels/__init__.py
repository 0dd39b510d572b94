"""Panels, one file a subject."""
