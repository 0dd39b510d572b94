"""The labels under which a service is scraped: what Prometheus adds to every series of /metrics; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exporter.settings.tree import Settings
    from reports.past.samples import Labels

OURS = frozenset({"device", "counted", "period", "date", "month"})
EVERYWHERE = frozenset({"0.0.0.0", "::"})
_NAME = re.compile("[a-zA-Z_][a-zA-Z0-9_]*")


def target_labels(settings: Settings, texts: Iterable[str]) -> Labels:
    """Job and instance as in the documents, replaced and joined by NAME=VALUE; raises click.UsageError."""
    labels = {"job": "netledger", "instance": _address(settings)}
    for text in texts:
        name, is_one, value = text.partition("=")
        if not is_one or not _NAME.fullmatch(name) or name.startswith("__"):
            raise click.UsageError(f"--label: {text!r} is no label: write NAME=VALUE, such as job=netledger")
        if name in OURS:
            raise click.UsageError(f"--label: {name!r} is a label of netledger's own series: use another name")
        labels[name] = value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    # For Prometheus an empty label is none.
    return tuple((name, value) for name, value in labels.items() if value)


def selector(labels: Labels, name: str = "") -> str:
    """The series of these labels in PromQL, all of one name or of any."""
    matchers = [f'{label}="{_escaped(value)}"' for label, value in labels]
    return f"{name}{{{','.join(matchers)}}}"


def _address(settings: Settings) -> str:
    host, port = settings.server.host, settings.server.port or 7373
    if host in EVERYWHERE:
        host = "127.0.0.1"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
