"""Answers for all machines of a mirror: how soon the first one is there, how long each takes, and what they cost."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from tests.bench.places import Place
from tests.bench.process_figures import memory_of
from tests.bench.questions import UnexpectedAnswerError
from tests.bench.rows import KERNEL_MEGABYTE, MEGABYTE, MILLISECOND, Row, percentile
from tests.bench.running import running

if TYPE_CHECKING:
    from tests.bench.running import Running
    from tests.bench.settings import Bench

FIRST_SECONDS = 300
PATHS = {
    "month": "/api/month?hosts=all",
    "month by day": "/api/periods?unit=days&hosts=all",
    "machines": "/api/hosts",
    "page": "/?hosts=all",
}
TARGETS = {50: 20.0, 99: 100.0}


def rows(bench: Bench, url: str, hosts: int) -> list[Row]:
    """What a service that reads this mirror takes to answer."""
    settings = {"NETLEDGER_APPLICATIONS_METER": "off", "NETLEDGER_MIRROR_URL": url}
    with running(Place(), bench.folder / "machines.db", settings) as service:
        before = memory_of(service.pid).resident
        began = time.monotonic()
        while service.get(PATHS["month"]).status != HTTPStatus.OK:
            if time.monotonic() - began > FIRST_SECONDS:
                raise UnexpectedAnswerError(f"{PATHS['month']}: not answered in {FIRST_SECONDS} s")
            time.sleep(0.1)
        first = time.monotonic() - began
        answers = [
            row for name, path in PATHS.items() for row in _rows(service, bench, f"{hosts:,} machines: {name}", path)
        ]
        added = (memory_of(service.pid).resident - before) / KERNEL_MEGABYTE
    return [
        Row(f"{hosts:,} machines: all read from the mirror for the first time", "s", None, (first,)),
        *answers,
        Row(f"{hosts:,} machines: RSS added by the answers", "MB", None, (added,)),
    ]


def _rows(service: Running, bench: Bench, name: str, path: str) -> list[Row]:
    connection = service.connect()
    first = connection.get(path)
    if first.status != HTTPStatus.OK:
        raise UnexpectedAnswerError(f"{path}: {first.status} {first.body[:200]!r}")
    found: dict[int, list[float]] = {which: [] for which in TARGETS}
    for _ in range(bench.rounds):
        seconds = [connection.get(path).seconds for _ in range(bench.requests // 2)]
        for which, values in found.items():
            values.append(percentile(seconds, which) / MILLISECOND)
    connection.close()
    remark = f"{len(first.body) / MEGABYTE:.2f} MB"
    return [
        Row(f"{name}, p{which}", "ms", TARGETS[which] if "month" in name else None, tuple(values), remark=remark)
        for which, values in found.items()
    ]
