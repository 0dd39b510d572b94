"""Applications over time and in the range: who, where to, by which protocol, at what price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.models import common as c

from grafana.kit.application_queries import EACH, NAMED, WAYS, busiest, moved, moved_both, once, speed
from grafana.kit.colours import BAD, BEFORE, GOOD, SOON, USED, always, painted, steps
from grafana.kit.panels import Frame, lengths, ranking, trend
from grafana.kit.queries import PERIOD_END, kept, now, over_time, period
from grafana.kit.shapes import option

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.bargauge import Panel as Lengths
    from grafana_foundation_sdk.builders.prometheus import Dataquery
    from grafana_foundation_sdk.builders.timeseries import Panel as Trend

NO_METER = "no application is measured here"
"""Where the meter does not run; words for all panels of applications."""
MOST, MOST_BARS = 10, 6
"""Applications whose areas can be told apart, and whose bars fit without scrolling."""
NAME = "${__field.labels.application}, ${__field.labels.instance}"
LIMITED = "{{application}}, {{period}}, {{instance}}"
LIMIT_NAME = "${__field.labels.application}, ${__field.labels.period}, ${__field.labels.instance}"
"""The same as EACH and LIMITED for bars, which leave the name of a lone series out by default."""


def over_the_range(frame: Frame, way: str) -> Trend:
    """Bits per second of the busiest applications on top of each other, below the line of all."""
    each = f"{speed(way, 'application')} and on (instance, application) {busiest(MOST)}"
    whole = over_time(f"sum({speed(way)})", "all applications", "B")
    panel = _stacked(frame, over_time(each, EACH), whole)
    return panel.override_by_name("all applications", [painted(BEFORE), *_LINE])


def by_label(frame: Frame, label: str) -> Trend:
    """Bits per second both ways by scope or protocol, on top of each other."""
    both = " + ".join(f"sum by ({label}) ({speed(way, label)})" for way in WAYS)
    return _stacked(frame, over_time(both, f"{{{{{label}}}}}"))


def shares(frame: Frame) -> Lengths:
    """The busiest applications' shares of all bytes of applications in the range."""
    share = f"{moved_both('application')} / on () group_left () (sum({moved_both()}) > 0)"
    return _bars(frame, "percentunit", share).max(1).decimals(1)


def costs(frame: Frame) -> Lengths:
    """What transmitted bytes cost, at the price that the reader gives."""
    return _bars(frame, "locale", f"{moved('transmit', 'application')} / 1e9 * $price").decimals(2)


def this_month(frame: Frame) -> Lengths:
    """Bytes of the local month, as the ledger has them."""
    received, transmitted = (
        once(kept(f"netledger_application_period_{way}_bytes", NAMED, period("month"), until=PERIOD_END), "application")
        for way in WAYS
    )
    return _bars(frame, "decbytes", f"{received} + {transmitted}").decimals(1)


def limits(frame: Frame) -> Lengths:
    """The shares of the limits that are used, the highest first."""
    used, limit = (kept(f"netledger_application_limit{name}_bytes", NAMED, until=PERIOD_END) for name in ("_used", ""))
    share = now(f"sort_desc(topk({MOST_BARS}, max by (instance, application, period) ({used} / {limit})))", LIMITED)
    panel = lengths(frame, "percentunit", share).display_name(LIMIT_NAME).min(0).max(1).decimals(0)
    return panel.thresholds(steps(GOOD, (0.8, SOON), (1, BAD))).no_value("no limit set")


def _bars(frame: Frame, unit: str, expression: str) -> Lengths:
    highest = now(f"sort_desc(topk({MOST_BARS}, {expression}))", EACH)
    return lengths(frame, unit, highest).display_name(NAME).min(0).color_scheme(always(USED)).no_value(NO_METER)


def _stacked(frame: Frame, *targets: Dataquery) -> Trend:
    together = common.StackingConfig().mode(c.StackingMode.NORMAL)
    shown = ranking("mean", placement=c.LegendPlacement.RIGHT)
    panel = trend(frame, "bps", *targets).stacking(together).fill_opacity(50).line_width(0)
    return panel.legend(shown).no_value(NO_METER)


_LINE = [
    option("custom.stacking", {"mode": "none"}),
    option("custom.fillOpacity", 0),
    option("custom.lineWidth", 1),
]
