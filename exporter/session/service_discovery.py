"""The service of another user that answers at the address of the settings, where its ledger may not be read."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from exporter.session.client import NETLEDGER, NO_SERVER, ServiceClient

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.settings.tree import Settings

CLOSED = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM})


class ForeignServerError(Exception):
    """The server at the address of the settings (the text) is no netledger, or not one that can be asked."""


def find_service(settings: Settings) -> ServiceClient | None:
    """A client of the netledger there, with the first key of these settings; None without a server.

    Raises ForeignServerError.
    """
    host, port = settings.server.host, settings.server.port
    if not port:
        return None
    address = f"{f'[{host}]' if ':' in host else host}:{port}"
    schemes = ("https", "http") if settings.server.tls_cert else ("http", "https")
    key = next(iter(settings.auth.api_keys), "")
    for scheme in schemes:
        client = ServiceClient(f"{scheme}://{address}", key=key, certificate=settings.server.tls_cert)
        server = client.identify()
        if server == NETLEDGER:
            return client
        if server == NO_SERVER:
            return None
    raise ForeignServerError(address)


def is_unreadable(ledger: Path) -> bool:
    """Whether this user can read no ledger there; an empty file is none."""
    try:
        with ledger.open("rb") as file:
            return not file.read(1)
    except OSError as error:
        return error.errno in CLOSED


def is_denied(path: Path) -> bool:
    """Whether there is a file that this user may not read."""
    try:
        path.open("rb").close()
    except PermissionError:
        return True
    except OSError:
        return False
    return False
