"""The interface meter of Linux: /proc, /sys and netlink."""
