"""The interfaces of the ledger as a question, and the reason why a command has no data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.session.questions import Question, ask
from exporter.session.session import SessionError
from reports.formats.json import usage as shapes
from reports.ledger.reader import NO_BYTES
from reports.usage import usage

if TYPE_CHECKING:
    from exporter.session.session import Session
    from reports.ledger.reader import LedgerReader


def known_interfaces(session: Session) -> Question[shapes.Interfaces]:
    """Every interface that was ever metered."""

    def answer(ledger: LedgerReader) -> shapes.Interfaces:
        period = usage.today(ledger, session.now()).period
        today = ledger.days_by_interface(period.first, period.last)
        return shapes.Interfaces(
            interfaces=[
                shapes.interface(held, today.get(held.device, NO_BYTES), ledger.zone, ledger.aliases)
                for held in ledger.interfaces()
            ]
        )

    return Question("/api/interfaces", {}, shapes.Interfaces, answer)


def no_data_text(session: Session) -> str:
    """The reason why a table is empty."""
    if session.holder is None and not _is_running(session):
        return "Nothing is counted yet: start `netledger run`."
    if any(row.counted for row in ask(session, known_interfaces(session)).answer.interfaces):
        return "Nothing has moved yet."
    return "No interface counts for the machine's total. Connect the machine, or set interfaces.counted."


def _is_running(session: Session) -> bool:
    try:
        return session.any_service() is not None
    except SessionError:
        return False
