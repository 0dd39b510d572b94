"""Errors of the operating system at the start of a service, in words."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from exporter.session.client import ServiceClient

if TYPE_CHECKING:
    from exporter.settings.tree import Settings


def system_problem(error: OSError, settings: Settings) -> str:
    """The file or port that a service cannot have, and the remedy."""
    if error.filename is not None:
        return (
            f"{error.filename}: {error.strerror}; run netledger as the user who owns it, "
            "or set ledger.path (NETLEDGER_LEDGER_PATH) to a place of your own"
        )
    address = f"{settings.server.host}:{settings.server.port}"
    if error.errno == errno.EADDRINUSE:
        owner = "another netledger: ask that one," if _is_netledger(settings) else "another program:"
        return f"{address} is taken by {owner} stop it, or set server.port (NETLEDGER_SERVER_PORT)"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"{address} may not be listened on by this user: take a port above 1023 (server.port)"
    # From Python 3.13 on asyncio tries every address, and has no number for having bound none of them.
    is_elsewhere = error.errno == errno.EADDRNOTAVAIL or str(error).startswith("could not bind on any address")
    if is_elsewhere or isinstance(error, socket.gaierror):
        return f"{address} is no address of this machine: set server.host"
    return error.strerror or str(error)


def _is_netledger(settings: Settings) -> bool:
    host = settings.server.host
    return ServiceClient(f"http://{f'[{host}]' if ':' in host else host}:{settings.server.port}").is_netledger()
