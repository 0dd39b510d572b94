"""Which fields a panel has once its queries are answered and transformed: what overrides and columns may name."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.grafana.dashboard_files import Panel

TIME = re.compile(r"Time( \d+)?")
FIELD_IN_A_LINK = re.compile(r"__data\.fields(?:\.(\w+)|\[\W*([^\]\"\\]+)\W*\])")
UNDERSTOOD = ("joinByField", "sortBy", "organize")


class Frame(NamedTuple):
    """One query's answer: names of its fields."""

    fields: frozenset[str]


def frame(letter: str, labels: Iterable[Mapping[str, str]], *, is_only_one: bool) -> Frame:
    """A table's frame: the labels of its series, and the value under the name that Grafana gives it."""
    names = {name for each in labels for name in each}
    return Frame(frozenset({*names, "Time", "Value" if is_only_one else f"Value #{letter}"}))


def missing_columns(panel: Panel, frames: list[Frame]) -> Iterator[str]:
    """What the transformations, overrides and the x axis of a panel of tables name, and is not there."""
    there = set[str]().union(*(each.fields for each in frames))
    for step in panel.raw.get("transformations", []):
        if step["id"] not in UNDERSTOOD:
            return
        yield from (f"{step['id']} names {name}, which is no field" for name in _named(step, frames, there) - there)
        if step["id"] == "organize":
            there = _organized(there, step["options"])
    x_field = panel.raw.get("options", {}).get("xField")
    if x_field and x_field not in there:
        yield f"its x axis is {x_field}, which is no field of {', '.join(sorted(there))}"
    yield from missing_names(panel, there)
    yield from missing_in_links(panel, there)


def missing_in_links(panel: Panel, there: Iterable[str]) -> Iterator[str]:
    """Fields that a link of the panel takes from the row it stands in."""
    for plain, quoted in FIELD_IN_A_LINK.findall(json.dumps([panel.defaults, panel.overrides])):
        if (plain or quoted) not in there:
            yield f"a link takes the field {plain or quoted}, which is none"


def missing_names(panel: Panel, names: Iterable[str]) -> Iterator[str]:
    """Overrides that no field of these names has."""
    there = set(names)
    for override in panel.overrides:
        matcher = override["matcher"]
        wanted = matcher.get("options")
        if matcher["id"] == "byName" and wanted not in there:
            yield f"an override is for {wanted}, which is no field of {', '.join(sorted(there))}"
        if _is_for_a_currency(override):
            continue
        if matcher["id"] == "byRegexp" and not any(re.search(wanted.strip("/"), name) for name in there):
            yield f"an override is for {wanted}, which fits no field of {', '.join(sorted(there))}"


def _is_for_a_currency(override: Mapping[str, Any]) -> bool:
    """Whether it only says how one currency is written: there is one for each, and a machine has one or two."""
    properties = [(each["id"], str(each.get("value"))) for each in override["properties"]]
    return len(properties) == 1 and properties[0][0] == "unit" and properties[0][1].startswith("currency")


def _named(step: Mapping[str, Any], frames: list[Frame], there: set[str]) -> set[str]:
    options = step["options"]
    match step["id"]:
        case "joinByField":
            field = options["byField"]
            return set() if all(field in each.fields for each in frames) else {f"{field} of every query"}
        case "sortBy":
            return {each["field"] for each in options["sort"]}
        case _:
            kinds = ("excludeByName", "indexByName", "renameByName")
            names = {name for kind in kinds for name in options.get(kind, {})}
            return {name for name in names if not (TIME.fullmatch(name) and "Time" in there)}


def _organized(there: set[str], options: Mapping[str, Any]) -> set[str]:
    excluded = {name for name, is_out in options.get("excludeByName", {}).items() if is_out}
    renamed = options.get("renameByName", {})
    return {renamed.get(name) or name for name in there - excluded}
