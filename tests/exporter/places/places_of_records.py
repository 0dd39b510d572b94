"""One way of reading a place that tells of records, hours or percentiles: numbers by name, as they are told."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

from tests.exporter.places.places_of_plans import one_line
from tests.reports.wrapup.read_page import Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.worlds.told_world import ToldWorld

Numbers = dict[str, Any]

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


async def rest_records(world: ToldWorld) -> Numbers:
    return _records(await world.get("/api/records"))


async def command_records_json(world: ToldWorld) -> Numbers:
    return _records(await world.json("records"))


async def command_records(world: ToldWorld) -> Numbers:
    found: Numbers = {}
    for line in (await world.printed("records")).splitlines():
        cells = [cell.strip() for cell in line.split("  ") if cell.strip()]
        if cells[0] in {"Day", "Week", "Month"}:
            found[f"busiest {cells[0].lower()}"] = cells[-1]
        if cells[0] == "Day":
            found["busiest day date"] = cells[1]
        if cells[0] == "Hour of day":
            found |= {"busiest hour": cells[-1], "busiest hour of day": cells[1].split("-")[0]}
        if line.startswith("fastest"):
            name, text = line.split(": ")
            found[name.removesuffix(" both ways")] = text.split(" on ")[0]
    return found


async def page_of_records(world: ToldWorld) -> Numbers:
    told = Page(await world.text("/"))
    found: Numbers = {}
    names = {"Busiest day": "busiest day", "Busiest week": "busiest week", "Busiest month": "busiest month"}
    names |= {"Fastest receive": "fastest received", "Fastest transmit": "fastest sent"}
    last = dict.fromkeys(("dt", "strong", "bdi"), "")
    for one in told.elements:
        last[one.name] = one_line(one.text)
        if one.name == "dd" and last["dt"] in names:
            found[names[last["dt"]]] = last["strong"]
        if one.name == "dd" and last["dt"] == "Busiest hour":
            found |= {"busiest hour of day": last["strong"], "busiest hour": _amount(last["bdi"])}
    return found


async def records_of_exports(world: ToldWorld) -> Numbers:
    """The busiest day and the highest speed, as exports of everything tell them."""
    told = json.loads(await world.text("/api/export?range=all"))["summary"]
    sections = tomllib.loads(await world.text("/api/export/llm"))["records"]
    facts = (await world.text("/api/export?format=markdown")).splitlines()
    day, amount = next(line for line in facts if line.startswith("- Busiest day")).split(": ")[1].split(", ")
    html = Page(await world.text("/api/export?format=html&range=all")).text
    same: list[Numbers] = [
        {"busiest day": told["peak_day"]["bytes"], "busiest day date": told["peak_day"]["date"]},
        {"busiest day": sections["peak_day_bytes"], "busiest day date": sections["peak_day_date"]},
        {"busiest day": told["peak_day"]["human"]},
        {"busiest day": amount, "busiest day date": day},
        {"busiest day": _amount(html.split("Busiest day")[1])},
        {"fastest": told["peak_speed"]["bytes_per_second"]},
        {"fastest": sections["peak_speed_bps"]},
        {"fastest": _amount(html.split("Top speed")[1])},
    ]
    return {f"{name}|{number}": value for number, one in enumerate(same) for name, value in one.items()}


async def rest_hours(world: ToldWorld) -> Numbers:
    return _hours(await world.get("/api/hours"))


async def command_hours_json(world: ToldWorld) -> Numbers:
    return _hours(await world.json("hours", "--map"))


async def command_hours(world: ToldWorld) -> Numbers:
    found: Numbers = {}
    for line in (await world.printed("hours", "--map")).splitlines()[1:]:
        hour, *cells = [cell.strip() for cell in line.split("  ") if cell.strip()]
        for weekday, amount in enumerate(cells[:-1]):
            found[f"hour {weekday} {int(hour[:2])}"] = amount
    return found


async def wrap_up_of_hours(world: ToldWorld) -> Numbers:
    """The heat map's tips."""
    told = Page(await world.text("/api/export?format=html&range=all"))
    found: Numbers = {}
    for tip in told.all("title"):
        words = one_line(tip.text)
        if words[:3] in WEEKDAYS and words[6:9] == ":00":
            found[f"hour {WEEKDAYS.index(words[:3])} {int(words[4:6])}"] = words.split(", ")[1]
    return found


async def rest_percentiles(world: ToldWorld) -> Numbers:
    found: Numbers = {}
    for percent in (100, 97.5):
        told = (await world.get(f"/api/percentile?p={percent}"))["quarter_hours"]
        found["intervals"] = told["coverage"]["intervals"]
        for name, key in (("received", "bytes_received"), ("sent", "bytes_sent"), ("total", "total_bytes")):
            found[f"percentile {percent} {name}"] = told[f"{key}_per_second"]
    return found


def _records(told: Mapping[str, Any]) -> Numbers:
    hour, peaks = told["busiest_hour"], told["peak_speeds"]
    return {
        "busiest day": told["busiest_days"][0]["total_bytes"],
        "busiest day|again": told["busiest_day"]["total_bytes"],
        "busiest day date": told["busiest_days"][0]["date"],
        "busiest week": told["busiest_week"]["total_bytes"],
        "busiest month": told["busiest_month"]["total_bytes"],
        "busiest hour": hour["total_bytes"],
        "busiest hour of day": hour["hour"],
        "fastest": peaks["total"]["bytes_per_second"],
        "fastest received": peaks["received"]["bytes_per_second"],
        "fastest sent": peaks["sent"]["bytes_per_second"],
    }


def _hours(told: Mapping[str, Any]) -> Numbers:
    return {
        f"hour {weekday} {hour['hour']}": hour["total_bytes"]
        for weekday, row in enumerate(told["weekdays"])
        for hour in row["hours"]
    }


def _amount(words: str) -> str:
    """The two words that a text begins with."""
    return " ".join(words.split()[:2])
