"""Families that are told of the same subjects, declared as a table: a row is a subject, a column a family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, TypeVar

from prometheus_client import Metric
from prometheus_client.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from exporter.metrics.state import MetricsState

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
    """The subjects (`rows`), what tells them apart (`label_names`, `labels`), and what is told of each."""

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


def printable(text: str) -> str:
    """The kernel takes any byte in a name; one that is no UTF-8 would cost the whole page."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
