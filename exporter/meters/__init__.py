"""One file, or one folder where an operating system needs its own, for each way of counting."""
