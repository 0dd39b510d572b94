"""Questions of commands: answered from the ledger's file or, where another user owns it, by the service.

Both answers have the shape of the API, and a command makes its table of that shape alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import msgspec

from exporter.ledger.files import last_sample
from exporter.session.client import ServiceError
from exporter.terminal.dates import second_text
from reports.calendar.days import iso
from reports.text.amounts import human_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exporter.session.client import ServiceClient
    from exporter.session.session import Session
    from reports.ledger.reader import LedgerReader

Parameters: TypeAlias = "Mapping[str, object]"
Shape = TypeVar("Shape")
BAD_REQUEST, OF_REQUESTS = 400, "/api/requests"


class Question(NamedTuple, Generic[Shape]):
    """A request of the API, and the function that makes the same answer from the ledger.

    Parameters that are None or empty are left out.
    """

    path: str
    parameters: Parameters
    shape: type[Shape]
    answer: Callable[[LedgerReader], Shape]


class Reply(NamedTuple, Generic[Shape]):
    """An answer, the zone of its days, and the time of the newest data in words."""

    answer: Shape
    zone: ZoneInfo
    until: str


def ask(session: Session, question: Question[Shape]) -> Reply[Shape]:
    """Answer from the ledger's file where this user may read it, else by the service; ends the command on errors.

    The file needs no service, and is faster.
    """
    service = session.fallback_service()
    if service is not None:
        return _of_service(service, session, question)
    read = session.read_merged if question.path.startswith(OF_REQUESTS) else session.read
    with read() as ledger:
        return Reply(question.answer(ledger), ledger.zone, _until(session, ledger))


def fetch(service: ServiceClient, path: str, parameters: Parameters) -> bytes:
    """The body of the service's answer; ends the command on errors."""
    given = {name: value for name, value in parameters.items() if value not in (None, ())}
    try:
        return service.fetch(f"{path}?{urlencode(given, doseq=True)}" if given else path)
    except ServiceError as error:
        raise click_error(error) from error


def click_error(error: ServiceError) -> click.ClickException:
    """A UsageError where the service refuses the question."""
    return click.UsageError(error.reason) if error.status == BAD_REQUEST else click.ClickException(str(error))


def _of_service(service: ServiceClient, session: Session, question: Question[Shape]) -> Reply[Shape]:
    parameters = dict(question.parameters)
    if session.hosts is not None:
        parameters["hosts"] = session.hosts.names
        session.hosts.label = " + ".join(session.hosts.names)
    body = fetch(service, question.path, parameters)
    try:
        answer = msgspec.json.decode(body, type=question.shape)
        zone = ZoneInfo(service.get("/api/health")["timezone"])
    except ServiceError as error:
        raise click_error(error) from error
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, ZoneInfoNotFoundError) as error:
        problem = f"the service at {service.url} answers as another version would: ask it with its own netledger"
        raise click.ClickException(problem) from error
    return Reply(answer, zone, f"until {when(session.now(), zone)}")


def counted_until(session: Session) -> float | None:
    """The time of the newest data that an answer has (UTC seconds); None where nothing is counted yet."""
    if session.holder is not None or session.fallback_service() is not None:
        return session.now()
    return last_sample(session.settings.ledger.path)


def _until(session: Session, ledger: LedgerReader) -> str:
    instant = counted_until(session)
    if instant is None:
        return "netledger is not running, and has counted nothing yet"
    stopped = "" if session.holder is not None else ": netledger is not running"
    return f"until {when(instant, ledger.zone)}{_others_until(session)}{stopped}"


def _others_until(session: Session) -> str:
    """How old the data of other machines may be."""
    note = None if session.hosts is None else session.hosts.note
    return (
        f", other machines up to {human_duration(note.behind_seconds)} before" if note and note.behind_seconds else ""
    )


def when(instant: float, zone: ZoneInfo) -> str:
    """Time and zone, such as "2026-11-28 04:43:10 Europe/Berlin"."""
    return f"{second_text(iso(instant, zone))} {zone.key}"
