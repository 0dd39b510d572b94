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
    """What listens at the address (its text) of the settings is no netledger that can be asked."""


def find_service(settings: Settings) -> ServiceClient | None:
    """Who answers there, to be asked with the first key of these settings; None for nobody. Raises StrangerError."""
    host, port = settings.server.host, settings.server.port
    if not port:
        return None
    address = f"{f'[{host}]' if ':' in host else host}:{port}"
    schemes = ("https", "http") if settings.server.tls_cert else ("http", "https")
    key = next(iter(settings.auth.api_keys), "")
    for scheme in schemes:
        client = ServiceClient(f"{scheme}://{address}", key=key, certificate=settings.server.tls_cert)
        identify = client.identify()
        if identify == NETLEDGER:
            return client
        if identify == NO_SERVER:
            return None
    raise ForeignServerError(address)


def is_unreadable(ledger: Path) -> bool:
    """Whether there is no ledger that this user may read: a file without a byte is none."""
    try:
        with ledger.open("rb") as file:
            return not file.read(1)
    except OSError as error:
        return error.errno in CLOSED


def is_denied(path: Path) -> bool:
    """Whether a file is there that this user may not read."""
    try:
        path.open("rb").close()
    except PermissionError:
        return True
    except OSError:
        return False
    return False
