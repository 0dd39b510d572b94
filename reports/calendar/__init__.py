"""Periods in civil time: days, months, cycles, and the offsets of a zone."""
