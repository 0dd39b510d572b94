"""Panels as netledger draws them: one maker a kind, each with its title, description, place and data source."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from grafana_foundation_sdk.builders import barchart, bargauge, common, gauge, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common as c
from grafana_foundation_sdk.models.dashboard import GridPos

from grafana.kit.queries import DATASOURCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grafana_foundation_sdk.cog.builder import Builder
    from grafana_foundation_sdk.cog.variants import Dataquery
    from grafana_foundation_sdk.models.common import DataSourceRef

    Target = Builder[Dataquery]

NOTHING = "nothing yet"
"""What a panel says while there is nothing to show, where it says no better."""

AnyPanel = TypeVar(
    "AnyPanel",
    barchart.Panel,
    bargauge.Panel,
    gauge.Panel,
    stat.Panel,
    statetimeline.Panel,
    table.Panel,
    timeseries.Panel,
)


LENGTH_HEIGHT, LENGTH_HEIGHT_AT_MOST = 34, 46
"""Pixels that a bar and its name need; more of them than fit are scrolled, and few do not become walls."""


class Frame(NamedTuple):
    """What is around a panel; 24 columns, rows of 30 px; the id never changes, as links and alerts hold it.

    `source` is what its targets ask.
    """

    id: int
    title: str
    description: str
    x: int
    y: int
    width: int
    height: int
    source: DataSourceRef = DATASOURCE


def named(frame: Frame, unit: str, *targets: Target) -> stat.Panel:
    """One number a series, with its name also where there is only one."""
    return number(frame, unit, *targets).text_mode(c.BigValueTextMode.VALUE_AND_NAME)


def listed(panel: stat.Panel) -> stat.Panel:
    """Several numbers below each other, in a size in which names are read."""
    sizes = common.VizTextDisplayOptions().title_size(12).value_size(20)
    return panel.orientation(c.VizOrientation.HORIZONTAL).text(sizes)


def number(frame: Frame, unit: str, *targets: Target) -> stat.Panel:
    """One number a series, as large as its place allows; its name is shown where there are several."""
    return (
        _framed(stat.Panel(), frame, targets)
        .unit(unit)
        .reduce_options(_last())
        .graph_mode(c.BigValueGraphMode.NONE)
        .color_mode(c.BigValueColorMode.VALUE)
    )


def trend(frame: Frame, unit: str, *targets: Target) -> timeseries.Panel:
    """Lines over time, lightly filled, a legend below."""
    return (
        _framed(timeseries.Panel(), frame, targets)
        .unit(unit)
        .line_width(1)
        .fill_opacity(15)
        .show_points(c.VisibilityMode.NEVER)
        .axis_border_show(False)
        .legend(legend())
        .tooltip(_tooltip())
    )


def bars(frame: Frame, unit: str, x_field: str, *targets: Target) -> barchart.Panel:
    """Bars side by side over the texts of one field, its other fields stacked."""
    return (
        _framed(barchart.Panel(), frame, targets)
        .unit(unit)
        .x_field(x_field)
        .stacking(c.StackingMode.NORMAL)
        .show_value(c.VisibilityMode.NEVER)
        .bar_width(0.8)
        .fill_opacity(80)
        .line_width(0)
        .legend(legend())
        .tooltip(_tooltip())
    )


def dial(frame: Frame, unit: str, *targets: Target) -> gauge.Panel:
    """A dial a series."""
    return _framed(gauge.Panel(), frame, targets).unit(unit).reduce_options(_last()).show_threshold_markers(True)


def lengths(frame: Frame, unit: str, *targets: Target) -> bargauge.Panel:
    """A horizontal bar a series, its name above it."""
    return (
        _framed(bargauge.Panel(), frame, targets)
        .unit(unit)
        .reduce_options(_last())
        .orientation(c.VizOrientation.HORIZONTAL)
        .display_mode(c.BarGaugeDisplayMode.BASIC)
        .name_placement(c.BarGaugeNamePlacement.TOP)
        .sizing(c.BarGaugeSizing.MANUAL)
        .min_viz_height(LENGTH_HEIGHT)
        .max_viz_height(LENGTH_HEIGHT_AT_MOST)
        .text(common.VizTextDisplayOptions().title_size(13).value_size(15))
    )


def states(frame: Frame, *targets: Target) -> statetimeline.Panel:
    """One row a series, a stretch a state."""
    return (
        _framed(statetimeline.Panel(), frame, targets)
        .row_height(0.8)
        .line_width(0)
        .fill_opacity(70)
        .show_value(c.VisibilityMode.AUTO)
        .legend(legend().show_legend(False))
        .tooltip(_tooltip())
    )


def grid(frame: Frame, *targets: Target) -> table.Panel:
    """A table; the targets' results are joined by the caller's transformations."""
    return _framed(table.Panel(), frame, targets).no_value("\u2013").cell_height(c.TableCellHeight.SM).min_width(70)


def legend() -> common.VizLegendOptions:
    """Names below."""
    return _legend(c.LegendDisplayMode.LIST, c.LegendPlacement.BOTTOM).calcs([])


def ranking(*calculations: str, placement: c.LegendPlacement = c.LegendPlacement.BOTTOM) -> common.VizLegendOptions:
    """A table of the series, the highest first; calculations such as "mean" beside the highest value."""
    table_of = _legend(c.LegendDisplayMode.TABLE, placement).calcs([*calculations, "max"])
    return table_of.sort_by("Max").sort_desc(True)


def _legend(mode: c.LegendDisplayMode, placement: c.LegendPlacement) -> common.VizLegendOptions:
    return common.VizLegendOptions().display_mode(mode).placement(placement).show_legend(True)


def _framed(panel: AnyPanel, frame: Frame, targets: Sequence[Target]) -> AnyPanel:
    return (
        panel.id(frame.id)
        .title(frame.title)
        .description(frame.description)
        .datasource(frame.source)
        .grid_pos(GridPos(x=frame.x, y=frame.y, w=frame.width, h=frame.height))
        .targets(list(targets))
        .no_value(NOTHING)
    )


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"])


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(c.TooltipDisplayMode.MULTI).sort(c.SortOrder.DESCENDING)
