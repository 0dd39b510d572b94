"""The lines of families, kept from one rendering to the next: only what has changed is written again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from prometheus_client import Metric, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from exporter.metrics.numbers import number_text
from exporter.metrics.tables import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from exporter.metrics.negotiation import Format
    from exporter.metrics.state import MetricsState
    from exporter.metrics.tables import Column, Labels, Source, Table

Row = TypeVar("Row")

ENDS: dict[Format, bytes] = {"text": b"", "openmetrics": b"# EOF\n"}
"""How a page ends."""


class _Page:
    """A registry of one family, for prometheus-client to write."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> Iterable[Metric]:
        """Give the family."""
        return (self._metric,)


class Lines:
    """The lines of one family. Both formats share those of the samples; only the heads differ.

    `parts` are the lines of the samples, in as many pieces as suits whoever writes them; none without a sample.
    """

    __slots__ = ("_is_stale", "_lines", "_prefixes", "_values", "heads", "names", "parts")

    def __init__(self, metric: Metric) -> None:
        """Begin without a sample; of `metric` only the name, type and help are used."""
        empty = Metric(metric.name, metric.documentation, metric.type, metric.unit)
        self.heads: dict[Format, bytes] = {
            "text": generate_latest(_Page(empty)),
            "openmetrics": _openmetrics(empty).removesuffix(ENDS["openmetrics"]),
        }
        self.names = {metric.name}
        self.parts: Sequence[bytes] = ()
        self._is_stale = False
        self._prefixes: list[str] = []
        self._values: list[float | None] = []
        self._lines: list[str] = []

    def arrange(self, places: Sequence[int], added: Iterable[str]) -> None:
        """Put the lines in a new order: by their old places, -1 for the next of the prefixes that are `added`."""
        fresh = iter(added)
        prefixes, values, lines = self._prefixes, self._values, self._lines
        self._prefixes = [prefixes[place] if place >= 0 else next(fresh) for place in places]
        self._values = [values[place] if place >= 0 else None for place in places]
        self._lines = [lines[place] if place >= 0 else "" for place in places]
        self._is_stale = True

    def show(self, places: Iterable[int], values: Iterable[float]) -> None:
        """Write those of the lines at these places whose values have changed."""
        prefixes, held, lines = self._prefixes, self._values, self._lines
        for place, value in zip(places, values, strict=True):
            if value != held[place]:
                self._is_stale = True
                lines[place] = f"{prefixes[place]}{number_text(value)}\n"
                held[place] = value
        if self._is_stale:
            self.parts = ("".join(lines).encode(),) if lines else ()
            self._is_stale = False


class TableLines(Generic[Row]):
    """The lines of a table's families."""

    def __init__(self, table: Table[Row]) -> None:
        """Begin without a row."""
        self._table = table
        self._rows: Sequence[Row] = ()
        self._labels: list[Labels] = []
        self._lines = [lines_of(column) for column in table.columns]

    def update(self, state: MetricsState) -> list[Lines]:
        """Follow the state; gives one `Lines` a family, in order."""
        rows = self._table.rows(state)
        if rows != self._rows:
            held = self._rows
            # Should this fail half way, the next update begins from nothing.
            self._rows = ()
            self._follow(rows, held)
            self._rows = rows
        return self._lines

    def _follow(self, rows: Sequence[Row], held: Sequence[Row]) -> None:
        """Look at the rows that have changed; at all of them where some have come, gone or got other labels."""
        changed, labels = [], self._table.labels
        if len(rows) == len(held):
            changed = [place for place, row in enumerate(rows) if row != held[place]]
        if not changed or any(labels(rows[place]) != self._labels[place] for place in changed):
            changed = list(range(len(rows)))
            self._arrange(list(map(labels, rows)))
        moved = [rows[place] for place in changed]
        for column, lines in zip(self._table.columns, self._lines, strict=True):
            lines.show(changed, map(column.value, moved))

    def _arrange(self, labels: list[Labels]) -> None:
        held = {texts: place for place, texts in enumerate(self._labels)}
        places = [held.get(texts, -1) for texts in labels]
        added = [texts for texts, place in zip(labels, places, strict=True) if place < 0]
        ends = list(label_texts(self._table.label_names, added))
        self._labels = []
        for column, lines in zip(self._table.columns, self._lines, strict=True):
            lines.arrange(places, [column.name + end for end in ends])
        self._labels = labels


class SourceLines:
    """The lines of families that come ready made."""

    def __init__(self, source: Source) -> None:
        """Begin without a family."""
        self._source = source
        self._families: dict[str, tuple[list[object], Lines]] = {}
        self._mark: object = self  # like no mark
        self._shown: list[Lines] = []

    def update(self, state: MetricsState) -> list[Lines]:
        """Follow the source; gives one `Lines` a family, in order."""
        mark = self._source.mark(state)
        if mark != self._mark:
            self._shown = [self._follow(metric) for metric in self._source.collect(state)]
            self._mark = mark
        return self._shown

    def _follow(self, metric: Metric) -> Lines:
        samples = metric.samples
        subjects: list[object] = [(sample.name, sample.labels) for sample in samples]
        held, lines = self._families.get(metric.name) or ([], Lines(metric))
        if subjects != held:
            lines.names.update(sample.name for sample in samples)
            lines.arrange([-1] * len(samples), _prefixes(metric))
        self._families[metric.name] = (subjects, lines)
        lines.show(range(len(samples)), [sample.value for sample in samples])
        return lines


def lines_of(column: Column[Any]) -> Lines:
    """Lines of a column's family, without a sample."""
    lines = Lines(column.metric((), (), ()))
    lines.names.add(column.name)
    return lines


def _openmetrics(metric: Metric) -> bytes:
    page: bytes = generate_openmetrics(_Page(metric))  # type: ignore[no-untyped-call]
    return page


def label_texts(names: Labels, rows: Iterable[Labels]) -> Iterator[str]:
    """Labels as prometheus-client writes them, five times as fast: a thousand interfaces may come at once."""
    if not names:
        yield from (" " for _ in rows)
        return
    order = sorted(range(len(names)), key=names.__getitem__)
    template = "{" + ",".join(f'{names[place]}="%s"' for place in order) + "} "
    for row in rows:
        yield template % tuple([_escaped(row[place]) for place in order])


def _escaped(text: str) -> str:
    if text.isalnum():
        return text
    return printable(text).replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _prefixes(metric: Metric) -> Iterator[str]:
    """The lines of the samples as prometheus-client writes them, without their values."""
    page = generate_latest(_Page(metric)).decode()
    # Not splitlines: a label may hold any of the other characters that end a line for Python.
    for line in page.split("\n"):
        if line and not line.startswith("#"):
            yield line[: line.rindex(" ") + 1]
