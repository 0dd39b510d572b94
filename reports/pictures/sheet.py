"""A sheet: a title, tables and charts below each other, and who and when at its foot."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from markupsafe import escape

from reports.calendar.days import iso
from reports.charts.columns import column_chart
from reports.charts.scale import AxisForm
from reports.pictures.letters import BOLD, fitted
from reports.pictures.theme import AUTO, style_element
from reports.text.dates import minute_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

    from reports.charts.columns import Column

WIDTH, MARGIN = 640, 20
ROOM = WIDTH - 2 * MARGIN
TITLE_HEIGHT, TITLE_SIZE = 48, 15
ROW, BASELINE = 22, 15
"""Height of a row, and where in it the text stands."""

LONGEST_AMOUNT = 87
RIGHTS = (230, 320, 410, 512)
"""Where the columns received, sent, total and average end: the longest amounts have so many pixels."""

HEADINGS = ("Received", "Sent", "Total", "Average")
BARS, BAR_HEIGHT = 526, 12
BARS_WIDTH = WIDTH - MARGIN - BARS
CHART_LEFT, CHART_HEIGHT, CHART_GAP = 84, 170, 12
MARK = "*"
"""At the name of a row of which something was imported."""

CLOCK = slice(len("2026-06-12 "), None)
UNKNOWN = "\N{EN DASH}"
UNSAFE = {
    **dict.fromkeys((*range(32), *range(127, 160), *range(8206, 8208), *range(8234, 8239), *range(8294, 8298)), "?"),
    **dict.fromkeys((*range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "?"),
}
"""Marks of control and direction, and what XML has no place for."""


class AmountStyle(Protocol):
    """How amounts are written: bytes in units of 1000 or 1024, speeds in bits or bytes a second."""

    @property
    def is_binary(self) -> bool:
        """Whether bytes are in units of 1024."""

    def bytes(self, amount: int) -> str:
        """As in "12.51 GB"."""

    def speed(self, bytes_per_second: float) -> str:
        """As in "1.01 Gbit/s"."""

    def number(self, english: str) -> str:
        """A text with numbers, as in "12.5 %", as the reader writes numbers."""


class DateStyle(Protocol):
    """How months, days and times of the clock are written."""

    def time(self, iso: str) -> str:
        """A month, day or minute of the clock; other texts, such as a year, stay."""

    def clock(self, iso: str) -> str:
        """The time of a minute of the clock, as in "10:05"."""


class IsoDates:
    """Dates of ISO 8601: "2026-06-12 12:00"."""

    def time(self, iso: str) -> str:
        """As in "2026-06-12 12:00"."""
        return minute_text(iso)

    def clock(self, iso: str) -> str:
        """As in "10:05"."""
        return minute_text(iso)[CLOCK]


ISO_DATES = IsoDates()


def until_text(instant: float | None, zone: ZoneInfo, dates: DateStyle = ISO_DATES) -> str:
    """As in "until 2026-06-12 12:00 Asia/Kolkata"; None where nothing is counted yet."""
    return "nothing is counted yet" if instant is None else f"until {dates.time(iso(instant, zone))} {zone.key}"


class PictureContext(NamedTuple):
    """Whose usage it is, until when it is counted (in words), how amounts and dates are written, in which colours."""

    subject: str
    until: str
    amounts: AmountStyle
    theme: str = AUTO
    dates: DateStyle = ISO_DATES

    def bytes(self, amount: int | None) -> str:
        """Bytes in words; a dash where they are not known."""
        return UNKNOWN if amount is None else self.amounts.bytes(amount)

    def speed(self, bytes_per_second: int | None) -> str:
        """A speed in words; a dash where it is not known."""
        return UNKNOWN if bytes_per_second is None else self.amounts.speed(bytes_per_second)


class Row(NamedTuple):
    """A line of a table: bytes and bytes per second, None where they are not known.

    `whole` are the bytes of a full bar, without a bar 0; `expected` are those that the row has at the end of its time.
    A line is above a sum.
    """

    name: str
    received: int | None
    sent: int | None
    total: int | None
    average: int | None
    whole: int = 0
    expected: int = 0
    is_muted: bool = False
    is_sum: bool = False


class Sheet:
    """Parts from top to bottom."""

    def __init__(self, title: str, context: PictureContext) -> None:
        """Only the title, which also names the subject."""
        self._title, self._context = f"{title}, {context.subject}".translate(UNSAFE), context
        self._parts: list[str] = []
        self._said: list[str] = []
        self._bottom = TITLE_HEIGHT

    def add_heading(self, words: str) -> None:
        """A line of its own, with room above it."""
        self._bottom += ROW // 2
        self._parts.append(_text(MARGIN, self._bottom + BASELINE, words))
        self._bottom += ROW

    def add_table(self, rows: Sequence[Row]) -> None:
        """A table with headings."""
        for x, heading in zip(RIGHTS, HEADINGS, strict=True):
            self._parts.append(_text(x, self._bottom + BASELINE, heading, "muted", "end"))
        self._bottom += ROW
        self._parts.append(_line(self._bottom))
        for row in rows:
            self._parts += self._row(row)
            self._bottom += ROW

    def add_imported(self, imported_bytes: int) -> None:
        """How much of the marked rows other programs have counted; nothing where that is none."""
        if imported_bytes:
            words = f"{self._context.bytes(imported_bytes)} of it imported ({MARK})"
            self._parts.append(_text(MARGIN, self._bottom + BASELINE, words, "muted"))
            self._said.append(words)
            self._bottom += ROW

    def add_columns(self, columns: Sequence[Column], title: str) -> None:
        """A chart of columns."""
        form = AxisForm(self._context.amounts.is_binary, self._context.amounts.number)
        chart = column_chart(columns, title=title, height=CHART_HEIGHT, form=form)
        place = f'x="{CHART_LEFT}" y="{self._bottom}" width="{WIDTH - MARGIN - CHART_LEFT}" height="{CHART_HEIGHT}"'
        self._parts.append(f'<svg {place} overflow="visible">{chart}</svg>')
        self._said += [column.tip for column in columns]
        self._bottom += CHART_HEIGHT + CHART_GAP

    def document(self) -> str:
        """The SVG."""
        parts = [*self._parts, *self._foot()]
        height = self._bottom + 2 * ROW
        title, words = escape(self._title), escape("; ".join(self._said).translate(UNSAFE))
        shown = escape(fitted(self._title, ROOM / BOLD, TITLE_SIZE))
        size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
        frame = f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>'
        # A frame of its own cuts off what a letter of another script might need beyond its room.
        head = (
            f'<svg x="{MARGIN}" width="{ROOM}" height="{TITLE_HEIGHT}"><text class="title" y="30">{shown}</text></svg>'
        )
        begin = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}">'
        names = f"<title>{title}</title><desc>{words}</desc>"
        return "\n".join([begin, names, style_element(self._context.theme), frame, head, *parts, "</svg>", ""])

    def _row(self, row: Row) -> Iterator[str]:
        kind, y = "muted" if row.is_muted else "", self._bottom + BASELINE
        if row.is_sum:
            yield _line(self._bottom)
        amounts = [self._context.bytes(amount) for amount in (row.received, row.sent, row.total)]
        cells = [*amounts, self._context.speed(row.average)]
        yield _text(MARGIN, y, row.name, kind)
        for x, cell in zip(RIGHTS, cells, strict=True):
            yield _text(x, y, cell, kind, "end")
        yield from _bar(row, self._bottom + (ROW - BAR_HEIGHT) // 2)
        self._said.append(f"{row.name}: {cells[0]} received, {cells[1]} sent, {cells[2]} in all, {cells[3]} on average")

    def _foot(self) -> Iterator[str]:
        y = self._bottom + ROW // 2
        yield _line(y)
        x = MARGIN
        for kind, words, room in (("receive", "received", 86), ("transmit", "sent", 0)):
            yield f'<rect class="{kind}" x="{x}" y="{y + 8}" width="10" height="10" rx="2"/>'
            yield _text(x + 16, y + 17, words, "muted")
            x += room
        yield _text(WIDTH - MARGIN, y + 17, self._context.until, "muted", "end")


def _bar(row: Row, y: int) -> Iterator[str]:
    """Received bytes, sent ones beside them, and behind both what is expected."""
    if not row.whole:
        return
    received = BARS_WIDTH * (row.received or 0) / row.whole
    sent = BARS_WIDTH * (row.sent or 0) / row.whole
    expected = BARS_WIDTH * row.expected / row.whole
    if expected > received + sent:
        yield _rect("receive expected", BARS + received + sent, expected - received - sent, y)
    if received:
        yield _rect("receive", BARS, received, y)
    if sent:
        yield _rect("transmit", BARS + received, sent, y)


def _rect(kind: str, x: float, width: float, y: int) -> str:
    return f'<rect class="{kind}" x="{x:.2f}" y="{y}" width="{width:.2f}" height="{BAR_HEIGHT}"/>'


def _text(x: int, y: int, words: str, kind: str = "", anchor: str = "") -> str:
    more = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x}" y="{y}"{more}>{escape(words)}</text>'


def _line(y: int) -> str:
    return f'<line class="line" x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y - 0.5}" y2="{y - 0.5}"/>'
