"""Preparation of a service: its zone, the folder of its ledger, and aiohttp."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from exporter.settings.zone import ZoneError, day_zone

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

CERTIFICATE_STORE = "SSL_CERT_FILE"


class StartError(Exception):
    """A service cannot start with these settings; the text has the reason and the remedy."""


def load_aiohttp() -> None:
    """Import aiohttp with an empty certificate store.

    At its import aiohttp makes two TLS contexts for clients, which a service without webhooks never uses. The system's
    certificates in them cost 2.1 MB of 34.7 MB, and 12 ms of 243 ms of CPU (aiohttp 3.13, Python 3.11).
    """
    store = os.environ.get(CERTIFICATE_STORE)
    os.environ[CERTIFICATE_STORE] = os.devnull
    try:
        import aiohttp  # noqa: F401, PLC0415 - loaded here, with the store as it is now
    finally:
        if store is None:
            del os.environ[CERTIFICATE_STORE]
        else:
            os.environ[CERTIFICATE_STORE] = store


def zone_of_days(timezone: str) -> ZoneInfo:
    """The zone of `ledger.timezone`; raises StartError."""
    try:
        return day_zone(timezone)
    except ZoneError as error:
        raise StartError(str(error)) from error


def make_folder(ledger: Path) -> None:
    """Make the folder of the ledger; raises StartError."""
    try:
        ledger.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot make {ledger.parent} for the ledger: {error.strerror}"
        raise StartError(f"{problem}; set ledger.path to a place of your own") from error
