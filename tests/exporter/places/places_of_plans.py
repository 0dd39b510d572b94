"""One way of reading a place that tells of plans: numbers by name, as they are told."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from prometheus_client.parser import text_string_to_metric_families

from exporter.terminal.amounts import UNKNOWN
from tests.reports.wrapup.read_page import Page
from tests.worlds.one_history import PLANS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.worlds.told_world import ToldWorld

Numbers = dict[str, Any]

METRICS = {
    "used_bytes": "used",
    "cap_bytes": "cap",
    "left_bytes": "left",
    "used_ratio": "share",
    "allowed_per_day_bytes": "allowed",
    "forecast_bytes": "expected",
    "forecast_low_bytes": "low",
    "forecast_high_bytes": "high",
    "last_cycle_used_bytes": "last",
    "last_cycle_used_by_now_bytes": "by now",
    "cost": "cost",
    "forecast_cost": "expected cost",
    "forecast_cost_low": "low cost",
    "forecast_cost_high": "high cost",
    "cycle_start_timestamp_seconds": "start",
    "cycle_end_timestamp_seconds": "end",
}
LINES = {
    "Used": "used",
    "Used so far": "used",
    "Cap": "cap",
    "Left": "left",
    "Share": "share",
    "Allowed per day": "allowed",
    "Days left": "days left",
    "Expected": "expected",
    "Cost so far": "cost",
    "Expected cost": "expected cost",
    "Last cycle by now": "by now",
    "Last cycle": "last",
}
"""What the commands' tables call it."""


async def rest_plans(world: ToldWorld) -> Numbers:
    return _plans(await world.get("/api/plans"))


async def rest_plans_by_name(world: ToldWorld) -> Numbers:
    found: Numbers = {}
    for number, plan in enumerate(PLANS):
        (told,) = (await world.get(f"/api/plans?plan={quote(str(plan['name']))}"))["plans"]
        found |= _plan(number, told)
    return found


async def rest_forecast(world: ToldWorld) -> Numbers:
    found: Numbers = {}
    for number, plan in enumerate(PLANS):
        found |= _forecast(number, await world.get(f"/api/forecast?plan={quote(str(plan['name']))}"))
    return found


async def command_plan_json(world: ToldWorld) -> Numbers:
    return _plans(await world.json("plan"))


async def command_forecast_json(world: ToldWorld) -> Numbers:
    found: Numbers = {}
    for number, plan in enumerate(PLANS):
        found |= _forecast(number, await world.json("forecast", str(plan["name"])))
    return found


async def command_plan(world: ToldWorld) -> Numbers:
    """The tables, one beneath the other."""
    found: Numbers = {}
    number = -1
    for line in (await world.printed("plan")).splitlines():
        name, _, text = (part.strip() for part in line.partition("  "))
        if name == "Plan":
            number += 1
        if name in LINES and text != UNKNOWN:
            found[f"plan {number} {LINES[name]}"] = text.partition(" (")[0]
        if name == "Cap" and "carried over" in text:
            found |= _carried(number, _between(text, "(", ")"))
        if name == "Free":
            found[f"plan {number} free"] = text
        if name == "Forecast":
            expected, _, ends = text.rstrip(")").partition(" (")
            found |= _ends(number, ends, "") | {f"plan {number} expected": expected}
    return found


async def command_forecast(world: ToldWorld) -> Numbers:
    found: Numbers = {}
    for number, plan in enumerate(PLANS):
        for line in (await world.printed("forecast", str(plan["name"]))).splitlines():
            name, _, text = (part.strip() for part in line.partition("  "))
            if name in LINES:
                found[f"plan {number} {LINES[name]}"] = text
            if name.startswith("Range"):
                found |= _ends(number, text, " cost" if name.endswith("cost") else "")
    return found


async def metrics(world: ToldWorld) -> Numbers:
    """/metrics, whose plans are asked for once a minute and have what was moved since added."""
    found: Numbers = {}
    numbers = {plan["name"]: number for number, plan in enumerate(PLANS)}
    for family in text_string_to_metric_families(await world.text("/metrics")):
        for sample in family.samples:
            name = METRICS.get(sample.name.removeprefix("netledger_plan_"))
            if name and sample.name.startswith("netledger_plan_"):
                found[f"plan {numbers[sample.labels['plan']]} {name}"] = sample.value
    return found


async def page(world: ToldWorld) -> Numbers:
    """The live page's cards."""
    told = Page(await world.text("/"))
    cards = [
        one for one in told.elements if one.attributes.get("id") == "cycle" or one.attributes.get("class") == "plan"
    ]
    found: Numbers = {}
    for card in cards:
        name = card.attributes.get("aria-label", "Plan home").removeprefix("Plan ")
        found |= _card([plan["name"] for plan in PLANS].index(name), one_line(card.text))
    return found


def _carried(number: int, text: str) -> Numbers:
    """Of "1.00 TB + 981.00 GB carried over"."""
    own, carried = text.removesuffix(" carried over").split(" + ")
    return {f"plan {number} own cap": own, f"plan {number} carried": carried}


def _card(number: int, text: str) -> Numbers:
    used, cap = _between(text, "Plans", "Forecast").split(" of ")
    found = {"used": " ".join(used.split()[-2:]), "cap": " ".join(cap.split()[:2])}
    sides = cap.split()[2:]
    over = sides[2] == "over"
    found["left"] = ("-" if over else "") + " ".join(sides[:2])
    found["days left"] = sides[sides.index("days") - 1]
    if "a day" in text:
        found["allowed"] = " ".join(" ".join(sides).split("days left")[1].split()[:2])
    more: Numbers = {}
    if "carried over" in text:
        more = _carried(number, _between(text, "Cap: ", " carried over"))
    if "were free" in text:
        more[f"plan {number} free"] = " ".join(text.partition(" were free")[0].split()[-2:])
    found["expected"] = _between(text, "Forecast ", " (")
    found["cost"] = _between(text, "Cost ", " so far")
    found["expected cost"] = _between(text, "so far, ", " expected")
    if "had used" in text:
        found["by now"] = _between(text, "had used ", " by this time")
    return (
        {f"plan {number} {name}": value for name, value in found.items()}
        | _ends(number, _between(text.rsplit("Forecast", maxsplit=1)[-1], "(", ")"), "")
        | more
    )


async def wrap_up_of_cycles(world: ToldWorld) -> Numbers:
    """The chapter of a plan in a wrap-up of its cycle: what it used, of which cap, and what that cost."""
    found: Numbers = {}
    for number, plan in enumerate(PLANS):
        told = Page(await world.text(f"/api/export/wrapup?cycle=current&plan={quote(str(plan['name']))}"))
        heading = next(one for one in told.all("h2") if one.text == f"Plan {plan['name']}")
        section = heading.attributes["id"].removesuffix("-title")
        bars = one_line(next(one for one in told.all("section") if one.attributes.get("id") == section).text)
        used, _, price = bars.split(", so far")[1].split(" · ")
        cost = price.split()[0]
        found |= {f"plan {number} used": used.split(" of ")[0].strip(), f"plan {number} cost": cost}
        if "carried over" in used:
            found |= _carried(number, used.split(" of ")[1].strip())
    return found


async def prices(world: ToldWorld) -> Numbers:
    """What each plan bills of every stretch: in the API, and by commands as JSON and as tables."""
    found: Numbers = {}
    for period, path in {"today": "/api/today", "ever": "/api/summary"}.items():
        for device in (None, "eth0"):
            query = f"?interface={device}" if device else ""
            command = ("today" if period == "today" else "summary", *(("--interface", device) if device else ()))
            found |= _block(f"price 0 {period} {device}", (await world.get(path + query))["cost"], "API")
            found |= _block(f"price 0 {period} {device}", (await world.json(*command))["cost"], "JSON")
            lines = [line.split() for line in (await world.printed(*command)).splitlines()]
            found[f"price 0 {period} {device} total|table"] = next(line[1] for line in lines if line[0] == "Cost")
    for number, plan in enumerate(PLANS):
        name = str(plan["name"])
        told = await world.get(f"/api/cost?plan={quote(name)}")
        found |= _block(f"price {number} today None", told["cost"], "of itself")
        for period in ("today", "week", "month", "year", "cycle"):
            for device in (None, "eth0"):
                more = ("--plan", name, "--period", period, *(("--interface", device) if device else ()))
                found |= _block(
                    f"price {number} {period} {device}", (await world.json("cost", *more))["cost"], "command"
                )
                found |= _cost_table(f"price {number} {period} {device}", await world.printed("cost", *more))
                if (period, device) == ("cycle", None):
                    found[f"plan {number} cost|of its cycle"] = found[f"price {number} cycle None total|command"]
    return found


def _block(name: str, block: Mapping[str, Any], where: str) -> Numbers:
    parts = {part: block[part] for part in ("upload", "download", "total")}
    if "base_price" in block:
        parts["base"] = block["base_price"]
    found: Numbers = {f"{name} {part}|{where}": value["cost"] for part, value in parts.items()}
    return found | {f"{name} {part}|{where} in words": value["cost_formatted"] for part, value in parts.items()}


def _cost_table(name: str, text: str) -> Numbers:
    parts = {"Received": "download", "Sent": "upload", "Base": "base", "Total": "total"}
    lines = [line.split() for line in text.splitlines()]
    return {f"{name} {parts[line[0]]}|table": line[-1] for line in lines if line and line[0] in parts}


async def page_of_money(world: ToldWorld) -> Numbers:
    """Today's card and that of everything: bytes, and what the first plan bills of them."""
    told = Page(await world.text("/"))
    cards = {one.attributes["id"]: one_line(one.text) for one in told.elements if one.attributes.get("id")}
    ever = cards["lifetime"]
    return {
        "price 0 today None total|page": _between(cards["today"], "Cost ", " "),
        "price 0 ever None total|page": _between(ever, "Cost ", ", home"),
        "ever machine received|page": _between(ever, "Received ", " ("),
        "ever machine sent|page": _between(ever, "Sent ", " ("),
        "average a day|page": ever.split("%)")[-1].partition(" a day")[0].strip(),
        "ever machine total|page": " ".join(_between(ever, "2025 ", " Received").split()[:2]),
    }


def _plans(told: Mapping[str, Any]) -> Numbers:
    found: Numbers = {}
    for number, plan in enumerate(told["plans"]):
        found |= _plan(number, plan)
    return found


def _plan(number: int, told: Mapping[str, Any]) -> Numbers:
    words = told["human_readable"]
    values = {
        "name": told["name"],
        "used": told["used_bytes"],
        "cap": told["cap_bytes"],
        "left": told["left_bytes"],
        "share": told["used_ratio"],
        "days left": told["days_left"],
        "allowed": told["allowed_per_day_bytes"],
        "free": told["free_bytes"],
        "cost": told["cost"]["amount"],
        "last": told["last_cycle"]["used_bytes"],
        "by now": told["last_cycle"]["used_bytes_by_this_day"],
        "start": datetime.fromisoformat(told["cycle"]["start"]).timestamp(),
        "end": datetime.fromisoformat(told["cycle"]["end"]).timestamp(),
    }
    if values["by now"] is None:
        del values["by now"]
    texts = {"used": words["used"], "cap": words["cap"], "left": words["left"], "allowed": words["allowed_per_day"]}
    found = {f"plan {number} {name}": value for name, value in values.items()} | _forecast(number, told["forecast"])
    found[f"plan {number} carried"] = told["carried_bytes"]
    return found | {f"plan {number} {name}|words": value for name, value in texts.items()}


def _forecast(number: int, told: Mapping[str, Any]) -> Numbers:
    values = {
        "expected": told["expected_bytes"],
        "expected|words": told["human_readable"],
        "low": told["low_bytes"],
        "high": told["high_bytes"],
        "expected cost": told["cost"]["amount"],
        "low cost": told["cost_low"]["amount"],
        "high cost": told["cost_high"]["formatted"],
    }
    return {f"plan {number} {name}": value for name, value in values.items()}


def _ends(number: int, text: str, of: str) -> Numbers:
    low, high = text.split(" to ")
    return {f"plan {number} low{of}": low, f"plan {number} high{of}": high}


def _between(text: str, begin: str, end: str) -> str:
    return text.split(begin, 1)[-1].split(end, 1)[0]


def one_line(text: str) -> str:
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())
