"""One file for each program whose history is read."""
