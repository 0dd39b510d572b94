"""Plans over time: use, forecast, cost, thresholds.

Of one plan, colours say what a line means, and its cap is drawn; of several they name the plan, and one line is drawn
of each, as a share of its cap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.colours import BAD, CAP, SOON, USED, painted, words
from grafana.kit.money import signed
from grafana.kit.panels import Frame, states, trend
from grafana.kit.plan_queries import line, nearest_over_time, of_one, of_several
from grafana.kit.queries import over_time
from grafana.kit.shapes import option
from grafana.panels.plans import EACH, NO_CAP, NO_FORECAST, NO_PRICE

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.statetimeline import Panel as States
    from grafana_foundation_sdk.builders.timeseries import Panel as Trend

DASHES = {"fill": "dash", "dash": [6, 6]}
NO_FILL = option("custom.fillOpacity", 0)
OF_THE_CAP = [option("unit", "percentunit"), option("custom.fillOpacity", 0)]
"""Plans of all sizes fit below each other only as shares of their caps."""
MOST_PLANS, MOST_STATES = 10, 4
"""Plans whose lines have a colour of their own; plans whose thresholds have a row each."""


def used(frame: Frame) -> Trend:
    """Bytes of the cycle, and its cap."""
    targets = (
        over_time(of_one("used_bytes"), f"used: {EACH}"),
        over_time(of_one("cap_bytes"), f"cap: {EACH}", "B"),
        over_time(of_several(line("used_ratio"), MOST_PLANS), EACH, "C"),
    )
    panel = trend(frame, "decbytes", *targets).min(0).override_by_regexp("/^used: /", [painted(USED)])
    return panel.override_by_regexp("/^cap: /", [painted(CAP), NO_FILL]).override_by_query("C", OF_THE_CAP)


def forecast(frame: Frame) -> Trend:
    """The expected end of the cycle between its low and its high one, and the cap."""
    targets = (
        over_time(of_one("forecast_low_bytes"), f"at least: {EACH}"),
        over_time(of_one("forecast_bytes"), f"expected: {EACH}", "B"),
        over_time(of_one("forecast_high_bytes"), f"at most: {EACH}", "C"),
        over_time(of_one("cap_bytes"), f"cap: {EACH}", "D"),
        over_time(of_several(f"{line('forecast_bytes')} / {line('cap_bytes')}", MOST_PLANS), EACH, "E"),
    )
    return (
        trend(frame, "decbytes", *targets)
        .fill_opacity(0)
        .no_value(NO_FORECAST)
        .override_by_regexp("/^at (least|most): /", [painted("light-blue"), option("custom.lineStyle", DASHES)])
        .override_by_regexp("/^expected: /", [painted(USED), option("custom.lineWidth", 2)])
        .override_by_regexp("/^cap: /", [painted(CAP)])
        .override_by_query("E", OF_THE_CAP)
    )


def cost(frame: Frame) -> Trend:
    """Money of the cycle."""
    name = f"{EACH}, {{{{currency}}}}"
    targets = (
        over_time(of_one("cost"), f"so far: {name}"),
        over_time(of_one("forecast_cost"), f"expected: {name}", "B"),
        over_time(of_several(line("forecast_cost"), MOST_PLANS), name, "C"),
    )
    panel = signed(trend(frame, "locale", *targets).min(0).fill_opacity(5).no_value(NO_PRICE))
    return panel.override_by_regexp("/^so far: /", [painted(USED)]).override_by_regexp(
        "/^expected: /", [painted(SOON), NO_FILL]
    )


def thresholds(frame: Frame) -> States:
    """Which shares of the cap were reached."""
    # Prometheus returns series in the order of their labels' texts: "080" comes before "100".
    share = nearest_over_time(line("threshold_reached"), MOST_STATES)
    padded = f'label_replace({share}, "plan_share", "0$1", "threshold_percent", "^(..)$")'
    reached = over_time(padded, f"{{{{threshold_percent}}}} % {EACH}")
    return states(frame, reached).no_value(NO_CAP).mappings([words({"0": ("below", "green"), "1": ("reached", BAD)})])
