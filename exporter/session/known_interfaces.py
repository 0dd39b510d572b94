"""Which interfaces the ledger knows, as a question; and why a command finds nothing to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.session.questions import Question, ask
from exporter.session.session import BooksError
from reports.formats.json import usage as shapes
from reports.ledger.reader import NO_BYTES
from reports.usage import usage

if TYPE_CHECKING:
    from exporter.session.session import Books
    from reports.ledger.reader import LedgerReader


def known_interfaces(books: Books) -> Question[shapes.Interfaces]:
    """Every interface that was ever metered."""

    def answer(ledger: LedgerReader) -> shapes.Interfaces:
        period = usage.today(ledger, books.now()).period
        today = ledger.days_by_interface(period.first, period.last)
        return shapes.Interfaces(
            interfaces=[
                shapes.interface(held, today.get(held.device, NO_BYTES), ledger.zone) for held in ledger.interfaces()
            ]
        )

    return Question("/api/interfaces", {}, shapes.Interfaces, answer)


def nothing_yet(books: Books) -> str:
    """Why there is nothing to tell."""
    if books.holder is None and not _is_answered(books):
        return "Nothing is counted yet: start `netledger run`."
    if any(row.counted for row in ask(books, known_interfaces(books)).answer.interfaces):
        return "Nothing has moved yet."
    return "No interface counts for the machine's total. Connect the machine, or set interfaces.counted."


def _is_answered(books: Books) -> bool:
    try:
        return books.answering() is not None
    except BooksError:
        return False
