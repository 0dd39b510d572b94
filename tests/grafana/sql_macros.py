"""What Grafana makes of SQL before PostgreSQL sees it: first its variables, then the macros of the data source.

By https://grafana.com/docs/grafana/latest/datasources/postgres/query-editor/#macros, and for formats of variables
https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/#advanced-variable-format-options.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.grafana.time_ranges import Range

VARIABLE = re.compile(r"\$\{(?P<braced>\w+)(?::(?P<format>\w+))?\}|\$(?P<plain>\w+)(?!\w*\()")
MACRO = re.compile(r"\$(__\w+)\(([^)]*)\)")
INTERVAL = re.compile(r"'?(\d+)([smhdw])'?")
SECONDS_OF = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}

KNOWN = {
    **dict.fromkeys(("__interval", "__interval_ms"), False),
    **dict.fromkeys(("__time", "__timeEpoch", "__timeFilter", "__timeFrom", "__timeTo"), True),
    **dict.fromkeys(("__timeGroup", "__timeGroupAlias", "__unixEpochGroup", "__unixEpochGroupAlias"), True),
    **dict.fromkeys(("__unixEpochFilter", "__unixEpochFrom", "__unixEpochTo"), True),
}
"""Macros, and whether brackets follow; those of nanoseconds are not needed here."""


class UnknownMacroError(ValueError):
    """Grafana refuses the query: a macro that it does not know, or one with wrong arguments."""


class Choice(NamedTuple):
    """What is chosen for a variable; `raw` is a custom All, which Grafana puts in as it is, whatever the format."""

    values: Sequence[str] = ()
    raw: str = ""
    is_multi: bool = False


def expanded(sql: str, choices: Mapping[str, Choice], shown: Range) -> str:
    """The SQL that reaches the server. Raises UnknownMacroError."""
    built_in = {name: Choice(raw=value) for name, value in shown.variables.items()}

    def value(match: re.Match[str]) -> str:
        choice = {**built_in, **choices}.get(match["braced"] or match["plain"])
        return match[0] if choice is None else _formatted(choice, match["format"] or "")

    return MACRO.sub(lambda match: _macro(match[1], match[2], shown), VARIABLE.sub(value, sql))


def filling(sql: str) -> bool:
    """True if Grafana fills the gaps of these time series: a group has a third argument."""
    return bool(re.search(r"Group(?:Alias)?\([^,)]*,[^,)]*,[^)]*\)", sql))


def _formatted(choice: Choice, form: str) -> str:
    if choice.raw:
        return choice.raw
    quoted = ["'" + each.replace("'", "''") + "'" for each in choice.values]
    if form == "sqlstring" or (not form and choice.is_multi):
        return ",".join(quoted)
    if form in ("", "raw", "csv"):
        return ",".join(each if form else each.replace("'", "''") for each in choice.values)
    raise UnknownMacroError(f"a format that is not expected here: {form}")


def _macro(name: str, text: str, shown: Range) -> str:
    arguments = [argument.strip() for argument in text.split(",")]
    start, end = int(shown.start), int(shown.end)
    plain = {
        "__unixEpochFrom": str(start),
        "__unixEpochTo": str(end),
        "__timeFrom": _moment(start),
        "__timeTo": _moment(end),
        "__time": f'{arguments[0]} AS "time"',
        "__timeEpoch": f'extract(epoch from {arguments[0]}) as "time"',
        "__timeFilter": f"{arguments[0]} BETWEEN {_moment(start)} AND {_moment(end)}",
        "__unixEpochFilter": f"{arguments[0]} >= {start} AND {arguments[0]} <= {end}",
    }
    if name in plain:
        return plain[name]
    groups = {"__timeGroup": "extract(epoch from {})", "__unixEpochGroup": "({})"}
    group = groups.get(name.removesuffix("Alias"))
    if group is None or len(arguments) not in (2, 3):
        raise UnknownMacroError(f"${name}({text})")
    match = INTERVAL.fullmatch(arguments[1])
    if match is None:
        raise UnknownMacroError(f"an interval that is none: {arguments[1]}")
    seconds = int(match[1]) * SECONDS_OF[match[2]]
    alias = ' AS "time"' if name.endswith("Alias") else ""
    return f"floor({group.format(arguments[0])}/{seconds})*{seconds}{alias}"


def _moment(seconds: int) -> str:
    return f"'{datetime.fromtimestamp(seconds, UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}'"
