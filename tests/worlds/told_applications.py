"""Applications of the history that every place has to tell alike, and their sums, added up row by row."""

from __future__ import annotations

import random
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.postings import ClockState
from tests.worlds.application_rows import amounts, application_posting, post
from tests.worlds.one_history import BERLIN, EDGES, HOSTILE, NOW, PERIODS, SLOT, days
from tests.worlds.told_numbers import in_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.meters.applications import FakeSource
    from tests.worlds.fake_machine import Machine
    from tests.worlds.one_history import History
    from tests.worlds.told_numbers import Forms

BUSY = "firefox"
APPLICATIONS = (BUSY, HOSTILE, "default/web", "wireguard", "sshd.service", "(unknown)")
SCOPES = ("loopback", "lan", "internet", "office")
UNPOSTED = (3_456_789, 98_765)


class ApplicationRow(NamedTuple):
    """What an application moved in a quarter hour, and how much of it in a tunnel."""

    started: int
    key: tuple[str, ...]
    received: int
    sent: int
    tunnel: tuple[int, int] = (0, 0)

    @property
    def day(self) -> date:
        return datetime.fromtimestamp(self.started, BERLIN).date()


def posted_applications() -> list[ApplicationRow]:
    """What the ledger holds before the service starts."""
    chance = random.Random(11)  # noqa: S311 - a history, not a secret
    found = []
    for started in EDGES:
        for name in APPLICATIONS:
            key = (name, chance.choice(SCOPES), chance.choice(("tcp", "udp")))
            received, sent = chance.randrange(10**6, 10**9), chance.randrange(10**5, 10**8)
            tunnel = (received // 3, sent // 2) if chance.random() < 0.2 else (0, 0)
            found.append(ApplicationRow(started, key, received, sent, tunnel))
    return found


def write_applications(path: Path, machine: Machine) -> None:
    """Post them after the interfaces' first posting."""
    rows = {(row.started, row.key): amounts(row.received, row.sent, row.tunnel) for row in posted_applications()}
    clock = ClockState(machine.boot_id, machine.wall, machine.elapsed)
    post(path, BERLIN, application_posting(2, rows, clock=clock))


def move_applications(source: FakeSource) -> None:
    """What is counted afterwards, and not posted."""
    source.move(BUSY, *UNPOSTED)


def every_row() -> list[ApplicationRow]:
    """Posted or not."""
    return [*posted_applications(), ApplicationRow(NOW // SLOT * SLOT, (BUSY, "internet", "tcp"), *UNPOSTED)]


def application_numbers(history: History) -> dict[str, Forms]:
    """Sums of each application and scope, and what is unattributed, by their names."""
    return dict(_numbers(history))


def _numbers(history: History) -> Iterator[tuple[str, Forms]]:
    for period, (first, last) in {**PERIODS, **{str(day): (day, day) for day in days()}}.items():
        rows = [row for row in every_row() if first <= row.day <= last]
        for name in APPLICATIONS:
            yield from _sums(f"{period} application {name}", rows, lambda row: row.key[0] == name and is_out(row))  # noqa: B023
        for scope in SCOPES:
            yield from _sums(f"{period} scope {scope}", rows, lambda row: row.key[1] == scope, is_net=True)  # noqa: B023
        moved, (received, sent) = history.of(None, first, last), _sum([row for row in rows if is_out(row)], is_net=True)
        yield from _named(f"{period} unattributed", moved.received - received, moved.sent - sent)


def is_out(row: ApplicationRow) -> bool:
    """Loopback is in no total."""
    return row.key[1] != "loopback"


def _sums(
    name: str, rows: list[ApplicationRow], is_meant: Callable[[ApplicationRow], bool], *, is_net: bool = False
) -> Iterator[tuple[str, Forms]]:
    yield from _named(name, *_sum([row for row in rows if is_meant(row)], is_net=is_net))


def _sum(rows: list[ApplicationRow], *, is_net: bool) -> tuple[int, int]:
    received = sum(row.received - (row.tunnel[0] if is_net else 0) for row in rows)
    return received, sum(row.sent - (row.tunnel[1] if is_net else 0) for row in rows)


def _named(name: str, received: int, sent: int) -> Iterator[tuple[str, Forms]]:
    for part, amount in (("received", received), ("sent", sent), ("total", received + sent)):
        yield f"{name} {part}", in_bytes(amount)
