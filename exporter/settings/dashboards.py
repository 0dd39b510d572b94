"""Links to Grafana and the context of a wrap-up, made of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.text.grafana_links import GrafanaLinks
from reports.wrapup.context import WrapUpContext

if TYPE_CHECKING:
    from exporter.settings.tree import Settings


def links_to_grafana(settings: Settings) -> GrafanaLinks | None:
    """Links to the dashboards; None where no Grafana is set.

    Without `grafana.instance`, Prometheus is taken to scrape the address that the service listens at.
    """
    grafana, server = settings.grafana, settings.server
    if grafana.url is None:
        return None
    host = f"[{server.host}]" if ":" in server.host else server.host
    return GrafanaLinks(grafana.url, grafana.instance or f"{host}:{server.port}")


def wrapup_context(settings: Settings) -> WrapUpContext:
    """The billing plans and the links to Grafana."""
    return WrapUpContext(settings.plans, links_to_grafana(settings))
