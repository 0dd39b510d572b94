"""The section `interfaces` of the settings."""

from __future__ import annotations

from typing import Annotated

from exporter.settings import list_rules as lists
from exporter.settings import rules
from exporter.settings.schema import Section


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
