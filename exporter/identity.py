"""The host that this process runs on."""

from __future__ import annotations

import platform
import socket

import exporter
from reports.ledger.host import Host


def identify_host(ledger_id: str) -> Host:
    """This host and the id of its ledger."""
    return Host(host_name(), ledger_id, platform.system(), exporter.__version__)


def host_name() -> str:
    """The kernel takes names that are no UTF-8, which pages and JSON cannot hold: such bytes are escaped."""
    name = socket.gethostname()
    return name if name.isascii() else name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
