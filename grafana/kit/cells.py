"""Cells of tables that are more than a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.colours import BAD, GOOD, SOON, USED, silence, steps, words
from grafana.kit.shapes import option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grafana_foundation_sdk.models.dashboard import DynamicConfigValue


def word(meanings: Mapping[str, tuple[str, str]]) -> list[DynamicConfigValue]:
    """A value as a coloured word: {"1": ("up", GOOD)}; without a value "no answer"."""
    return [
        option("unit", "none"),
        option("decimals", 0),
        option("custom.align", "left"),
        option("mappings", [words(meanings), silence()]),
        option("custom.cellOptions", {"type": "color-text"}),
    ]


def share() -> list[DynamicConfigValue]:
    """A share of a cap as a bar."""
    return [
        option("unit", "percentunit"),
        option("decimals", 0),
        option("min", 0),
        option("max", 1),
        option("color", {"mode": "thresholds"}),
        option("thresholds", steps(GOOD, (0.8, SOON), (1, BAD)).build()),
        option("custom.cellOptions", {"type": "gauge", "mode": "basic"}),
    ]


def portion() -> list[DynamicConfigValue]:
    """A share of a whole as a bar: none is too much."""
    return [
        option("unit", "percentunit"),
        option("decimals", 1),
        option("min", 0),
        option("max", 1),
        option("color", {"mode": "fixed", "fixedColor": USED}),
        option("custom.cellOptions", {"type": "gauge", "mode": "basic"}),
    ]
