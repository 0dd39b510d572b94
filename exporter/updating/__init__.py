"""Updating netledger by the tool that installed it, and going back where the new version does not work."""
