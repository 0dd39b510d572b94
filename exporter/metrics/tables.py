"""Families of the same subjects, declared as a table: a row is a subject, a column a family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from prometheus_client import Metric

    from exporter.metering.totals import Amount, SubjectTotals
    from exporter.metrics.state import MetricsState

    Histories = Callable[[MetricsState], Sequence[tuple[tuple[str, ...], SubjectTotals]]]

Row = TypeVar("Row")
Kind = Literal["counter", "gauge", "info"]
Labels = tuple[str, ...]

SUFFIXES: dict[str, str] = {"counter": "_total", "gauge": "", "info": "_info"}
# The label values of no and yes.
TRUTH = ("false", "true")


class Column(NamedTuple, Generic[Row]):
    """One family: `name` is that of its samples, suffix included; `value` reads it off a row."""

    name: str
    kind: Kind
    help: str
    value: Callable[[Row], float]


class Table(NamedTuple, Generic[Row]):
    """The subjects (`rows`), their labels, and a family for each column.

    Rows are values: two that are equal have the same labels and samples.
    """

    label_names: Labels
    rows: Callable[[MetricsState], Sequence[Row]]
    labels: Callable[[Row], Labels]
    columns: tuple[Column[Row], ...]


class Cell(NamedTuple):
    """Bytes of one device in one period; `period` is the label: a date, a month, a period's name."""

    period: str
    amount: Amount


class HistoryTable(NamedTuple):
    """Bytes by period, of each of the `histories` (labels and totals); the columns are those of `Amount`.

    `finished` are periods that no traffic of today changes; `current` the labels of those that it does, each with
    the name it has in PERIODS.
    """

    label_names: Labels
    histories: Histories
    finished: Callable[[SubjectTotals, date], Sequence[Cell]]
    current: Callable[[date], Sequence[tuple[str, str]]]
    columns: tuple[Column[Amount], Column[Amount]]


class HistogramRow(NamedTuple):
    """Counts up to each bound of the table and beyond the last, not added up, and the sum of what was observed."""

    labels: Labels
    counts: tuple[int, ...]
    total: float


class HistogramTable(NamedTuple):
    """One family, a histogram by labels; `name` has no suffix. Rows are values, as those of a table."""

    name: str
    help: str
    label_names: Labels
    bounds: tuple[float, ...]
    rows: Callable[[MetricsState], Sequence[HistogramRow]]


class Source(NamedTuple):
    """Families that come ready made; they are collected anew when `mark` has changed."""

    collect: Callable[[MetricsState], Iterable[Metric]]
    mark: Callable[[MetricsState], object]
