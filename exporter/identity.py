"""Who this machine is."""

from __future__ import annotations

import socket


def host_name() -> str:
    """The host's name as everybody can write it: the kernel takes bytes that are no UTF-8, pages and JSON do not."""
    name = socket.gethostname()
    return name if name.isascii() else name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
