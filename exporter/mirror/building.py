"""The mirror of a service, from its settings. A service without one loads nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.ledger.writing.state_rows import replace_state
from exporter.mirror.address import masked, parse_address
from exporter.mirror.connecting import connect
from exporter.mirror.identity import read_machine_id
from exporter.mirror.sending import MirrorSource
from exporter.mirror.watch import Mirrored, MirrorWatch
from reports.calendar.days import DAY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor, Future
    from pathlib import Path

    from exporter.ledger.writing.writer import Writer
    from exporter.mirror.settings import Mirror
    from reports.ledger.host import Host


def build_watch(url: str, mirror: Mirror, ledger: Path, writer: Writer, executor: Executor, host: Host) -> MirrorWatch:
    """What keeps the mirror at `url` up to the ledger; `executor` is the writer's thread."""
    address = parse_address(url)

    def put_state(states: Mapping[str, str | None]) -> Future[None]:
        return executor.submit(writer.in_transaction, lambda: replace_state(writer.connection, states))

    return MirrorWatch(
        Mirrored(
            ledger=ledger,
            server=masked(url),
            source=source_of(mirror, host),
            schema=mirror.schema,
            interval=mirror.interval,
            connect=lambda: connect(address),
            touched=writer.touched,
            put_state=put_state,
        )
    )


def source_of(mirror: Mirror, host: Host) -> MirrorSource:
    """What a machine sends: under the name that the settings give it, quarter hours as far back as they say."""
    named = host._replace(name=mirror.name or host.name)
    return MirrorSource(named, read_machine_id(), mirror.history * DAY_SECONDS if mirror.history else None)
