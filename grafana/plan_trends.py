"""Plans over time: use, forecast, cost, thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.colours import BAD, CAP, SOON, USED, painted, words
from grafana.money import signed
from grafana.panels import Frame, states, trend
from grafana.plan_panels import EACH, NO_CAP, NO_PRICE
from grafana.queries import PLAN, of, over_time
from grafana.shapes import option

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.statetimeline import Panel as States
    from grafana_foundation_sdk.builders.timeseries import Panel as Trend

DASHES = {"fill": "dash", "dash": [6, 6]}
NO_FILL = option("custom.fillOpacity", 0)


def used(frame: Frame) -> Trend:
    """Bytes of the cycle, and its cap."""
    targets = (
        over_time(of("netledger_plan_used_bytes", PLAN), f"{EACH}: used"),
        over_time(of("netledger_plan_cap_bytes", PLAN), f"{EACH}: cap", "B"),
    )
    return trend(frame, "decbytes", *targets).min(0).override_by_regexp("/ cap$/", [painted(CAP), NO_FILL])


def forecast(frame: Frame) -> Trend:
    """The expected end of the cycle between its low and its high one, and the cap."""
    low, middle, high = (of(f"netledger_plan_forecast{end}_bytes", PLAN) for end in ("_low", "", "_high"))
    targets = (
        over_time(low, f"{EACH}: at least"),
        over_time(middle, f"{EACH}: expected", "B"),
        over_time(high, f"{EACH}: at most", "C"),
        over_time(of("netledger_plan_cap_bytes", PLAN), f"{EACH}: cap", "D"),
    )
    return (
        trend(frame, "decbytes", *targets)
        .fill_opacity(0)
        .override_by_regexp("/ (at least|at most)$/", [painted("light-blue"), option("custom.lineStyle", DASHES)])
        .override_by_regexp("/ expected$/", [painted(USED), option("custom.lineWidth", 2)])
        .override_by_regexp("/ cap$/", [painted(CAP)])
    )


def cost(frame: Frame) -> Trend:
    """Money of the cycle."""
    so_far = over_time(of("netledger_plan_cost", PLAN), f"{EACH}: so far, {{{{currency}}}}")
    expected = over_time(of("netledger_plan_forecast_cost", PLAN), f"{EACH}: expected, {{{{currency}}}}", "B")
    panel = signed(trend(frame, "locale", so_far, expected).min(0).no_value(NO_PRICE))
    return panel.override_by_regexp("/: so far, /", [painted(USED)]).override_by_regexp(
        "/: expected, /", [painted(SOON), NO_FILL]
    )


def thresholds(frame: Frame) -> States:
    """Which shares of the cap were reached."""
    # Prometheus tells series in the order of their labels' texts: "080" comes before "100".
    share = of("netledger_plan_threshold_reached", PLAN)
    padded = f'label_replace({share}, "plan_share", "0$1", "threshold_percent", "(..)")'
    reached = over_time(padded, f"{EACH}: {{{{threshold_percent}}}} %")
    return states(frame, reached).no_value(NO_CAP).mappings([words({"0": ("below", "green"), "1": ("reached", BAD)})])
