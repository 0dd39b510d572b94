"""The frame of every dashboard: its identity, variables, marks and links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, GridPos

from grafana.kit import links, marks, variables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from grafana_foundation_sdk.builders.dashboard import QueryVariable
    from grafana_foundation_sdk.cog.builder import Builder
    from grafana_foundation_sdk.models.dashboard import VariableModel


class Identity(NamedTuple):
    """A dashboard's uid, which addresses hold, its title and what it is about."""

    uid: str
    title: str
    description: str


def board(
    identity: Identity,
    choices: Sequence[Builder[VariableModel]],
    panels: Sequence[Any],
    *,
    since: str,
    machines: Callable[[], QueryVariable] = variables.first_instance,
    keeps_silent: bool = True,
) -> Dashboard:
    """Put panels and rows on a dashboard whose range begins at `since`, such as "now-24h".

    `keeps_silent`: some panel asks for the last values of silent machines.
    """
    silent = [variables.silent()] if keeps_silent else []
    chosen = [variables.datasource(), variables.job(), machines(), *silent, *choices]
    return bare_board(identity, chosen, panels, since=since).annotations([*marks.everything()])


def bare_board(
    identity: Identity, choices: Sequence[Builder[VariableModel]], panels: Sequence[Any], *, since: str
) -> Dashboard:
    """A dashboard of these choices alone, without marks: what does not ask Prometheus has none of its jobs."""
    made = (
        Dashboard(identity.title)
        .uid(identity.uid)
        .description(identity.description)
        .tags([links.TAG])
        .readonly()
        .refresh("1m")
        .time(since, "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .variables([*choices])
        .link(links.to_each_other())
    )
    for panel in panels:
        made = made.with_row(panel) if isinstance(panel, Row) else made.with_panel(panel)
    return made


def closed(panel_id: int, title: str, y: int, panels: Sequence[Any]) -> Row:
    """A row that opens: its panels are not queried before."""
    row = heading(panel_id, title, y)
    for panel in panels:
        row = row.with_panel(panel)
    return row


def heading(panel_id: int, title: str, y: int) -> Row:
    """A line above the panels that follow."""
    return Row(title).id(panel_id).grid_pos(GridPos(x=0, y=y, w=24, h=1))
