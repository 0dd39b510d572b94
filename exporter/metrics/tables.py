"""Families that are told of the same subjects, declared as a table: a row is a subject, a column a family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, TypeVar

from prometheus_client import Metric
from prometheus_client.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from exporter.metering.totals import Amount, SubjectTotals
    from exporter.metrics.state import MetricsState

    Told = Callable[[MetricsState], Iterable[tuple[str, str]]]

Row = TypeVar("Row")
Kind = Literal["counter", "gauge", "info"]
Labels = tuple[str, ...]

SUFFIXES: dict[Kind, str] = {"counter": "_total", "gauge": "", "info": "_info"}
TRUTH = ("false", "true")
"""How a label says no and yes."""


class Column(NamedTuple, Generic[Row]):
    """One family: `name` is that of its samples, suffix included; `value` reads it off a row."""

    name: str
    kind: Kind
    help: str
    value: Callable[[Row], float]

    def metric(self, label_names: Labels, labels: Iterable[Labels], values: Iterable[float]) -> Metric:
        """The family as prometheus-client knows it, with one sample for each pair of labels and value."""
        metric = Metric(self.name.removesuffix(SUFFIXES[self.kind]), self.help, self.kind)
        metric.samples = [
            Sample(self.name, {name: printable(text) for name, text in zip(label_names, texts, strict=True)}, value)
            for texts, value in zip(labels, values, strict=True)
        ]
        return metric


class Table(NamedTuple, Generic[Row]):
    """The subjects (`rows`), what tells them apart (`label_names`, `labels`), and what is told of each.

    Rows are values: of two that are equal the same is told.
    """

    label_names: Labels
    rows: Callable[[MetricsState], Sequence[Row]]
    labels: Callable[[Row], Labels]
    columns: tuple[Column[Row], ...]

    def collect(self, state: MetricsState) -> Iterator[Metric]:
        """Every family that has a sample."""
        rows = self.rows(state)
        if not rows:
            return
        labels = [self.labels(row) for row in rows]
        for column in self.columns:
            yield column.metric(self.label_names, labels, map(column.value, rows))


class Cell(NamedTuple):
    """Bytes of one device in one period; `period` is the label: a date, a month, a period's name."""

    period: str
    amount: Amount


class HistoryTable(NamedTuple):
    """Bytes of each device (by its name and "counted" labels) by period; the columns are those of `Amount`.

    `finished` are periods that no traffic of today changes; `current` the labels of those that it does, each with
    the name it has in PERIODS.
    """

    label_names: Labels
    told: Told
    finished: Callable[[SubjectTotals, date], Sequence[Cell]]
    current: Callable[[date], Sequence[tuple[str, str]]]
    columns: tuple[Column[Amount], Column[Amount]]

    def collect(self, state: MetricsState) -> Iterator[Metric]:
        """Every family that has a sample."""
        today = state.today
        cells: list[tuple[Labels, Amount]] = []
        for device in self.told(state):
            totals = state.totals.device(device[0])
            cells += [((*device, text), amount) for text, amount in self.finished(totals, today)]
            cells += [((*device, text), totals.to_date(period, today)) for text, period in self.current(today)]
        if not cells:
            return
        labels = [texts for texts, _ in cells]
        for column in self.columns:
            yield column.metric(self.label_names, labels, [column.value(amount) for _, amount in cells])


class Source(NamedTuple):
    """Families that come ready made; they are collected anew when `mark` has changed."""

    collect: Callable[[MetricsState], Iterable[Metric]]
    mark: Callable[[MetricsState], object]


def printable(text: str) -> str:
    """The kernel takes any byte in a name; one that is no UTF-8 would cost the whole page."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
