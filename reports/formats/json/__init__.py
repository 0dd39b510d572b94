"""JSON: the answers of REST and of the command line, and the exports."""
