"""Lines of an access log: from their bytes to counts by quarter hour and route, as an import adds them up."""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from exporter.meters.requests.logs.adding import add_lines
from exporter.meters.requests.logs.formats.named import FORMATS
from tests.bench.rows import MILLISECOND, Row

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.settings import Bench

LINES = 300_000
BEGAN = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
PER_SECOND = 10
ROUTES = ("/", "/items/{}", "/items/{}/reviews", "/cart", "/search?q={}", "/static/app.js", "/api/users/{}")
CODES = (200, 200, 200, 200, 200, 304, 404, 500)
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def measure(bench: Bench) -> list[Row]:
    """CPU milliseconds that a thousand lines take."""
    lines = _lines()
    log = bench.folder / "access.log"
    log.write_bytes(b"\n".join(lines) + b"\n")
    return [
        Row(
            "1,000 lines of an nginx log, combined, added up",
            "CPU ms",
            4,
            tuple(_per_thousand(lines) for _ in range(bench.rounds)),
            _goaccess(log),
            remark=f"250,000 lines a second are 4 ms; {LINES:,} lines of {len(lines) // PER_SECOND // 3600} hours",
        )
    ]


def _per_thousand(lines: list[bytes]) -> float:
    began = time.process_time()
    added = add_lines(lines, FORMATS["combined"], "shop")
    taken = time.process_time() - began
    assert sum(each.requests for each in added.counts) == LINES
    return taken / LINES * 1000 / MILLISECOND


def _goaccess(log: Path) -> str:
    """CPU of goaccess for the same log, as its report in JSON; "" where it is not installed."""
    program = shutil.which("goaccess")
    if program is None:
        return ""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = (program, str(log), "--no-global-config", "--log-format=COMBINED", f"--output={log.with_suffix('.json')}")
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"goaccess {taken / LINES * 1000 / MILLISECOND:.0f} beside us"


def _lines() -> list[bytes]:
    """What nginx writes: a few routes with many numbers, a few thousand clients."""
    chance = random.Random(1)  # noqa: S311 - the same lines in every run
    return [_line(chance, number) for number in range(LINES)]


def _line(chance: random.Random, number: int) -> bytes:
    at = datetime.fromtimestamp(BEGAN + number // PER_SECOND, UTC)
    client = f"198.51.{chance.randrange(16)}.{chance.randrange(256)}"
    path = chance.choice(ROUTES).format(chance.randrange(10_000))
    text = (
        f'{client} - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET {path} HTTP/1.1" {chance.choice(CODES)} '
        f'{chance.randrange(100, 50_000)} "-" "{AGENT}"'
    )
    return text.encode()
