"""Links to Grafana and the context of a wrap-up, made of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exporter.settings.tree import Settings
    from reports.text.grafana_links import GrafanaLinks
    from reports.wrapup.wrapup import WrapUpContext


def links_to_grafana(settings: Settings) -> GrafanaLinks | None:
    """Links to the dashboards; None where no Grafana is set.

    Without `grafana.instance`, Prometheus is taken to scrape the address that the service listens at.
    """
    grafana, server = settings.grafana, settings.server
    if grafana.url is None:
        return None
    from reports.text.grafana_links import GrafanaLinks  # noqa: PLC0415 - only a service with a Grafana needs it

    host = f"[{server.host}]" if ":" in server.host else server.host
    return GrafanaLinks(grafana.url, grafana.instance or f"{host}:{server.port}")


def wrapup_context(settings: Settings) -> WrapUpContext:
    """The billing plans and the links to Grafana."""
    from reports.wrapup.wrapup import WrapUpContext  # noqa: PLC0415 - memory that a service without reports does not need

    return WrapUpContext(settings.plans, links_to_grafana(settings))
