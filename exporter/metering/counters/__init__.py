"""Cumulative counters: differences, epochs, resets, and the base of the audit."""
