"""The TCP sockets of this network namespace, as Linux lists them to every user (NETLINK_SOCK_DIAG)."""
