"""The last line of a command's text: the same in Grafana."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.settings.dashboards import links_to_grafana

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter.settings.tree import Settings
    from reports.text.grafana_links import GrafanaLinks


def dashboard_notes(settings: Settings, view: Callable[[GrafanaLinks], str]) -> list[str]:
    """One line with the address that `view` returns; none without a Grafana in the settings."""
    links = links_to_grafana(settings)
    return [] if links is None else [f"Grafana: {view(links)}"]
