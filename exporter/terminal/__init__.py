"""The terminal: tables, progress, output files, signals, options."""
