"""Colours and their meaning, the same on every dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    DynamicConfigValue,
    FieldColorModeId,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

RECEIVE, TRANSMIT = "blue", "purple"
USED, BEFORE, CAP = "blue", "#8e8e8e", "red"
GOOD, SOON, BAD = "green", "orange", "red"


def steps(first: str, *later: tuple[float, str]) -> ThresholdsConfig:
    """A colour from below, and others from these values on."""
    colours = [Threshold(value=None, color=first), *(Threshold(value=value, color=colour) for value, colour in later)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(colours)


def always(colour: str) -> FieldColor:
    """One colour, whatever the value."""
    return FieldColor().mode(FieldColorModeId.FIXED).fixed_color(colour)


def painted(colour: str) -> DynamicConfigValue:
    """The override that gives a field one colour."""
    return DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": colour})


def words(meanings: Mapping[str, tuple[str, str]]) -> ValueMap:
    """Values as words: {"1": ("up", GOOD)}."""
    return ValueMap(
        options={
            value: ValueMappingResult(text=text, color=colour, index=index)
            for index, (value, (text, colour)) in enumerate(meanings.items())
        }
    )


def silence() -> SpecialValueMap:
    """No value as "no answer": without it, nothing would be as green as zero."""
    result = ValueMappingResult(text="no answer", color=BAD, index=9)
    return SpecialValueMap(options=DashboardSpecialValueMapOptions(match=SpecialValueMatch.NULL, result=result))
