"""Formats of access logs: one file a web server, the reading of lines, and the table of names."""
