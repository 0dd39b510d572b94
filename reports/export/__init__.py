"""Usage by day or by slot, as the exporting formats take it."""
