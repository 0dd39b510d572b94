"""What a start costs, until the first answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.places import place_with
from tests.bench.rows import MILLISECOND, Row
from tests.bench.running import running
from tests.bench.seeding import History, seed

if TYPE_CHECKING:
    from tests.bench.settings import Bench

HISTORY_DAYS = 400


def measure(bench: Bench) -> list[Row]:
    """CPU from the start of the process to the first 200 on /metrics, with history and without."""
    again, first = [], []
    with place_with(2) as place:
        ledger = seed(bench.folder / "starts.db", History(place.devices or ("eth0",), HISTORY_DAYS))
        with running(place, ledger):
            pass
        for number in range(bench.rounds):
            with running(place, ledger) as service:
                again.append(service.cpu_at_first_answer / MILLISECOND)
            with running(place, bench.folder / f"first{number}.db") as service:
                first.append(service.cpu_at_first_answer / MILLISECOND)
    return [
        Row(
            "start to the first 200 on /metrics, CPU",
            "ms",
            300,
            tuple(again),
            "skeleton 220, PacketBuddy 330-400",
            remark="400 days of 4 interfaces in the ledger; byte code is compiled already",
        ),
        Row(
            "the very first start, CPU",
            "ms",
            None,
            tuple(first),
            remark="it creates the ledger's tables",
        ),
    ]
