"""The folder to copy beside main.py."""
