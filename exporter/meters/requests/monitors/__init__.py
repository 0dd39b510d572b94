"""Monitors of uptime: addresses that are checked, and what becomes of their answers."""
