"""The lines of a history: what is finished is written once, and only what today's traffic changes is written again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.metrics.lines import label_texts, lines_of
from exporter.metrics.numbers import number_text
from reports.calendar.history import PERIODS

if TYPE_CHECKING:
    from datetime import date

    from exporter.metering.totals import Amount, SubjectTotals
    from exporter.metrics.lines import Lines
    from exporter.metrics.state import MetricsState
    from exporter.metrics.tables import HistoryTable, Labels, Told


class Book:
    """One device on one day, as long as nothing but this day's traffic changes its history; equal to itself alone."""

    __slots__ = ("labels", "past", "today", "totals")

    def __init__(self, labels: Labels, totals: SubjectTotals, today: date) -> None:
        """`labels` are its name and whether it counts."""
        self.labels, self.totals, self.today = labels, totals, today
        self.past = totals.past(today)

    def is_open(self, totals: SubjectTotals, today: date) -> bool:
        """Whether these totals are still the ones, and unchanged but for today."""
        return self.totals is totals and self.past == totals.past(today)


class Shown(NamedTuple):
    """A book and what changes in it: today's amount, and the texts of all PERIODS, received and transmitted."""

    book: Book
    amount: Amount | None
    numbers: tuple[tuple[str, ...], tuple[str, ...]]


class Histories:
    """Follows the devices that are told of, for all tables at once; `shown` is a new list where one has changed."""

    def __init__(self, told: Told) -> None:
        """Begin without a device."""
        self._told = told
        self._held: dict[Labels, Shown] = {}
        self.shown: list[Shown] = []

    def follow(self, state: MetricsState) -> None:
        """Look whose history has changed; to be called before the lines are updated."""
        today, totals_of = state.today, state.totals.device
        shown = [self._look(labels, totals_of(labels[0]), today) for labels in self._told(state)]
        if shown != self.shown:
            self._held = {one.book.labels: one for one in shown}
            self.shown = shown

    def _look(self, labels: Labels, totals: SubjectTotals, today: date) -> Shown:
        held, amount = self._held.get(labels), totals.days.get(today)
        if held is None or not held.book.is_open(totals, today):
            book = Book(labels, totals, today)
        elif held.amount == amount:
            return held
        else:
            book = held.book
        amounts = totals.all_to_date(today)
        received = tuple([number_text(each.receive) for each in amounts])
        return Shown(book, amount, (received, tuple([number_text(each.transmit) for each in amounts])))


class _Written(NamedTuple):
    """One family's lines of one book: those that stay, and the others' beginnings with their place in PERIODS."""

    finished: bytes
    current: tuple[tuple[str, int], ...]


class HistoryLines:
    """The lines of a history table's families."""

    def __init__(self, table: HistoryTable, histories: Histories) -> None:
        """Begin without a device; `histories` has to follow each state first."""
        self._table, self._histories = table, histories
        self._lines = [lines_of(column) for column in table.columns]
        self._shown: list[Shown] = []
        self._written: dict[Book, list[_Written]] = {}

    def update(self, _: MetricsState) -> list[Lines]:
        """Follow the histories; gives one `Lines` a family, in order."""
        shown = self._histories.shown
        if shown is not self._shown:
            written = {one.book: self._written.get(one.book) or self._write(one.book) for one in shown}
            for number, lines in enumerate(self._lines):
                # What is finished is copied once only, when a page is made.
                lines.parts = [part for one in shown for part in _parts(written[one.book][number], one.numbers[number])]
            self._written, self._shown = written, shown
        return self._lines

    def _write(self, book: Book) -> list[_Written]:
        table = self._table
        cells = table.finished(book.totals, book.today)
        current = table.current(book.today)
        finished = list(zip(self._ends(book, [cell.period for cell in cells]), cells, strict=True))
        beginnings = self._ends(book, [text for text, _ in current])
        places = [PERIODS.index(period) for _, period in current]
        families = []
        for column in table.columns:
            lines = [f"{column.name}{end}{number_text(column.value(cell.amount))}\n" for end, cell in finished]
            begun = [(column.name + end, place) for end, place in zip(beginnings, places, strict=True)]
            families.append(_Written("".join(lines).encode(), tuple(begun)))
        return families

    def _ends(self, book: Book, texts: list[str]) -> list[str]:
        return list(label_texts(self._table.label_names, [(*book.labels, text) for text in texts]))


def _parts(written: _Written, texts: tuple[str, ...]) -> tuple[bytes, bytes]:
    current = [f"{beginning}{texts[place]}\n" for beginning, place in written.current]
    return written.finished, "".join(current).encode()
