"""One way of reading a place that tells how much was used: names of numbers, and what the place says of each."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from prometheus_client.parser import text_string_to_metric_families

from tests.reports.wrapup.read_page import Page
from tests.worlds.one_history import COUNTED, DEVICES, PERIODS
from tests.worlds.told_numbers import MACHINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.worlds.told_world import ToldWorld

Numbers = dict[str, Any]

WHOSE = (None, *DEVICES)
METRIC = re.compile("netledger_(interface|period|daily|monthly)_(?P<direction>receive|transmit)_bytes(_total)?")
MONTH = re.compile("[0-9]{4}-[0-9]{2}")


async def rest(world: ToldWorld) -> Numbers:
    """Today, the week as a range, the month, ever."""
    found: Numbers = {}
    for whose in WHOSE:
        of = f"interface={quote(whose)}" if whose else ""
        days = "&".join(f"{end}_date={day}" for end, day in zip(("from", "to"), PERIODS["week"], strict=True))
        today = await world.get(f"/api/today?{of}")
        found |= sums(f"today {whose or MACHINE}", today) | {f"today {whose or MACHINE} peak": today["peak_speed"]}
        found |= sums(f"ever {whose or MACHINE}", await world.get(f"/api/summary?{of}"))
        for name, path in (("week", f"/api/range?{days}&{of}"), ("month", f"/api/month?{of}")):
            told = await world.get(path)
            found |= sums(f"{name} {whose or MACHINE}", told["summary"])
            for day in told["days"]:
                found |= sums(f"{day['date']} {whose or MACHINE}", day)
    return found


async def rest_interfaces(world: ToldWorld) -> Numbers:
    """Each interface, counted, uncounted and vanished."""
    found: Numbers = {}
    for told in (await world.get("/api/interfaces"))["interfaces"]:
        found |= sums(f"today {told['interface']}", told["today"]) | sums(f"ever {told['interface']}", told["lifetime"])
    return found


async def rest_series(world: ToldWorld) -> Numbers:
    """The points of charts, a day each."""
    found: Numbers = {}
    for whose in WHOSE:
        of = f"&interface={quote(whose)}" if whose else ""
        told = await world.get(f"/api/series?range=month&step=1d{of}")
        for point in told["points"]:
            found |= sums(f"{point['start'][:10]} {whose or MACHINE}", point)
    return found


async def command_json(world: ToldWorld) -> Numbers:
    """`--json` of the commands."""
    found: Numbers = {}
    for whose in WHOSE:
        of = ("--interface", whose) if whose else ()
        for name in ("today", "week", "month", "year"):
            told = await world.json(name, *of)
            found |= sums(f"{name} {whose or MACHINE}", told.get("summary", told))
            for day in told.get("days", ()):
                found |= sums(f"{day['date']} {whose or MACHINE}", day)
        found |= sums(f"ever {whose or MACHINE}", await world.json("summary", *of))
    return found


async def command_tables(world: ToldWorld) -> Numbers:
    """What the commands print for people: facts, or a line a day and their total."""
    found: Numbers = {}
    for whose in WHOSE:
        of, name_of = ("--interface", whose) if whose else (), whose or MACHINE
        for name, command in (("today", "today"), ("ever", "summary")):
            for line in (await world.printed(command, *of)).splitlines()[:3]:
                word, amount = line.split(maxsplit=1)
                found[f"{name} {name_of} {word.lower()}"] = amount.strip()
        for name in ("week", "month"):
            for line in (await world.printed(name, *of)).splitlines()[1:]:
                day, *amounts = _cells(line)
                if len(amounts) == len(PARTS):
                    found |= named(f"{name if day == 'Total' else day} {name_of}", amounts)
    return found


async def command_of_interfaces(world: ToldWorld) -> Numbers:
    """The table of interfaces."""
    found: Numbers = {}
    for line in (await world.printed("interfaces")).splitlines()[1:]:
        device, _, today, total, *directions = _cells(line)
        found |= {f"today {device} total": today} | named(f"ever {device}", [*directions, total])
    return found


async def metrics(world: ToldWorld) -> Numbers:
    """/metrics: periods, days and months of what counts, lifetimes of all that is there."""
    return from_samples(await world.text("/metrics"))


def from_samples(text: str) -> Numbers:
    """The newest sample of each series; the machine's number is the sum of its counted interfaces."""
    found: Numbers = {}
    parts: dict[str, list[float]] = defaultdict(list)
    for name, labels, value in _samples(text):
        match = METRIC.fullmatch(name)
        if match is None:
            continue
        period = labels.get("date") or labels.get("month") or labels.get("period", "ever")
        period = {"day": "today", "2026-10": "month of its own"}.get(period, period)
        if MONTH.fullmatch(period):
            continue
        direction = {"receive": "received", "transmit": "sent"}[match["direction"]]
        found[f"{period} {labels['device']} {direction}"] = value
        if labels["device"] in COUNTED:
            parts[f"{period} {MACHINE} {direction}"].append(value)
    found |= {name: sum(values) for name, values in parts.items() if len(values) == len(COUNTED)}
    own = {name: value for name, value in found.items() if name.startswith("month of its own")}
    assert {name.replace(" of its own", ""): value for name, value in own.items()}.items() <= found.items()
    return {name: value for name, value in found.items() if name not in own}


def _samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    newest: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[float, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            at = float(sample.timestamp or 0)
            if key not in newest or at >= newest[key][0]:
                newest[key] = (at, sample.value)
    for (name, labels), (_, value) in newest.items():
        yield name, dict(labels), value


async def page(world: ToldWorld) -> Numbers:
    """The live page as it is sent."""
    text = await world.text("/")
    told = Page(text)
    live = {one.attributes["data-live"]: _plain(one.text) for one in told.elements if "data-live" in one.attributes}
    months = [one for one in told.elements if one.attributes.get("class") == "totals"]
    total, received, sent = (
        part.strip() for part in _plain(months[0].text).replace("Sent", "Received").split("Received")
    )
    found = {
        f"today {MACHINE} total": live["today"],
        f"today {MACHINE} received": live["today-received"],
        f"today {MACHINE} sent": live["today-sent"],
        **named(f"month {MACHINE}", [received, sent, total]),
    }
    yesterday = next(one for one in told.elements if one.text.startswith("Yesterday "))
    found[f"2026-10-27 {MACHINE} total"] = yesterday.text.removeprefix("Yesterday ")
    devices = [one.attributes["data-interface"] for one in told.all("tr") if "data-interface" in one.attributes]
    # Those of applications have a name of their own.
    of_others = re.sub('<tr data-application="(.|\n)*?</tr>', "", text)
    cells = [_plain(cell.text) for cell in Page(of_others).all("td")]
    for number, device in enumerate(devices):
        today, ever = cells[4 * number + 2 : 4 * number + 4]
        found |= {f"today {device} total": today, f"ever {device} total": ever}
    return found


PARTS = ("received", "sent", "total")


def sums(name: str, told: Mapping[str, Any]) -> Numbers:
    estimated = {f"{name} estimated": told["estimated_bytes"]} if "estimated_bytes" in told else {}
    return named(name, [told["bytes_received"], told["bytes_sent"], told["total_bytes"]]) | estimated


def named(name: str, amounts: list[Any]) -> Numbers:
    return {f"{name} {part}": amount for part, amount in zip(PARTS, amounts, strict=True)}


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def _plain(text: str) -> str:
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())
