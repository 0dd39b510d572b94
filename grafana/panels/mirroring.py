"""What a machine sends to its mirror, as the machine sees it; of many machines, the highest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.colours import BAD, GOOD, words
from grafana.kit.panels import Frame, ranking, states, trend
from grafana.kit.queries import highest, of, over_time, rate

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.statetimeline import Panel as States
    from grafana_foundation_sdk.builders.timeseries import Panel

MACHINE = "{{instance}}"
NO_MIRROR = "no mirror"
MOST_STATES = 8
"""Machines with a row of their own: those whose mirror failed for the longest part of the range."""


def taken(frame: Frame) -> States:
    """Whether the mirror took the last round."""
    state = of("netledger_mirror_up")
    failing = f"1 - avg_over_time({state}[$__range] @ end())"
    panel = states(frame, over_time(highest(state, failing, most=MOST_STATES), MACHINE))
    return panel.mappings([words({"1": ("takes", GOOD), "0": ("fails", BAD)})]).no_value(NO_MIRROR)


def lag(frame: Frame) -> Panel:
    """How much older the mirror is than the ledger."""
    return _each(frame, "s", of("netledger_mirror_lag_seconds"))


def rows_behind(frame: Frame) -> Panel:
    """Rows that wait."""
    return _each(frame, "locale", of("netledger_mirror_rows_behind"))


def rows_sent(frame: Frame) -> Panel:
    """Rows that the mirror takes."""
    return _each(frame, "rowsps", rate("netledger_mirror_rows_sent_total"))


def _each(frame: Frame, unit: str, expression: str) -> Panel:
    panel = trend(frame, unit, over_time(highest(f"({expression})"), MACHINE))
    return panel.min(0).fill_opacity(0).legend(ranking()).no_value(NO_MIRROR)
