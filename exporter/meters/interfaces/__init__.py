"""The interface meter: bytes, packets, errors and drops of every network interface, by operating system."""
