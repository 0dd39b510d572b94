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
    urls = service_urls(settings)
    if not urls:
        return None
    key = next(iter(settings.auth.api_keys), "")
    for url in urls:
        client = ServiceClient(url, key=key, certificate=settings.server.tls_cert)
        server = client.identify()
        if server == NETLEDGER:
            return client
        if server == NO_SERVER:
            return None
    raise ForeignServerError(urls[0].partition("://")[2])


def service_urls(settings: Settings) -> tuple[str, ...]:
    """The address of the settings by either scheme, the likelier first; none where any free port is taken."""
    host, port = settings.server.host, settings.server.port
    schemes = ("https", "http") if settings.server.tls_cert else ("http", "https")
    address = f"{f'[{host}]' if ':' in host else host}:{port}"
    return tuple(f"{scheme}://{address}" for scheme in schemes) if port else ()


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
