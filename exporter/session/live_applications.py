"""Applications now, by the running service: rows by scope, in an order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click
import msgspec

from exporter.session.client import ServiceError
from exporter.session.questions import click_error
from reports.formats.json.live import LiveApplications
from reports.ledger.shape import BUILT_IN_SCOPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.session.client import ServiceClient

PATH = "/api/live/applications"
SORTS = ("receive", "transmit", "total", "name")
NOT_FOUND = 404


class ApplicationSpeed(NamedTuple):
    """Bytes per second of one application."""

    name: str
    receive: int
    transmit: int

    @property
    def total(self) -> int:
        """Both directions."""
        return self.receive + self.transmit


def live_applications(client: ServiceClient) -> LiveApplications:
    """What the service measures now; ends the command where it measures no applications."""
    try:
        answer = msgspec.convert(client.get(PATH), LiveApplications)
    except ServiceError as error:
        if error.status == NOT_FOUND:
            raise click.ClickException(f"the service at {client.url} is of another version: start it again") from error
        raise click_error(error) from error
    except msgspec.ValidationError as error:
        raise click.ClickException(f"the service at {client.url} answers as another version would") from error
    if answer.backend == "none":
        raise click.ClickException(f"no applications are measured: {answer.reason}")
    return answer


def require_scope(answer: LiveApplications, scope: str) -> None:
    """End the command where this is no scope: neither a built-in one nor one that has traffic."""
    known = sorted({*BUILT_IN_SCOPES, *scopes_of(answer)})
    if scope and scope not in known:
        raise click.UsageError(f"scope: {scope!r} is no scope that has traffic; known are {', '.join(known)}")


def way_notes(backend: str, limits: Sequence[str]) -> list[str]:
    """How applications are measured, where that way does not see all."""
    return [f"measured by {backend}: {limit}" for limit in limits]


def scopes_of(answer: LiveApplications) -> Sequence[str]:
    """The scopes that have traffic, by name."""
    return sorted({scope for application in answer.applications for scope in application.scopes})


def speeds(answer: LiveApplications, scope: str, sort: str) -> list[ApplicationSpeed]:
    """Applications that move something in this scope ("": in all but loopback), the fastest first, or by name."""
    found = [
        ApplicationSpeed(each.application, moved.bytes_received, moved.bytes_sent)
        for each in answer.applications
        if (moved := each.scopes.get(scope) if scope else each) is not None and moved.total_bytes
    ]
    found.sort(key=lambda speed: speed.name)
    if sort != "name":
        found.sort(key=lambda speed: (getattr(speed, sort), speed.total), reverse=True)
    return found
