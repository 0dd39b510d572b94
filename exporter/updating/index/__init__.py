"""A package index: where it is, what it offers, and which of that is an update."""
