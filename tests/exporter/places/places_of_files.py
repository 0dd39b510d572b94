"""One way of reading a file that tells how much was used: exports in each format, and the past for Prometheus."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reports.formats.markdown import plain
from tests.exporter.places.places_of_usage import WHOSE, Numbers, from_samples, named, sums
from tests.reports.wrapup.read_page import Page
from tests.worlds.one_history import DEVICES
from tests.worlds.told_numbers import MACHINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.worlds.told_world import ToldWorld

RANGES = {"today": "today", "week": "week", "month": "month", "year": "year", "ever": "all"}


async def export_json(world: ToldWorld) -> Numbers:
    return await _documents(world, "json", json.loads)


async def export_toon(world: ToldWorld) -> Numbers:
    from toon_format import decode  # noqa: PLC0415 - one place alone has it

    return await _documents(world, "toon", decode)


async def _documents(world: ToldWorld, form: str, read: Any) -> Numbers:
    found: Numbers = {}
    async for name, whose, text in _exports(world, form):
        told = read(text)
        found |= sums(f"{name} {whose}", told["summary"]["totals"])
        found[f"{name} {whose} peak"] = told["summary"]["peak_speed"]["bytes_per_second"]
        for day in told["daily_data"]:
            found |= sums(f"{day['date']} {whose}", day) | {f"{day['date']} {whose} peak": day["peak_speed"]}
        for one in told["interfaces"]:
            found |= sums(f"{name} {one['interface']}", one) | {f"{name} {one['interface']} peak": one["peak_speed"]}
        for month in told["monthly_data"]:
            if name == "month":
                found |= sums(f"month {whose}", month)
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
        found |= _by_day(name, whose, told["slot_data"]) | sums(f"{name} {whose}", told["summary"]["totals"])
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
        found |= sums(f"{name} {whose}", told["totals"])
        found[f"{name} {whose} peak"] = told["records"]["peak_speed_bps"]
        for day in told["recent_30_days"].values():
            found |= _short(f"{day['date']} {whose}", day)
        for one in told["interfaces"].values():
            found |= _short(f"{name} {one['name']}", one)
        if name == "ever":
            found |= sums(f"year {whose}", told["year_2026"])
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
                found |= named(f"{name} {names[cells[0]]}", cells[2:5])
            if len(cells[0]) == len("2026-10-28") and cells[0].startswith("20"):
                found |= named(f"{cells[0]} {whose}", cells[1:4]) | {f"{cells[0]} {whose} peak": cells[4]}
            if name == "ever" and cells[0] == "2026-10":
                found |= named(f"month {whose}", cells[1:4])
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


async def backfill(world: ToldWorld) -> Numbers:
    """The newest samples of OpenMetrics for Prometheus, when everything is posted and its quarter hour is over."""
    await world.end_the_slot()
    target = world.settings.with_name("backfill.txt")
    # On this thread: it asks no service, and minds signals.
    done = world.commands("backfill", "--from", "2026-10-27", "--output", str(target))
    assert done.exit_code == 0, done.output
    return from_samples(target.read_text(encoding="utf-8"))


async def _exports(world: ToldWorld, form: str, more: str = "") -> Any:
    for name, days in RANGES.items():
        for whose in WHOSE:
            of = f"&interface={quote(whose)}" if whose else ""
            yield name, whose or MACHINE, await world.text(f"/api/export?format={form}&range={days}{of}{more}")


def _short(name: str, told: Mapping[str, Any]) -> Numbers:
    return named(name, [told["received"], told["sent"], told["total"]]) | {f"{name} peak": told["peak"]}


def _added_up(name: str, lines: list[dict[str, Any]]) -> Numbers:
    columns = {
        "received": "bytes_received",
        "sent": "bytes_sent",
        "total": "total_bytes",
        "estimated": "estimated_bytes",
    }
    sums = {f"{name} {part}": sum(int(line[column]) for line in lines) for part, column in columns.items()}
    return sums | {f"{name} peak": max((int(line["peak_speed"]) for line in lines), default=0)}


def _exact(text: str) -> int:
    """The number of bytes of "12.34 GB 12,340,000,000 bytes"."""
    return int(text.replace("(", " ").split(" bytes")[0].split()[-1].replace(",", ""))


def _definitions(told: Page) -> dict[str, list[str]]:
    """Terms of all lists, and what each says, one after the other."""
    found: dict[str, list[str]] = defaultdict(list)
    terms = told.all("dt")
    for term, meaning in zip(terms, told.all("dd"), strict=True):
        found[term.text].append(meaning.text.replace("\N{NO-BREAK SPACE}", " "))
    return found
