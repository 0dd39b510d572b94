"""What a billing plan comes to; of several plans those nearest their cap, each with its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.colours import BAD, BEFORE, CAP, GOOD, SOON, USED, always, painted, steps
from grafana.kit.money import amounts
from grafana.kit.panels import Frame, dial, lengths, listed, named, trend
from grafana.kit.plan_queries import line, nearest, nearest_over_time, plan
from grafana.kit.queries import PLAN, now, of, over_time
from grafana.kit.shapes import option

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.bargauge import Panel as Lengths
    from grafana_foundation_sdk.builders.gauge import Panel as Dial
    from grafana_foundation_sdk.builders.stat import Panel as Number
    from grafana_foundation_sdk.builders.timeseries import Panel as Trend
    from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

NO_CAP, NO_PRICE, NO_FORECAST = "no cap set", "no price", "not before an hour is counted"
EACH = "{{plan}}, {{instance}}"
"""The name of a plan: machines may have the same ones."""
LONE = "${__field.labels.plan}, ${__field.labels.instance}"
"""The same for dials and bars, which leave the name of a lone series out by default."""
MACHINE = "${__field.labels.machine}: ${__field.labels.plan}"
NOT_SHARED = "no plan is shared"
HOUR, DAY = 3_600, 86_400
MOST_NUMBERS, MOST_BARS, MOST_CYCLES = 3, 20, 3
"""How many fit side by side, how many can be scrolled, of how many all bars fit."""


def left(frame: Frame, most: int = MOST_NUMBERS) -> Number:
    """What is left, by colour: nothing, less than a fifth, plenty; without a cap, what is used.

    A threshold cannot be a share of another metric, so each colour is a query of its own, and one of them answers.
    """
    remaining, ratio = nearest(plan("left_bytes"), most), plan("used_ratio")
    uncapped = f"{plan('used_bytes')} unless on (job, instance, plan) {plan('cap_bytes')}"
    queries = (
        ("A", f"{remaining} and {ratio} >= 1", EACH, BAD),
        ("B", f"{remaining} and {ratio} >= 0.8 and {ratio} < 1", EACH, SOON),
        ("C", f"{remaining} and {ratio} < 0.8", EACH, GOOD),
        ("D", nearest(uncapped, most), f"used, {NO_CAP}: {EACH}", "text"),
    )
    panel = named(frame, "decbytes", *(now(expression, name, ref) for ref, expression, name, _ in queries))
    for ref, _, _, colour in queries:
        panel = panel.override_by_query(ref, [painted(colour)])
    return panel.decimals(1).no_value("no plan")


def share(frame: Frame) -> Dial:
    """The share of the cap that is used."""
    shown = steps(GOOD, (0.8, SOON), (1, BAD))
    ratio = now(nearest(plan("used_ratio"), 1), EACH)
    return (
        dial(frame, "percentunit", ratio)
        .display_name(LONE)
        .min(0)
        .max(1)
        .decimals(0)
        .thresholds(shown)
        .no_value(NO_CAP)
    )


def shares(frame: Frame) -> Lengths:
    """The shares of the caps that are used, the highest first."""
    shown = steps(GOOD, (0.8, SOON), (1, BAD))
    ratio = now(f"sort_desc(topk({MOST_BARS}, {plan('used_ratio')}))", EACH)
    panel = lengths(frame, "percentunit", ratio).display_name(LONE).min(0).max(1).decimals(0)
    return panel.thresholds(shown).no_value(NO_CAP)


def used(frame: Frame) -> Number:
    """Bytes of the cycle so far."""
    return _plain(frame, "decbytes", "used_bytes").decimals(1)


def allowed(frame: Frame) -> Number:
    """Bytes that each day may use."""
    return _plain(frame, "decbytes", "allowed_per_day_bytes").decimals(1).no_value(NO_CAP)


def cap_date(frame: Frame) -> Number:
    """How far away the day is on which the cap is used up."""
    return _cap_dates(frame, nearest(plan("cap_reached_timestamp_seconds"), 1))


def cap_dates(frame: Frame) -> Number:
    """How far away the first days are on which caps are used up."""
    return listed(_cap_dates(frame, f"sort(bottomk({MOST_NUMBERS}, {plan('cap_reached_timestamp_seconds')}))"))


def _cap_dates(frame: Frame, instant: str) -> Number:
    target = now(f"({instant}) * 1000", EACH)
    return named(frame, "dateTimeFromNow", target).color_scheme(always(SOON)).no_value("not in this cycle")


def cycles(frame: Frame) -> Lengths:
    """This cycle so far, the last one by the same day, and the whole last one."""
    metrics = (
        ("A", "used_bytes", "this one"),
        ("B", "last_cycle_used_by_now_bytes", "the last by then"),
        ("C", "last_cycle_used_bytes", "the last"),
    )
    targets = [now(nearest(plan(metric), MOST_CYCLES), f"{EACH}: {name}", ref) for ref, metric, name in metrics]
    panel = lengths(frame, "decbytes", *targets).min(0).decimals(1).color_scheme(always(BEFORE))
    return panel.override_by_query("A", [painted(USED)])


def forecast(frame: Frame) -> Number:
    """What the cycle will come to, between its ends."""
    targets = [
        now(nearest(plan(f"forecast{end}_bytes"), 1), f"{name}: {EACH}", ref)
        for ref, end, name in (("A", "_low", "at least"), ("B", "", "expected"), ("C", "_high", "at most"))
    ]
    panel = named(frame, "decbytes", *targets).color_scheme(always("text")).decimals(1).no_value(NO_FORECAST)
    return listed(panel)


def cost(frame: Frame) -> Number:
    """Cost so far and expected."""
    so_far = now(nearest(plan("cost"), 1), f"so far: {EACH}, {{{{currency}}}}")
    expected = now(nearest(plan("forecast_cost"), 1), f"expected: {EACH}, {{{{currency}}}}", "B")
    return listed(amounts(frame, so_far, expected).color_scheme(always("text")).no_value(NO_PRICE))


def expected_costs(frame: Frame) -> Number:
    """Cost of the whole cycle, of the dearest plans; so far, before there is a forecast."""
    both = f"({plan('forecast_cost')} or {plan('cost')})"
    expected = now(f"sort_desc(topk({MOST_NUMBERS}, {both}))", f"{EACH}, {{{{currency}}}}")
    return listed(amounts(frame, expected).color_scheme(always("text")).no_value(NO_PRICE))


def cycles_compared(frame: Frame) -> Trend:
    """Use over the cycle, the last one's beside it, and the cap above."""
    targets = [
        over_time(nearest_over_time(line(metric), 1), f"{name}: {EACH}", ref)
        for ref, metric, name in (
            ("A", "used_bytes", "this cycle"),
            ("B", "last_cycle_used_by_now_bytes", "the last by then"),
            ("C", "cap_bytes", "cap"),
        )
    ]
    return (
        trend(frame, "decbytes", *targets)
        .time_from("31d")
        .min(0)
        .override_by_regexp("/^this cycle: /", [painted(USED), option("custom.lineWidth", 2)])
        .override_by_regexp("/^the last by then: /", [painted(BEFORE), *_line("dash")])
        .override_by_regexp("/^cap: /", [painted(CAP), *_line("solid")])
    )


def machines(frame: Frame) -> Lengths:
    """What each machine has used of a plan that it shares; each of them tells of all, and the newest answer counts."""
    used = f"max by (plan, machine) ({plan('machine_used_bytes')})"
    panel = lengths(frame, "decbytes", now(f"sort_desc(topk({MOST_BARS}, {used}))", "{{machine}}: {{plan}}"))
    return panel.display_name(MACHINE).min(0).decimals(1).color_scheme(always(USED)).no_value(NOT_SHARED)


def machines_age(frame: Frame) -> Number:
    """How old the figures of the machines are that share a plan."""
    age = now(f"topk({MOST_NUMBERS}, max by (plan) ({of('netledger_plan_behind_seconds', PLAN)}))", "{{plan}}")
    panel = named(frame, "s", age).decimals(0).thresholds(steps(GOOD, (HOUR, SOON), (DAY, BAD)))
    return panel.no_value(NOT_SHARED)


def _plain(frame: Frame, unit: str, metric: str) -> Number:
    return named(frame, unit, now(nearest(plan(metric), 1), EACH)).color_scheme(always("text"))


def _line(style: str) -> list[DynamicConfigValue]:
    """Options of a line that is compared with, not filled."""
    return [option("custom.fillOpacity", 0), option("custom.lineStyle", {"fill": style, "dash": [8, 6]})]
