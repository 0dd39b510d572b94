"""Tables of applications, as several commands print them."""

from __future__ import annotations

import sys
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from exporter.session.application_questions import (
    ApplicationsRequest,
    all_applications,
    named_period,
    one_application,
    period_of,
)
from exporter.session.client import ServiceError
from exporter.session.dashboards import dashboard_notes
from exporter.session.live_applications import PATH, way_notes
from exporter.session.questions import ask
from exporter.session.reading import CommandAnswer
from exporter.terminal.amounts import UNKNOWN, amount_width, bytes_text, percent_text
from exporter.terminal.dates import time_text
from exporter.terminal.imported import mark_note, marked
from exporter.terminal.printing import (
    BORDER,
    NARROWEST_BAR,
    TextTable,
    print_sentence,
    print_table,
    printable,
    terminal_width,
)
from exporter.terminal.width import cut
from reports.text.dates import short_minute
from reports.usage.scopes import scopes_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exporter.session.questions import Reply
    from exporter.session.session import Session
    from reports.calendar.period import Period
    from reports.formats.json import applications as shapes
    from reports.formats.shapes import Usage

COLUMNS = ("Application", "Received", "Sent", "Total", "Share")
TOTAL, UNATTRIBUTED = "TOTAL", "(unattributed)"
SHARE_WIDTH = len("100.0 %")
NARROWEST_NAME = 16


def applications_answer(session: Session, request: ApplicationsRequest) -> CommandAnswer:
    """The answer of a command to a question of all applications."""
    found = ask(session, all_applications(session, request))
    return CommandAnswer(found.answer, partial(print_applications, session, found))


def period_answer(session: Session, period: str, scopes: Sequence[str]) -> CommandAnswer:
    """The same of a period by its word."""
    return applications_answer(session, ApplicationsRequest(named_period(period), scopes))


def application_answer(session: Session, name: str, request: ApplicationsRequest) -> CommandAnswer:
    """The answer of a command to a question of one application by day."""
    found = ask(session, one_application(session, name, request))
    return CommandAnswer(found.answer, partial(print_application, session, found))


def print_applications(session: Session, found: Reply[shapes.ApplicationsAnswer]) -> None:
    """The applications, those beyond the limit as one row, their total, and what is attributed to none."""
    answer = found.answer
    period = period_of(answer.first, answer.last, found.zone)
    moved = [row for row in answer.applications if row.total_bytes]  # of the others, all was loopback
    rows: list[tuple[str, ...]] = [
        (marked(_name(row.application), row.imported_bytes), *_words(*_amounts(row)), _percent(row.share))
        for row in moved
    ]
    bars: list[int | None] = [row.total_bytes for row in moved]
    rows += [*_rest(answer), (TOTAL, *_words(*_amounts(answer.summary)), ""), *_unattributed(answer)]
    bars += [None] * (len(rows) - len(bars))
    title = f"{period.name}, {_label(session, answer.scope)}"
    if not answer.applications:
        print_sentence(_no_data_text(session, answer, period))
        return
    print_table(
        TextTable(title, COLUMNS, rows, bars=bars),
        [
            *_notes(session, found, period),
            *_imported(answer.summary.imported_bytes),
            *_sums(answer),
            *_ways(session),
            *_dashboard(session, period),
        ],
    )


def print_application(session: Session, found: Reply[shapes.ApplicationAnswer]) -> None:
    """One application by day."""
    answer = found.answer
    period = period_of(answer.first, answer.last, found.zone)
    rows = [
        (marked(time_text(day.date), day.imported_bytes), *_words(day.bytes_received, day.bytes_sent, day.total_bytes))
        for day in answer.days
    ]
    rows.append((TOTAL, *_words(answer.bytes_received, answer.bytes_sent, answer.total_bytes)))
    bars = [*(day.total_bytes for day in answer.days), None]
    where = [f"{name} {bytes_text(used.total_bytes)}" for name, used in answer.scopes.items()]
    notes = [*([f"scopes: {', '.join(where)}"] if where else []), *_notes(session, found, period), *_ways(session)]
    notes += [*_imported(answer.imported_bytes), *_dashboard(session, period, answer.application)]
    title = f"{answer.application}, {period.name}, {_label(session, answer.scope)}"
    print_table(TextTable(title, ("Date", *COLUMNS[1:-1]), rows, bars=bars), notes)


def _label(session: Session, scopes: Sequence[str]) -> str:
    of_hosts = [] if session.hosts is None else [session.hosts.label]
    return ", ".join([*of_hosts, scopes_label(scopes) if scopes else "all applications"])


def _name(application: str) -> str:
    """Cut to the room that the numbers leave on a terminal; in a pipe as it is."""
    if not sys.stdout.isatty():
        return application
    numbers = 3 * (amount_width() + BORDER) + SHARE_WIDTH + BORDER
    room = terminal_width() - numbers - NARROWEST_BAR - 2 * BORDER - 1
    return cut(printable(application), max(room, NARROWEST_NAME))


def _rest(answer: shapes.ApplicationsAnswer) -> Iterator[tuple[str, ...]]:
    """What the applications beyond the limit moved."""
    beyond = answer.total - len(answer.applications)
    if beyond > 0:
        whole = [sum(pair) for pair in zip(_amounts(answer.summary), _amounts(answer.tunnel), strict=True)]
        listed = [sum(each) for each in zip(*map(_amounts, answer.applications), strict=True)]
        rest = [one - other for one, other in zip(whole, listed, strict=True)]
        if rest[-1]:
            yield f"({beyond} more)", *_words(*rest), _percent(rest[-1] / whole[-1] if whole[-1] else 0.0)


def _unattributed(answer: shapes.ApplicationsAnswer) -> Iterator[tuple[str, ...]]:
    if not answer.scope:
        yield UNATTRIBUTED, *_words(*_amounts(answer.unattributed)), ""


def _amounts(used: shapes.ApplicationRow | shapes.Difference | Usage) -> tuple[int, int, int]:
    return used.bytes_received, used.bytes_sent, used.total_bytes


def _words(*amounts: int | None) -> tuple[str, ...]:
    return tuple(UNKNOWN if amount is None else _signed(amount) for amount in amounts)


def _signed(amount: int) -> str:
    return f"-{bytes_text(-amount)}" if amount < 0 else bytes_text(amount)


def _percent(share: float) -> str:
    return percent_text(share)


def _imported(imported_bytes: int) -> list[str]:
    return [f"{note}: another program's estimates, of no interface" for note in mark_note(imported_bytes)]


def _sums(answer: shapes.ApplicationsAnswer) -> Iterator[str]:
    """How the total and the interfaces' total hang together."""
    if answer.tunnel.total_bytes:
        moved = bytes_text(answer.tunnel.total_bytes)
        yield f"{moved} of them went through a tunnel, whose own packets carry them again: {TOTAL} has them once"
    if not answer.scope:
        whole, attributed = bytes_text(answer.interfaces.total_bytes), bytes_text(answer.attributed.total_bytes)
        yield f"the counted interfaces moved {whole}: {attributed} are of applications, the rest is {UNATTRIBUTED}"


def _notes(
    session: Session, found: Reply[shapes.ApplicationsAnswer] | Reply[shapes.ApplicationAnswer], period: Period
) -> Iterator[str]:
    """Until when and since when it is measured."""
    if period.end > session.now():
        yield found.until
    if (since := found.answer.counting_since) is not None:
        began = datetime.fromisoformat(since)
        if began.timestamp() > period.start:
            yield f"applications are measured since {short_minute(began)}"


def _dashboard(session: Session, period: Period, application: str | None = None) -> list[str]:
    end = None if period.end > session.now() else period.end
    return dashboard_notes(session.settings, lambda links: links.applications(period.start, end, application))


def _ways(session: Session) -> list[str]:
    """What the way of measuring does not see, where a service says it."""
    service = session.client or session.fallback_service()
    try:
        answer = service.get(PATH) if service else {}
    except ServiceError:
        return []
    return way_notes(answer.get("backend", ""), answer.get("limits", ()))


def _no_data_text(session: Session, answer: shapes.ApplicationsAnswer, period: Period) -> str:
    if answer.counting_since is None:
        return f"No application was ever measured: {_reason(session)}."
    return f"No application moved anything in {period.name}, {_label(session, answer.scope)}."


def _reason(session: Session) -> str:
    """Why none is measured, in words of the running service."""
    service = session.client or session.fallback_service()
    if service is None:
        return "`netledger doctor` says more" if session.holder else "start `netledger run`"
    try:
        reason = service.get(PATH).get("reason")
    except ServiceError as error:
        reason = str(error)
    return reason or "nothing has moved yet"
