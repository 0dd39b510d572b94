"""What /metrics says: families as declarations, and their text."""
