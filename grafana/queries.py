"""PromQL and the targets that ask it; every selector names the job and the instance that the reader chose."""

from __future__ import annotations

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")

CHOSEN = ('job=~"$job"', 'instance=~"$instance"')
COUNTED = 'counted="true"'
DEVICE = 'device=~"$device"'
PLAN = 'plan=~"$plan"'

INTERFACE = "{{device}}, {{instance}}"
"""The name of an interface: machines have the same ones, and a legend cannot know how many machines are chosen."""


def of(metric: str, *matchers: str) -> str:
    """Select a metric's series of the chosen machines."""
    return f"{metric}{{{', '.join((*CHOSEN, *matchers))}}}"


def period(name: str) -> str:
    """Match the current local day, week, month or year."""
    return f'period="{name}"'


def bits(metric: str, *matchers: str) -> str:
    """Rate of a counter of bytes, in bits per second."""
    return f"{rate(metric, *matchers)} * 8"


def rate(metric: str, *matchers: str) -> str:
    """Rate of a counter per second, over a stretch that always holds two samples."""
    return f"rate({of(metric, *matchers)}[$__rate_interval])"


def both(metric: str, *matchers: str) -> str:
    """Received plus transmitted, of a metric whose name has `{}` for the direction."""
    return f"{of(metric.format('receive'), *matchers)} + {of(metric.format('transmit'), *matchers)}"


def over_time(expression: str, legend: str, ref: str = "A") -> prometheus.Dataquery:
    """Ask for series over the time range."""
    return _target(expression, ref).range().legend_format(legend)


def now(expression: str, legend: str, ref: str = "A") -> prometheus.Dataquery:
    """Ask for values at the end of the time range, one a series."""
    return _target(expression, ref).instant().legend_format(legend)


def rows(expression: str, ref: str = "A") -> prometheus.Dataquery:
    """Ask for values at the end of the time range, one a row, labels as columns."""
    return _target(expression, ref).instant().format(PromQueryFormat.TABLE).legend_format("")


def _target(expression: str, ref: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().datasource(DATASOURCE).expr(expression).ref_id(ref)
