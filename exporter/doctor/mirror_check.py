"""What `netledger doctor` says of the mirror: whether its server can be asked from here, and has the tables."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from exporter.meters.findings import FACT, PROBLEM, Finding
from exporter.mirror.address import masked
from exporter.mirror.driver import NEEDS_EXTRA, has_driver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.mirror.settings import Mirror

SECONDS_TO_CONNECT = 5.0
REMEDY = "The service tries it again by itself; `netledger mirror status` says since when it is behind."


def check_mirror(mirror: Mirror) -> Iterator[Finding]:
    """Findings of the mirror of the settings; none without one."""
    if mirror.url is None:
        return
    if not has_driver():
        yield Finding("mirror", PROBLEM, f"The mirror {NEEDS_EXTRA}.", "Install it, and start netledger again.")
        return
    asking = import_module("exporter.mirror.asking")  # it loads asyncio, which other commands do without
    missing = import_module("exporter.mirror.creating").missing
    try:
        lacking = asking.ask_mirror(mirror.url, partial(missing, schema=mirror.schema), timeout=SECONDS_TO_CONNECT)
    except asking.MirrorFaultError as error:
        text = str(error)
        yield Finding("mirror", PROBLEM, f"{text[:1].upper()}{text[1:]}.", REMEDY)
        return
    yield Finding("mirror", FACT, f"The mirror at {masked(mirror.url)} can be reached.")
    if lacking:
        text = f"Its schema {mirror.schema} lacks tables: {', '.join(lacking)}."
        yield Finding("mirror", PROBLEM, text, "`netledger mirror init` makes them, or the service with its next copy.")
