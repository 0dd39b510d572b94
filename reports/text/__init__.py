"""Amounts and links in words."""
