"""Marks on every time series: what happened, found in the metrics."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery

from grafana.kit.queries import DATASOURCE, of, over_time

EARLIER = "[1d] offset $__rate_interval"
"""The day before the current step: a service that was down has no nearer sample to compare with."""


def everything() -> list[AnnotationQuery]:
    """Cycle starts, thresholds of a cap, gaps, counter resets, and the end of imported history."""
    return [_cycles(), _thresholds(), _gaps(), _resets(), _imported()]


def _cycles() -> AnnotationQuery:
    # The value is the time: Grafana wants milliseconds, and draws the same instant once.
    expression = f"{of('netledger_plan_cycle_start_timestamp_seconds')} * 1000"
    return _marks("Cycle starts", "blue", expression, "A new cycle of {{plan}}", "plan").use_value_for_time(True)


def _thresholds() -> AnnotationQuery:
    reached = of("netledger_plan_threshold_reached")
    expression = f"{reached} == 1 and last_over_time({reached}{EARLIER}) == 0"
    return _marks(
        "Cap thresholds", "orange", expression, "{{plan}} has used {{threshold_percent}} % of its cap", "plan"
    )


def _gaps() -> AnnotationQuery:
    gaps = of("netledger_gap_seconds_total")
    expression = f"{gaps} - last_over_time({gaps}{EARLIER}) > 0"
    return _marks(
        "Gaps", "purple", expression, "No samples before this, meter {{meter}}: counted, and estimated", "meter"
    )


def _resets() -> AnnotationQuery:
    # A counter that became smaller is of a service that was started again; it has seen a reset since unless it is 0.
    resets = of("netledger_counter_resets_total")
    earlier = f"last_over_time({resets}{EARLIER})"
    expression = f"{resets} > {earlier} or {resets} < {earlier} and {resets} > 0"
    return _marks("Counter resets", "red", expression, "{{device}} began to count anew: {{cause}}", "device,cause")


def _imported() -> AnnotationQuery:
    # The value is the time, as of cycles.
    expression = f"{of('netledger_imported_until_timestamp_seconds')} * 1000"
    title = "Until here history is imported: counted by another program"
    return _marks("Imported history", "yellow", expression, title, "instance").use_value_for_time(True)


def _marks(name: str, colour: str, expression: str, title: str, tags: str) -> AnnotationQuery:
    return (
        AnnotationQuery()
        .name(name)
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color(colour)
        .target(over_time(expression, "", "Anno"))
        .title_format(title)
        .text_format("{{instance}}")
        .tag_keys(tags)
    )
