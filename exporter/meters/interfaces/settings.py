"""The section `interfaces` of the settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from exporter.settings import list_rules as lists
from exporter.settings import rules
from exporter.settings.schema import Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ALIAS = re.compile(r"[^\s,;|/*?\[\]()<>\"]([^,;|/*?\[\]()<>\"]{0,30}[^\s,;|/*?\[\]()<>\"])?")


def _alias_faults(names: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names of two interfaces, and those that another one has of its own."""
    owners: dict[str, str] = {}
    for device, alias in names.items():
        if alias in owners:
            yield device, f"{alias} is the name of {owners[alias]} already"
        if alias in names and alias != device:
            yield device, f"{alias} is another interface"
        if alias is not None:
            owners.setdefault(alias, device)


ALIASES = rules.mapping_of(
    "interfaces with their names such as {eth0: fibre, wwan0: mobile}",
    rules.Rule("names of interfaces", lists.read_glob),
    rules.Rule(
        'names of 1 to 32 characters without , ; | / * ? [ ] ( ) < > "', rules.matching(ALIAS, "is no such name")
    ),
    _alias_faults,
)


class Interfaces(Section, frozen=True):
    """Which interfaces are metered, how often, and which count for the machine's total."""

    sample_interval: Annotated[float, rules.seconds("100ms", "60s"), "Time between two samples."] = 1.0
    include: Annotated[tuple[str, ...], lists.SOME_GLOBS, "Interfaces that are metered."] = ("*",)
    exclude: Annotated[tuple[str, ...], lists.GLOBS, "Interfaces that are not, though included."] = ()
    counted: Annotated[
        tuple[str, ...],
        lists.globs_or("auto", "[eth0, wl*]"),
        "Interfaces whose bytes are the machine's total; auto finds the uplinks.",
    ] = ("auto",)
    names: Annotated[
        dict[str, str], ALIASES, "Names for people: shown beside the interface's own, and taken in its place."
    ] = msgspec.field(default_factory=dict)
