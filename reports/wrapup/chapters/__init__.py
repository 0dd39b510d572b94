"""Chapters of the wrap-up's page, in words."""
