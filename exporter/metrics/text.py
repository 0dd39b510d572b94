"""Families as lines of text. Both formats share the samples' lines; what has not changed since is kept."""

from __future__ import annotations

from functools import cache
from itertools import accumulate
from operator import add, attrgetter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from prometheus_client import Metric, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from exporter.metrics.numbers import number_text
from exporter.metrics.tables import SUFFIXES, HistogramRow, Table
from reports.calendar.history import PERIODS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from exporter.metering.totals import Amount, SubjectTotals
    from exporter.metrics.negotiation import Format
    from exporter.metrics.state import MetricsState
    from exporter.metrics.tables import HistogramTable, HistoryTable, Labels, Source

Row = TypeVar("Row")
# How a page ends.
ENDS: dict[Format, bytes] = {"text": b"", "openmetrics": b"# EOF\n"}


class Head(NamedTuple):
    """HELP and TYPE of one family in each format, and the names that select it."""

    texts: Mapping[Format, bytes]
    names: frozenset[str]


class _Lines(NamedTuple, Generic[Row]):
    """A row and its lines, a text for each column; `reusable` are texts for another row with the same labels."""

    row: Row
    reusable: Any
    samples: list[str]


class TableText(Generic[Row]):
    """The families of a table. A row that is equal to the last one with its labels keeps its lines."""

    def __init__(self, table: Table[Row]) -> None:
        self._table = table
        self._heads = [head_of(column.name, column.help, column.kind) for column in table.columns]
        self._rows: Sequence[Row] = ()
        self._kept: dict[Labels, _Lines[Row]] = {}
        self._families: list[tuple[Head, bytes]] = []

    def update(self, state: MetricsState) -> list[tuple[Head, bytes]]:
        """The families of this state, in order, each with the lines of its samples."""
        rows = self._table.rows(state)
        if rows != self._rows:
            last, self._kept = self._kept, {}
            for row in rows:
                labels = self._table.labels(row)
                kept = last.get(labels)
                self._kept[labels] = kept if kept and kept.row == row else self._write(row, labels, kept)
            texts = zip(*[kept.samples for kept in self._kept.values()], strict=True)
            self._families = [(head, "".join(text).encode()) for head, text in zip(self._heads, texts, strict=False)]
            self._rows = rows
        return self._families

    def _write(self, row: Row, labels: Labels, kept: _Lines[Row] | None) -> _Lines[Row]:
        text = kept.reusable if kept else label_text(self._table.label_names, labels)
        return _Lines(
            row, text, [f"{name}{text}{number_text(value(row))}\n" for name, _, _, value in self._table.columns]
        )


class _History(NamedTuple):
    """A history at one moment. Equal totals are the same object; `past` changes with every byte but today's."""

    labels: Labels
    totals: SubjectTotals
    past: int
    today: date
    amount: Amount | None


class HistoryText(TableText[_History]):
    """The families of a history table. Finished periods are written once, current ones where today's bytes change."""

    def __init__(self, table: HistoryTable) -> None:
        super().__init__(Table(table.label_names, self._histories, attrgetter("labels"), ()))
        self._heads = [head_of(column.name, column.help, column.kind) for column in table.columns]
        self._history = table

    def _histories(self, state: MetricsState) -> list[_History]:
        today = state.today
        histories = self._history.histories(state)
        return [_History(labels, each, each.past(today), today, each.days.get(today)) for labels, each in histories]

    def _write(self, row: _History, labels: Labels, kept: _Lines[_History] | None) -> _Lines[_History]:
        _, totals, _, today, _ = row
        current = self._history.current(today)
        if kept and kept.row[:-1] == row[:-1]:
            finished, beginnings = kept.reusable
        else:
            cells = self._history.finished(totals, today)
            finished = self._texts(
                self._labels(labels, [cell.period for cell in cells]), [cell.amount for cell in cells]
            )
            beginnings = self._labels(labels, [text for text, _ in current])
        amounts = dict(zip(PERIODS, totals.all_to_date(today), strict=True))
        to_date = self._texts(beginnings, [amounts[period] for _, period in current])
        return _Lines(row, (finished, beginnings), list(map(add, finished, to_date)))

    def _labels(self, labels: Labels, periods: Iterable[str]) -> list[str]:
        return [label_text(self._history.label_names, (*labels, period)) for period in periods]

    def _texts(self, labels: list[str], amounts: list[Amount]) -> list[str]:
        return [
            "".join([f"{name}{text}{number_text(value(each))}\n" for text, each in zip(labels, amounts, strict=True)])
            for name, _, _, value in self._history.columns
        ]


class HistogramText(TableText[HistogramRow]):
    """The family of a histogram table: buckets, count and sum of each row."""

    def __init__(self, table: HistogramTable) -> None:
        super().__init__(Table(table.label_names, table.rows, attrgetter("labels"), ()))
        samples = tuple(f"{table.name}_{suffix}" for suffix in ("bucket", "count", "sum"))
        self._heads = [head_of(table.name, table.help, "histogram", samples)]
        self._names = samples
        self._bounds = [*map(number_text, table.bounds), "+Inf"]
        self._label_names = table.label_names

    def _write(self, row: HistogramRow, labels: Labels, kept: _Lines[HistogramRow] | None) -> _Lines[HistogramRow]:
        beginnings = kept.reusable if kept else self._beginnings(labels)
        counts = list(accumulate(row.counts))
        values = [*counts, counts[-1], row.total]
        lines = [f"{text}{number_text(value)}\n" for text, value in zip(beginnings, values, strict=True)]
        return _Lines(row, beginnings, ["".join(lines)])

    def _beginnings(self, labels: Labels) -> list[str]:
        bucket, count, total = self._names
        with_bound, own = ("le", *self._label_names), label_text(self._label_names, labels)
        buckets = [f"{bucket}{label_text(with_bound, (bound, *labels))}" for bound in self._bounds]
        return [*buckets, f"{count}{own}", f"{total}{own}"]


class SourceText:
    """The families of a source; they are written again when its mark changes."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._mark: object = self  # like no mark
        self._families: list[tuple[Head, bytes]] = []

    def update(self, state: MetricsState) -> list[tuple[Head, bytes]]:
        """The families of this state, in order, each with the lines of its samples."""
        mark = self._source.mark(state)
        if mark != self._mark:
            self._families = [_ready_made(metric) for metric in self._source.collect(state)]
            self._mark = mark
        return self._families


def label_text(names: Labels, values: Labels) -> str:
    """Labels and the space before the value, as prometheus-client writes them, five times as fast."""
    if not names:
        return " "
    order, template = _template(names)
    return template % tuple([_escaped(values[place]) for place in order])


@cache
def _template(names: Labels) -> tuple[list[int], str]:
    order = sorted(range(len(names)), key=names.__getitem__)
    return order, "{" + ",".join(f'{names[place]}="%s"' for place in order) + "} "


def _escaped(text: str) -> str:
    if text.isalnum():
        return text
    return printable(text).replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def printable(text: str) -> str:
    """A text that UTF-8 can hold: the kernel takes any byte in a name."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _ready_made(metric: Metric) -> tuple[Head, bytes]:
    lines = [
        f"{sample.name}{label_text(tuple(sample.labels), tuple(sample.labels.values()))}{number_text(sample.value)}\n"
        for sample in metric.samples
    ]
    names = tuple(sample.name for sample in metric.samples)
    return head_of(metric.name, metric.documentation, metric.type, names), "".join(lines).encode()


@cache
def head_of(name: str, documentation: str, kind: str, samples: tuple[str, ...] = ()) -> Head:
    """The head of a family by its name or its one sample's, and by the names of its other samples."""
    family = Metric(name.removesuffix(SUFFIXES.get(kind, "")), documentation, kind)
    registry = SimpleNamespace(collect=lambda: (family,))
    openmetrics: bytes = generate_openmetrics(registry)  # type: ignore[no-untyped-call]
    texts: dict[Format, bytes] = {
        "text": generate_latest(registry),
        "openmetrics": openmetrics.removesuffix(ENDS["openmetrics"]),
    }
    return Head(texts, frozenset((family.name, name, *samples)))
