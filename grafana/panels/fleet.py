"""Of many machines: how many there are, which stand out, which are silent, which need attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.colours import BAD, GOOD, SOON, USED, always, painted, steps
from grafana.kit.links import menu, to_overview
from grafana.kit.panels import Frame, grid, lengths, number
from grafana.kit.queries import CYCLE_END, answers, kept, machines_in_period, now, of, rows, silent_ones, total
from grafana.kit.shapes import joined, option, times
from grafana.panels.plans import EACH, LONE, NO_CAP, NO_FORECAST

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.bargauge import Panel as Lengths
    from grafana_foundation_sdk.builders.stat import Panel as Number
    from grafana_foundation_sdk.builders.table import Panel as Table

FIRST = 10
MOST_ROWS = 100
RATIO = kept("netledger_plan_used_ratio", until=CYCLE_END)
SHARES = (
    ("below 50 %", f"{RATIO} < 0.5", GOOD),
    ("50 to 80 %", f"{RATIO} >= 0.5 < 0.8", GOOD),
    ("80 to 90 %", f"{RATIO} >= 0.8 < 0.9", SOON),
    ("90 to 100 %", f"{RATIO} >= 0.9 < 1", SOON),
    ("all of it", f"{RATIO} >= 1", BAD),
)
TROUBLES = (
    ("a meter cannot read", f"{of('netledger_meter_up')} == 0"),
    ("no samples", f"{of('netledger_gap_open')} == 1"),
    ("the ledger needs attention", f"{of('netledger_ledger_degraded')} == 1"),
)


def machines(frame: Frame) -> Number:
    """How many netledgers Prometheus asks."""
    return number(frame, "locale", now(f"count({answers()})", "machines")).color_scheme(always("text"))


def silent(frame: Frame) -> Number:
    """How many of them do not answer."""
    target = now(f"count({answers()} == 0) or vector(0)", "not answering")
    return number(frame, "locale", target).thresholds(steps(GOOD, (1, BAD)))


def shares(frame: Frame) -> Lengths:
    """How many plans have used how much of their cap."""
    targets = [
        now(f"count({ratio}) or vector(0)", name, chr(ord("A") + index))
        for index, (name, ratio, _) in enumerate(SHARES)
    ]
    panel = lengths(frame, "locale", *targets).min(0).decimals(0)
    for name, _, colour in SHARES:
        panel = panel.override_by_name(name, [painted(colour)])
    return panel


def busiest(frame: Frame) -> Lengths:
    """The machines that moved most today."""
    today = now(_first(total(machines_in_period("day"), "instance")), "{{instance}}")
    panel = lengths(frame, "decbytes", today).display_name("${__field.labels.instance}")
    return panel.min(0).decimals(1).color_scheme(always(USED)).links([to_overview()])


def nearest(frame: Frame) -> Lengths:
    """The plans that are nearest their cap."""
    return _of_cap(frame, RATIO).no_value(NO_CAP)


def forecasts(frame: Frame) -> Lengths:
    """The plans whose cycle is expected to go furthest beyond the cap."""
    expected, cap = (kept(f"netledger_plan_{name}_bytes", until=CYCLE_END) for name in ("forecast", "cap"))
    return _of_cap(frame, f"{expected} / ({cap} > 0)").no_value(NO_FORECAST)


def missing(frame: Frame) -> Table:
    """Machines that are silent: since when, and what they had moved in the month that is now."""
    last = f"topk({MOST_ROWS}, {silent_ones('netledger_last_sample_timestamp_seconds')})"
    month = total(machines_in_period("month"), "instance")
    targets = (
        rows(f"max by (instance) ({last}) * 1000"),
        rows(f"({month}) and on (instance) {silent_ones('netledger_last_sample_timestamp_seconds')}", "B"),
    )
    columns = {"instance": "machine", "Value #A": "last answer", "Value #B": "this month"}
    shown = joined("instance", columns, hidden=times(2), order="Value #A", descending=True)
    return (
        grid(frame, *targets)
        .no_value("none")
        .transformations(shown)
        .unit("decbytes")
        .decimals(1)
        .override_by_name("last answer", [option("unit", "dateTimeFromNow"), option("custom.align", "left")])
        .override_by_name("machine", [option("links", menu("machine"))])
    )


def troubles(frame: Frame) -> Table:
    """A row for all that is wrong with a machine that answers."""
    each = " or ".join(f'label_replace({wrong}, "trouble", "{name}", "job", "^.*$")' for name, wrong in TROUBLES)
    shown = joined(
        "instance", {"instance": "machine", "trouble": "trouble"}, hidden=["Time", "Value"], order="instance"
    )
    return (
        grid(frame, rows(f"topk({MOST_ROWS}, max by (instance, trouble) ({each}))"))
        .no_value("nothing")
        .transformations(shown[1:])
        .unit("none")
        .override_by_name("machine", [option("links", menu("machine"))])
    )


def _of_cap(frame: Frame, ratio: str) -> Lengths:
    shown = steps(GOOD, (0.8, SOON), (1, BAD))
    panel = lengths(frame, "percentunit", now(_first(ratio), EACH)).display_name(LONE).min(0).decimals(0)
    return panel.thresholds(shown).links([to_overview()])


def _first(expression: str) -> str:
    return f"sort_desc(topk({FIRST}, {expression}))"
