"""What a billing plan comes to: one value a plan; a plan without a cap or a price says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.models import common as c

from grafana.colours import BAD, BEFORE, CAP, GOOD, SOON, USED, always, painted, steps
from grafana.money import amounts
from grafana.panels import Frame, dial, lengths, number, trend
from grafana.queries import PLAN, now, of, over_time
from grafana.shapes import option

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.bargauge import Panel as Lengths
    from grafana_foundation_sdk.builders.gauge import Panel as Dial
    from grafana_foundation_sdk.builders.stat import Panel as Number
    from grafana_foundation_sdk.builders.timeseries import Panel as Trend
    from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

NO_CAP, NO_PRICE = "no cap set", "no price"
EACH = "{{plan}}, {{instance}}"
"""The name of a plan: machines may have the same ones. A single number does not show it."""


def left(frame: Frame) -> Number:
    """What is left, by colour: plenty, less than a fifth, nothing.

    A threshold cannot be a share of another metric, so each colour is a query of its own, and one of them answers.
    """
    remaining, ratio = of("netledger_plan_left_bytes", PLAN), of("netledger_plan_used_ratio", PLAN)
    plenty = now(f"{remaining} and {ratio} < 0.8", EACH)
    little = now(f"{remaining} and {ratio} >= 0.8 and {ratio} < 1", EACH, "B")
    nothing = now(f"{remaining} and {ratio} >= 1", EACH, "C")
    panel = number(frame, "decbytes", plenty, little, nothing).decimals(1).no_value(NO_CAP)
    for ref, colour in (("A", GOOD), ("B", SOON), ("C", BAD)):
        panel = panel.override_by_query(ref, [painted(colour)])
    return panel


def share(frame: Frame) -> Dial:
    """The share of the cap that is used."""
    shown = steps(GOOD, (0.8, SOON), (1, BAD))
    ratio = now(of("netledger_plan_used_ratio", PLAN), EACH)
    return dial(frame, "percentunit", ratio).min(0).max(1).decimals(0).thresholds(shown).no_value(NO_CAP)


def used(frame: Frame) -> Number:
    """Bytes of the cycle so far."""
    return _plain(frame, "decbytes", "netledger_plan_used_bytes").decimals(1)


def allowed(frame: Frame) -> Number:
    """Bytes that each day may use."""
    return _plain(frame, "decbytes", "netledger_plan_allowed_per_day_bytes").decimals(1).no_value(NO_CAP)


def cap_date(frame: Frame) -> Number:
    """How far away the day is on which the cap is used up."""
    instant = f"{of('netledger_plan_cap_reached_timestamp_seconds', PLAN)} * 1000"
    return number(frame, "dateTimeFromNow", now(instant, EACH)).color_scheme(always(SOON)).no_value("not in this cycle")


def cycle_end(frame: Frame) -> Number:
    """How far away the end of the cycle is."""
    instant = f"{of('netledger_plan_cycle_end_timestamp_seconds', PLAN)} * 1000"
    return number(frame, "dateTimeFromNow", now(instant, EACH)).color_scheme(always("text"))


def cycles(frame: Frame) -> Lengths:
    """This cycle so far, the last one by the same day, and the whole last one."""
    metrics = (
        ("A", "used", "this one"),
        ("B", "last_cycle_used_by_now", "the last by then"),
        ("C", "last_cycle_used", "the last"),
    )
    targets = [now(of(f"netledger_plan_{metric}_bytes", PLAN), f"{name}: {EACH}", ref) for ref, metric, name in metrics]
    panel = lengths(frame, "decbytes", *targets).min(0).decimals(1).color_scheme(always(BEFORE))
    return panel.override_by_query("A", [painted(USED)])


def forecast(frame: Frame) -> Number:
    """What the cycle will come to, between its ends."""
    targets = [
        now(of(f"netledger_plan_forecast{end}_bytes", PLAN), name, ref)
        for ref, end, name in (("A", "_low", "at least"), ("B", "", "expected"), ("C", "_high", "at most"))
    ]
    return (
        number(frame, "decbytes", *targets)
        .text_mode(c.BigValueTextMode.VALUE_AND_NAME)
        .orientation(c.VizOrientation.VERTICAL)
        .color_scheme(always("text"))
        .decimals(0)
    )


def cost(frame: Frame) -> Number:
    """Cost so far and expected."""
    so_far = now(of("netledger_plan_cost", PLAN), "so far, {{currency}}")
    expected = now(of("netledger_plan_forecast_cost", PLAN), "expected, {{currency}}", "B")
    return (
        amounts(frame, so_far, expected)
        .text_mode(c.BigValueTextMode.VALUE_AND_NAME)
        .orientation(c.VizOrientation.VERTICAL)
        .color_scheme(always("text"))
        .no_value(NO_PRICE)
    )


def expected_cost(frame: Frame) -> Number:
    """Cost of the whole cycle."""
    expected = now(of("netledger_plan_forecast_cost", PLAN), f"{EACH}, {{{{currency}}}}")
    return amounts(frame, expected).color_scheme(always("text")).no_value(NO_PRICE)


def cycles_compared(frame: Frame) -> Trend:
    """Use over the cycle, the last one's beside it, and the cap above."""
    targets = [
        over_time(of("netledger_plan_used_bytes", PLAN), f"this cycle: {EACH}"),
        over_time(of("netledger_plan_last_cycle_used_by_now_bytes", PLAN), f"the last by then: {EACH}", "B"),
        over_time(of("netledger_plan_cap_bytes", PLAN), f"cap: {EACH}", "C"),
    ]
    return (
        trend(frame, "decbytes", *targets)
        .time_from("31d")
        .min(0)
        .override_by_regexp("/^this cycle: /", [painted(USED), option("custom.lineWidth", 2)])
        .override_by_regexp("/^the last by then: /", [painted(BEFORE), *_line("dash")])
        .override_by_regexp("/^cap: /", [painted(CAP), *_line("solid")])
    )


def _plain(frame: Frame, unit: str, metric: str) -> Number:
    return number(frame, unit, now(of(metric, PLAN), EACH)).color_scheme(always("text"))


def _line(style: str) -> list[DynamicConfigValue]:
    """Options of a line that is compared with, not filled."""
    return [option("custom.fillOpacity", 0), option("custom.lineStyle", {"fill": style, "dash": [8, 6]})]
