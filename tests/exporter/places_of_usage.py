"""One way of reading a place that tells how much was used: names of numbers, and what the place says of each."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from prometheus_client.parser import text_string_to_metric_families

from reports.formats.markdown import plain
from tests.exporter.one_history import COUNTED, DEVICES, PERIODS, VANISHED
from tests.exporter.told_numbers import MACHINE
from tests.reports.read_page import Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.exporter.told_world import ToldWorld

Numbers = dict[str, Any]

RANGES = {"today": "today", "week": "week", "month": "month", "year": "year", "ever": "all"}
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
        found |= _sums(f"today {whose or MACHINE}", today) | {f"today {whose or MACHINE} peak": today["peak_speed"]}
        found |= _sums(f"ever {whose or MACHINE}", await world.get(f"/api/summary?{of}"))
        for name, path in (("week", f"/api/range?{days}&{of}"), ("month", f"/api/month?{of}")):
            told = await world.get(path)
            found |= _sums(f"{name} {whose or MACHINE}", told["summary"])
            for day in told["days"]:
                found |= _sums(f"{day['date']} {whose or MACHINE}", day)
    return found


async def rest_interfaces(world: ToldWorld) -> Numbers:
    """Each interface, counted, uncounted and vanished."""
    found: Numbers = {}
    for told in (await world.get("/api/interfaces"))["interfaces"]:
        found |= _sums(f"today {told['interface']}", told["today"]) | _sums(f"ever {told['interface']}", told["lifetime"])
    return found


async def rest_series(world: ToldWorld) -> Numbers:
    """The points of charts, a day each."""
    found: Numbers = {}
    for whose in WHOSE:
        of = f"&interface={quote(whose)}" if whose else ""
        told = await world.get(f"/api/series?range=month&step=1d{of}")
        for point in told["points"]:
            found |= _sums(f"{point['start'][:10]} {whose or MACHINE}", point)
    return found


async def command_json(world: ToldWorld) -> Numbers:
    """`--json` of the commands."""
    found: Numbers = {}
    for whose in WHOSE:
        of = ("--interface", whose) if whose else ()
        for name in ("today", "week", "month", "year"):
            told = await world.json(name, *of)
            found |= _sums(f"{name} {whose or MACHINE}", told.get("summary", told))
            for day in told.get("days", ()):
                found |= _sums(f"{day['date']} {whose or MACHINE}", day)
        found |= _sums(f"ever {whose or MACHINE}", await world.json("summary", *of))
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
                    found |= _named(f"{name if day == 'Total' else day} {name_of}", amounts)
    return found


async def command_of_interfaces(world: ToldWorld) -> Numbers:
    """The table of interfaces."""
    found: Numbers = {}
    for line in (await world.printed("interfaces")).splitlines()[1:]:
        device, _, today, *ever = _cells(line)
        found |= {f"today {device} total": today} | _named(f"ever {device}", ever)
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


async def export_json(world: ToldWorld) -> Numbers:
    return await _documents(world, "json", json.loads)


async def export_toon(world: ToldWorld) -> Numbers:
    from toon_format import decode  # noqa: PLC0415 - one place alone has it

    return await _documents(world, "toon", decode)


async def _documents(world: ToldWorld, form: str, read: Any) -> Numbers:
    found: Numbers = {}
    async for name, whose, text in _exports(world, form):
        told = read(text)
        found |= _sums(f"{name} {whose}", told["summary"]["totals"])
        found[f"{name} {whose} peak"] = told["summary"]["peak_speed"]["bytes_per_second"]
        for day in told["daily_data"]:
            found |= _sums(f"{day['date']} {whose}", day) | {f"{day['date']} {whose} peak": day["peak_speed"]}
        for one in told["interfaces"]:
            found |= _sums(f"{name} {one['interface']}", one) | {f"{name} {one['interface']} peak": one["peak_speed"]}
        for month in told["monthly_data"]:
            if name == "month":
                found |= _sums(f"month {whose}", month)
    return found


async def export_csv(world: ToldWorld) -> Numbers:
    """A line a day; a sum is that of its lines."""
    found: Numbers = {}
    async for name, whose, text in _exports(world, "csv"):
        lines = list(csv.DictReader(io.StringIO(text, newline="")))
        found |= _added_up(f"{name} {whose}", lines)
        for line in lines:
            found |= _added_up(f"{line['date']} {whose}", [line])
    return found


async def export_slots_csv(world: ToldWorld) -> Numbers:
    """A line a quarter hour and interface, added up by its local day."""
    found: Numbers = {}
    async for name, whose, text in _exports(world, "csv", "&resolution=slot"):
        found |= _by_day(name, whose, list(csv.DictReader(io.StringIO(text, newline=""))))
    return found


async def export_slots_json(world: ToldWorld) -> Numbers:
    found: Numbers = {}
    async for name, whose, text in _exports(world, "json", "&resolution=slot"):
        told = json.loads(text)
        found |= _by_day(name, whose, told["slot_data"]) | _sums(f"{name} {whose}", told["summary"]["totals"])
    return found


def _by_day(name: str, whose: str, lines: list[dict[str, Any]]) -> Numbers:
    by_day: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        for of in {whose, line["interface"]}:
            by_day[line["start"][:10], of].append(line)
    found = _added_up(f"{name} {whose}", lines)
    for (day, of), some in by_day.items():
        found |= _added_up(f"{day} {of}", some)
    return found


async def export_llm(world: ToldWorld) -> Numbers:
    """The sections, read as TOML."""
    found: Numbers = {}
    async for name, whose, text in _exports(world, "llm"):
        told = tomllib.loads(text)
        found |= _sums(f"{name} {whose}", told["totals"])
        found[f"{name} {whose} peak"] = told["records"]["peak_speed_bps"]
        for day in told["recent_30_days"].values():
            found |= _short(f"{day['date']} {whose}", day)
        for one in told["interfaces"].values():
            found |= _short(f"{name} {one['name']}", one)
        if name == "ever":
            found |= _sums(f"year {whose}", told["year_2026"])
            found |= _short(f"month {whose}", told["monthly_data"]["month_0"])
    return found


async def export_markdown(world: ToldWorld) -> Numbers:
    """Facts and tables."""
    found: Numbers = {}
    names = {plain(device): device for device in DEVICES}
    async for name, whose, text in _exports(world, "markdown"):
        for line in text.splitlines():
            if line.startswith(("- Received", "- Sent", "- Total")):
                word, amount = line[2:].split(": ")
                found[f"{name} {whose} {word.lower()}"] = _exact(amount)
            cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
            if cells[0] in names:
                found |= _named(f"{name} {names[cells[0]]}", cells[2:5])
            if len(cells[0]) == len("2026-10-28") and cells[0].startswith("20"):
                found |= _named(f"{cells[0]} {whose}", cells[1:4]) | {f"{cells[0]} {whose} peak": cells[4]}
            if name == "ever" and cells[0] == "2026-10":
                found |= _named(f"month {whose}", cells[1:4])
    return found


async def export_html(world: ToldWorld) -> Numbers:
    """The wrap-up's chapter of numbers."""
    found: Numbers = {}
    async for name, whose, text in _exports(world, "html"):
        facts = _definitions(Page(text))
        for word, part in (("Received", "received"), ("Sent", "sent"), ("Together", "total")):
            found[f"{name} {whose} {part}"] = _exact(facts[word][-1])
        if "Top speed" in facts:
            found[f"{name} {whose} peak"] = " ".join(facts["Top speed"][-1].split()[:2])
    return found


async def page(world: ToldWorld) -> Numbers:
    """The live page as it is sent."""
    told = Page(await world.text("/"))
    live = {one.attributes["data-live"]: _plain(one.text) for one in told.elements if "data-live" in one.attributes}
    months = [one for one in told.elements if one.attributes.get("class") == "totals"]
    total, received, sent = (part.strip() for part in _plain(months[0].text).replace("Sent", "Received").split("Received"))
    found = {
        f"today {MACHINE} total": live["today"],
        f"today {MACHINE} received": live["today-received"],
        f"today {MACHINE} sent": live["today-sent"],
        **_named(f"month {MACHINE}", [received, sent, total]),
    }
    yesterday = next(one for one in told.elements if one.text.startswith("Yesterday "))
    found[f"2026-10-27 {MACHINE} total"] = yesterday.text.removeprefix("Yesterday ")
    devices = [one.attributes["data-interface"] for one in told.all("tr") if "data-interface" in one.attributes]
    cells = [_plain(cell.text) for cell in told.all("td")]
    for number, device in enumerate(devices):
        today, ever = cells[4 * number + 2 : 4 * number + 4]
        found |= {f"today {device} total": today, f"ever {device} total": ever}
    return found


async def backfill(world: ToldWorld) -> Numbers:
    """The newest samples of OpenMetrics for Prometheus, when everything is posted and its quarter hour is over."""
    await world.end_the_slot()
    target = world.settings.with_name("backfill.txt")
    # On this thread: it asks no service, and minds signals.
    done = world.commands("backfill", "--output", str(target))
    assert done.exit_code == 0, done.output
    return from_samples(target.read_text(encoding="utf-8"))


async def _exports(world: ToldWorld, form: str, more: str = "") -> Any:
    for name, days in RANGES.items():
        for whose in WHOSE:
            of = f"&interface={quote(whose)}" if whose else ""
            yield name, whose or MACHINE, await world.text(f"/api/export?format={form}&range={days}{of}{more}")


PARTS = ("received", "sent", "total")


def _sums(name: str, told: Mapping[str, Any]) -> Numbers:
    estimated = {f"{name} estimated": told["estimated_bytes"]} if "estimated_bytes" in told else {}
    return _named(name, [told["bytes_received"], told["bytes_sent"], told["total_bytes"]]) | estimated


def _short(name: str, told: Mapping[str, Any]) -> Numbers:
    return _named(name, [told["received"], told["sent"], told["total"]]) | {f"{name} peak": told["peak"]}


def _named(name: str, amounts: list[Any]) -> Numbers:
    return {f"{name} {part}": amount for part, amount in zip(PARTS, amounts, strict=True)}


def _added_up(name: str, lines: list[dict[str, Any]]) -> Numbers:
    columns = {"received": "bytes_received", "sent": "bytes_sent", "total": "total_bytes", "estimated": "estimated_bytes"}
    sums = {f"{name} {part}": sum(int(line[column]) for line in lines) for part, column in columns.items()}
    return sums | {f"{name} peak": max((int(line["peak_speed"]) for line in lines), default=0)}


def _exact(text: str) -> int:
    """The number of bytes of "12.34 GB 12,340,000,000 bytes"."""
    return int(text.replace("(", " ").split(" bytes")[0].split()[-1].replace(",", ""))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def _definitions(told: Page) -> dict[str, list[str]]:
    """Terms of all lists, and what each says, one after the other."""
    found: dict[str, list[str]] = defaultdict(list)
    terms = told.all("dt")
    for term, meaning in zip(terms, told.all("dd"), strict=True):
        found[term.text].append(meaning.text.replace("\N{NO-BREAK SPACE}", " "))
    return found


def _plain(text: str) -> str:
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())
