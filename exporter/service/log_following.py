"""The access logs that the settings name, followed by the service."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from exporter.meters.requests.intake import Intake
from exporter.meters.requests.logs.following import LogFollower
from exporter.meters.requests.logs.formats.named import format_of
from reports.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from exporter.meters.kinds import MeterSource
    from exporter.meters.requests.settings import Requests

log = logging.getLogger(__name__)


def follow_logs(settings: Requests, sources: Iterable[MeterSource]) -> Iterator[LogFollower]:
    """A follower of each log; none without a request meter, or of a log whose format cannot be read."""
    for intake in sources:
        if not isinstance(intake, Intake):
            continue
        for service, path in settings.logs.items():
            text = settings.log_formats.get(service)
            try:
                log_format = format_of(text) if text else None
            except QuestionError as error:
                problem = f"the access log of {service} cannot be followed: requests.log_formats: {error}"
                intake.problems[service] = problem
                log.warning("%s", problem)
                continue
            yield LogFollower(service, path, log_format, intake)
