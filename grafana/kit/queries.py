"""PromQL and its targets; every selector names the job and the instance that the reader chose.

A machine that is off has no series. Its last values are kept where a total would shrink without them: the hidden
variable `silent` names such machines, so that series of the others are read once.
"""

from __future__ import annotations

from typing import NamedTuple

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")

CHOSEN = ('job=~"$job"', 'instance=~"$instance"')
SILENT = 'instance=~"$silent"'
DEVICE = 'device=~"$device"'
PLAN = 'plan=~"$plan"'

INTERFACE = "{{instance}} {{device}}"
"""The name of an interface: machines have the same ones, and a legend cannot know how many machines are chosen."""
BUILD = "netledger_build_info"
"""A series of every netledger, and of nothing else."""

MEMORY = "31d"
"""How long a silent machine is known: as long as the longest month."""
FAILING = "1h"
"""How long lines that Prometheus itself draws, such as the duration of a scrape, go on while scrapes fail."""
QUARTER_HOURS = "30m"
"""A stretch that always holds two samples of a backfilled past, which has one each quarter of an hour."""
MOST_LINES = 20
"""Lines with a colour of their own; of more, those are drawn that were highest in the range."""


class End(NamedTuple):
    """The metric of the time until which a value holds, and its label."""

    metric: str
    label: str


PERIOD_END = End("netledger_period_end_timestamp_seconds", "period")
CYCLE_END = End("netledger_plan_cycle_end_timestamp_seconds", "plan")


def of(metric: str, *matchers: str) -> str:
    """A metric's series of the chosen machines."""
    return f"{metric}{{{', '.join((*CHOSEN, *matchers))}}}"


def kept(metric: str, *matchers: str, until: End | None = None) -> str:
    """Series of machines, and the last values of silent ones while they hold: last month's is not this month's."""
    holds = "" if until is None else f" and on (job, instance, {until.label}) {_last(until.metric)} > time()"
    return f"({of(metric, *matchers)} or {_last(metric, *matchers)}{holds} unless on (job, instance) {of(BUILD)})"


def silent_ones(metric: str) -> str:
    """Last values of silent machines, and nothing of those that answer."""
    return f"({_last(metric)} unless on (job, instance) {of(BUILD)})"


def _last(metric: str, *matchers: str) -> str:
    return f"last_over_time({metric}{{{', '.join((SILENT, *CHOSEN, *matchers))}}}[{MEMORY}])"


def ours(metric: str) -> str:
    """Series that any target has (process_*, scrape_*), of the targets that are a netledger."""
    return f"{of(metric)} and on (job, instance) last_over_time({of(BUILD)}[{FAILING}])"


def answers() -> str:
    """Whether each machine answers (1) or not (0)."""
    return f"max by (instance) ({of('up')} and on (job, instance) {kept(BUILD)})"


def period(name: str) -> str:
    """A matcher of the current local day, week, month or year."""
    return f'period="{name}"'


def machines_in_period(name: str) -> str:
    """Bytes of each machine in the current day, week, month or year, both ways."""
    return both("netledger_machine_period_{}_bytes", period(name), until=PERIOD_END)


def interfaces_in_period(name: str) -> str:
    """Bytes of each chosen interface in the current day, week, month or year, both ways."""
    return both("netledger_interface_period_{}_bytes", DEVICE, period(name), until=PERIOD_END)


def both(metric: str, *matchers: str, until: End | None = None) -> str:
    """Received plus transmitted, of a metric whose name has `{}` for the direction."""
    received, transmitted = (kept(metric.format(way), *matchers, until=until) for way in ("receive", "transmit"))
    return f"{received} + {transmitted}"


def total(expression: str, *labels: str) -> str:
    """Sum of machines, each once, also where several jobs or replicas scrape the same machine."""
    by = f" by ({', '.join(labels)})" if labels else ""
    return f"sum{by} (max by ({', '.join(dict.fromkeys(('instance', *labels)))}) ({expression}))"


def speed(way: str) -> str:
    """Bits per second of each machine in its last second, which no time range can smooth."""
    return f"{of(f'netledger_machine_{way}_bytes_per_second')} * 8"


def rate(metric: str, *matchers: str) -> str:
    """Rate of a counter per second, over a stretch that always holds two samples."""
    return f"rate({of(metric, *matchers)}[$__rate_interval])"


def rate_with_past(metric: str, *matchers: str, over: str = "$__rate_interval") -> str:
    """Rate of a counter that has been backfilled: where nothing was scraped, by quarter hours."""
    # Beside `up`, half an hour would draw traffic of a machine that is off.
    series = of(metric, *matchers)
    return f"(rate({series}[{over}]) or rate({series}[{QUARTER_HOURS}]) unless on (job, instance) {of('up')})"


def highest(expression: str, ranking: str = "", on: str = "", most: int = MOST_LINES) -> str:
    """The series that are highest in a range, at every step the same: a plain topk takes others at every step."""
    ranked = ranking or f"max_over_time(({expression})[$__range:$__interval] @ end())"
    return f"{expression} and{f' on ({on})' if on else ''} topk({most}, {ranked})"


def over_time(expression: str, legend: str, ref: str = "A") -> prometheus.Dataquery:
    """A target of series over the time range."""
    return _target(expression, ref).range().legend_format(legend)


def now(expression: str, legend: str, ref: str = "A") -> prometheus.Dataquery:
    """A target of values at the end of the time range, one a series."""
    return _target(expression, ref).instant().legend_format(legend)


def rows(expression: str, ref: str = "A") -> prometheus.Dataquery:
    """A target of values at the end of the time range, one a row, labels as columns."""
    return _target(expression, ref).instant().format(PromQueryFormat.TABLE).legend_format("")


def _target(expression: str, ref: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().datasource(DATASOURCE).expr(expression).ref_id(ref)
