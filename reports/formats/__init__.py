"""One file a format; each takes the plain typed data that a question gave."""
