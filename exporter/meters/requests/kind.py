"""The request meter as a kind of meter: its intake, its store, its settings, its metric families."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exporter.meters.kinds import MeterKind
from exporter.meters.requests.families import REQUEST_TABLES
from exporter.meters.requests.intake import Intake
from exporter.meters.requests.meter import RequestMeter
from exporter.meters.requests.monitors.families import MONITOR_TABLES
from exporter.meters.requests.privacy import ClientPrivacy
from exporter.meters.requests.store import RequestStore
from reports.ledger.shape import OWN_SERVICE, REQUEST

if TYPE_CHECKING:
    from exporter.meters.kinds import MeterEnvironment
    from exporter.metrics.families.registry import MeterTable
    from exporter.settings.tree import Settings


def build(source: Any, environment: MeterEnvironment) -> RequestMeter:
    """The request meter over an intake, by the settings."""
    intake: Intake = source
    settings = environment.settings.requests
    intake.has_log = lambda service: service != OWN_SERVICE and settings.service_log.get(service, settings.log)
    intake.privacy = ClientPrivacy(settings.privacy, settings.service_privacy)
    return RequestMeter(intake, environment.settings.ledger.commit_interval, environment.zone)


def tables(_settings: Settings) -> tuple[MeterTable, ...]:
    """The metric families of requests."""
    return (*REQUEST_TABLES, *MONITOR_TABLES)


REQUESTS = MeterKind(
    REQUEST, RequestStore, lambda _settings: Intake(), build, tables, checks="exporter.meters.requests.checks"
)
"""The request meter."""
