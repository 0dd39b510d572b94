"""One way of reading a place that shows applications: the API and each format of an export."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reports.formats.csv.applications import UNATTRIBUTED
from reports.formats.markdown import plain
from tests.exporter.places.places_of_files import RANGES
from tests.exporter.places.places_of_usage import PARTS, Numbers, named
from tests.reports.wrapup.read_page import Page
from tests.worlds.told_applications import APPLICATIONS, SCOPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.worlds.told_world import ToldWorld


async def rest(world: ToldWorld) -> Numbers:
    """Rows, scopes and what is unattributed, of each range."""
    found: Numbers = {}
    for name, days in RANGES.items():
        told = await world.get(f"/api/applications?range={days}")
        found |= _rows(name, told["applications"]) | _totals(name, told)
    return found


async def rest_by_day(world: ToldWorld) -> Numbers:
    """Each application by itself."""
    found: Numbers = {}
    for one in APPLICATIONS:
        for name, days in RANGES.items():
            told = await world.get(f"/api/applications/{quote(one, safe='')}?range={days}")
            found |= _amounts(f"{name} application {one}", told)
            for day in told["days"]:
                if day["total_bytes"] is not None:
                    found |= _amounts(f"{day['date']} application {one}", day)
    return found


async def rest_of_scopes(world: ToldWorld) -> Numbers:
    """Usage by scope, in the answers that are of the machine otherwise."""
    found: Numbers = {}
    for scope in SCOPES:
        of = f"scope={scope}"
        found |= _amounts(f"today scope {scope}", await world.get(f"/api/today?{of}"))
        found |= _amounts(f"ever scope {scope}", await world.get(f"/api/summary?{of}"))
        for name in ("week", "month", "year"):
            told = await world.get(f"/api/{name}?{of}")
            found |= _amounts(f"{name} scope {scope}", told["summary"])
            for day in told.get("days", ()):
                found |= _amounts(f"{day['date']} scope {scope}", day)
    return found


async def commands_of_scopes(world: ToldWorld) -> Numbers:
    """The same by `--scope`."""
    found: Numbers = {}
    for scope in SCOPES:
        for name, command in (*((each, each) for each in ("today", "week", "month", "year")), ("ever", "summary")):
            told = await world.json(command, "--scope", scope)
            found |= _amounts(f"{name} scope {scope}", told.get("summary", told))
    return found


async def export_json(world: ToldWorld) -> Numbers:
    return await _documents(world, "json", json.loads)


async def export_toon(world: ToldWorld) -> Numbers:
    from toon_format import decode  # noqa: PLC0415 - one place alone has it

    return await _documents(world, "toon", decode)


async def export_csv(world: ToldWorld) -> Numbers:
    """A line for each application and scope: a sum is that of its lines, without loopback."""
    found: Numbers = {}
    async for name, text in _exports(world, "csv", "&table=applications"):
        lines = list(csv.DictReader(io.StringIO(text, newline="")))
        for one in {line["application"] for line in lines}:
            own = [line for line in lines if line["application"] == one and line["scope"] != "loopback"]
            amounts = [sum(int(line[f"bytes_{part}"]) for line in own) for part in ("received", "sent")]
            found |= named(_subject(name, one), [*amounts, sum(int(line["total_bytes"]) for line in own)])
    return found


async def export_llm(world: ToldWorld) -> Numbers:
    found: Numbers = {}
    async for name, text in _exports(world, "llm"):
        told = tomllib.loads(text)
        for one in [row for key, row in told["applications"].items() if key != "count"]:
            found |= named(f"{name} application {one['name']}", [one[part] for part in PARTS])
        for one in told["application_scopes"].values():
            found |= named(f"{name} scope {one['name']}", [one[part] for part in PARTS])
        found |= named(f"{name} unattributed", [told["application_totals"]["unattributed"][part] for part in PARTS])
    return found


async def export_markdown(world: ToldWorld) -> Numbers:
    found: Numbers = {}
    names = {plain(one): one for one in (*APPLICATIONS, UNATTRIBUTED)}
    async for name, text in _exports(world, "markdown"):
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
            if cells[0] in names and len(cells) == 1 + len(PARTS):
                found |= named(_subject(name, names[cells[0]]), cells[1:])
            if cells[0] in SCOPES:
                found |= named(f"{name} scope {cells[0]}", cells[1:])
    return found


async def export_html(world: ToldWorld) -> Numbers:
    """The wrap-up's chapter of applications: totals in words."""
    found: Numbers = {}
    async for name, text in _exports(world, "html"):
        chapter = Page(text.partition('<section id="applications"')[2].partition("</section>")[0])
        for line in chapter.all("li"):
            words = line.text.replace("\N{NO-BREAK SPACE}", " ")
            (one,) = (each for each in APPLICATIONS if words.startswith(each))
            found[f"{name} application {one} total"] = (
                words.partition(" · ")[0].rpartition(one)[2].split("sent")[-1].strip()
            )
    return found


async def page(world: ToldWorld) -> Numbers:
    """The live page's table: today's sums."""
    rows = re.findall('<tr data-application="(.*?)".*?today-of-it">(.*?)<span', await world.text("/"), flags=re.DOTALL)
    return {
        f"today application {unescape(one)} total": unescape(amount).replace("\N{NO-BREAK SPACE}", " ").strip()
        for one, amount in rows
    }


async def _documents(world: ToldWorld, form: str, read: Any) -> Numbers:
    found: Numbers = {}
    async for name, text in _exports(world, form):
        told = read(text)
        found |= _rows(name, told["applications"]) | _totals(name, told["application_totals"])
    return found


async def _exports(world: ToldWorld, form: str, more: str = "") -> Any:
    for name, days in RANGES.items():
        yield name, await world.text(f"/api/export?format={form}&range={days}{more}")


def _rows(name: str, rows: list[dict[str, Any]]) -> Numbers:
    found: Numbers = {}
    for row in rows:
        found |= _amounts(f"{name} application {row['application']}", row)
    return found


def _totals(name: str, told: Mapping[str, Any]) -> Numbers:
    found = _amounts(f"{name} unattributed", told["unattributed"])
    for scope, part in told["scopes"].items():
        found |= _amounts(f"{name} scope {scope}", part)
    return found


def _amounts(name: str, told: Mapping[str, Any]) -> Numbers:
    return named(name, [told["bytes_received"], told["bytes_sent"], told["total_bytes"]])


def _subject(name: str, one: str) -> str:
    return f"{name} unattributed" if one == UNATTRIBUTED else f"{name} application {one}"
