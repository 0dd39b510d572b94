"""Two machines of which one goes off for good, as the samples that Prometheus has of them."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tests.grafana.prometheus_server import import_history, running_prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.grafana.prometheus_server import PrometheusServer

STEP = 120
SPEEDS = {"receive": 1000, "transmit": 100}


def instant(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


BIRTH, OFF, END = instant("2026-10-28T00:00"), instant("2026-10-31T12:00"), instant("2026-11-02T12:00")
STAYS, LEAVES = "stays:7373", "leaves:7373"
CYCLE = (instant("2026-10-15T00:00"), instant("2026-11-01T18:00"))


class Bounds(NamedTuple):
    """When a period begins and ends."""

    start: float
    end: float


def bounds(name: str, when: float) -> Bounds:
    """The day, week, month or year in UTC that an instant is in."""
    day = datetime.fromtimestamp(when, UTC).replace(hour=0, minute=0, second=0)
    if name == "day":
        start, end = day, day + timedelta(days=1)
    elif name == "week":
        start = day - timedelta(days=day.weekday())
        end = start + timedelta(days=7)
    elif name == "month":
        start = day.replace(day=1)
        end = (start + timedelta(days=32)).replace(day=1)
    else:
        start = day.replace(month=1, day=1)
        end = start.replace(year=start.year + 1)
    return Bounds(start.timestamp(), end.timestamp())


def moved(instance: str, span: Bounds, when: float, ways: tuple[str, ...] = tuple(SPEEDS)) -> float:
    """Bytes of a machine in a span, up to an instant."""
    until = min(when, span.end, OFF if instance == LEAVES else END)
    return sum(SPEEDS[way] for way in ways) * max(0.0, until - max(span.start, BIRTH))


@contextmanager
def outage(folder: Path) -> Iterator[PrometheusServer]:
    """A server that has seen it all; to be asked for any instant up to END."""
    (folder / "samples.om").write_text("\n".join((*_lines(), "# EOF\n")), encoding="utf-8")
    (folder / "data").mkdir()
    import_history(folder / "samples.om", folder / "data")
    with running_prometheus(folder, {"global": {}}) as server:
        yield server


def _lines() -> Iterator[str]:
    samples: dict[str, list[str]] = {}
    for when in range(int(BIRTH), int(END) + 1, STEP):
        for instance in (STAYS, LEAVES):
            target = f'job="netledger",instance="{instance}"'
            is_on = instance == STAYS or when <= OFF
            for series, value in {
                f"up{{{target}}}": float(is_on),
                **(_page(instance, target, when) if is_on else {}),
            }.items():
                samples.setdefault(series.partition("{")[0], []).append(f"{series} {value} {when}")
    # One metric after the other, as the format wants
    return (line for lines in samples.values() for line in lines)


def _page(instance: str, target: str, when: float) -> dict[str, float]:
    found = {
        f'netledger_build_info{{{target},version="1"}}': 1,
        f"netledger_last_sample_timestamp_seconds{{{target}}}": when,
        f'netledger_plan_used_bytes{{{target},plan="home"}}': moved(instance, Bounds(*CYCLE), when),
        f'netledger_plan_left_bytes{{{target},plan="home"}}': 1e12 - moved(instance, Bounds(*CYCLE), when),
        f'netledger_plan_used_ratio{{{target},plan="home"}}': 0.1,
        f'netledger_plan_cycle_end_timestamp_seconds{{{target},plan="home"}}': CYCLE[1],
    }
    for name in ("day", "week", "month", "year"):
        span = bounds(name, when)
        found[f'netledger_period_start_timestamp_seconds{{{target},period="{name}"}}'] = span.start
        found[f'netledger_period_end_timestamp_seconds{{{target},period="{name}"}}'] = span.end
    for way in SPEEDS:
        found |= _periods(instance, "interface", f'{target},device="eth0"', when, way)
        found |= _periods(instance, "machine", target, when, way)
    return found


def _periods(instance: str, subject: str, labels: str, when: float, way: str) -> dict[str, float]:
    found = {}
    for name in ("day", "week", "month", "year"):
        series = f'netledger_{subject}_period_{way}_bytes{{{labels},period="{name}"}}'
        found[series] = moved(instance, bounds(name, when), when, (way,))
    for day in range(int(BIRTH), int(when) + 1, 86_400):
        date = f"{datetime.fromtimestamp(day, UTC):%Y-%m-%d}"
        series = f'netledger_{subject}_daily_{way}_bytes{{{labels},date="{date}"}}'
        found[series] = moved(instance, bounds("day", day), when, (way,))
    for month in sorted({bounds("month", each).start for each in (BIRTH, when)}):
        date = f"{datetime.fromtimestamp(month, UTC):%Y-%m}"
        series = f'netledger_{subject}_monthly_{way}_bytes{{{labels},month="{date}"}}'
        found[series] = moved(instance, bounds("month", month), when, (way,))
    return found
