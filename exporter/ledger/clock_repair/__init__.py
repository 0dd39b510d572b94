"""Repair of what a wrong clock has booked."""
