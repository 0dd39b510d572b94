"""The lines of families, kept from one rendering to the next: only what has changed is written again."""

from __future__ import annotations

from itertools import compress
from operator import ne
from typing import TYPE_CHECKING, Generic, TypeVar

from prometheus_client import Metric, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from exporter.metrics.numbers import number_text
from exporter.metrics.tables import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from exporter.metrics.negotiation import Format
    from exporter.metrics.state import MetricsState
    from exporter.metrics.tables import Labels, Table

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
    """The lines of one family. Both formats share those of the samples; only the heads differ."""

    __slots__ = ("_lines", "_prefixes", "_values", "body", "heads", "names")

    def __init__(self, metric: Metric) -> None:
        """Begin without a sample; of `metric` only the name, type and help are used."""
        empty = Metric(metric.name, metric.documentation, metric.type, metric.unit)
        self.heads: dict[Format, bytes] = {
            "text": generate_latest(_Page(empty)),
            "openmetrics": _openmetrics(empty).removesuffix(ENDS["openmetrics"]),
        }
        self.names = {metric.name}
        self.body: bytes | None = b""
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
        self.body = None

    def show(self, values: list[float]) -> None:
        """Write the lines whose values have changed, one value for each place."""
        if values == self._values and self.body is not None:
            return
        prefixes, lines = self._prefixes, self._lines
        for place in compress(range(len(values)), map(ne, values, self._values)):
            lines[place] = f"{prefixes[place]}{number_text(values[place])}\n"
        self._values = list(values)
        self.body = "".join(lines).encode()


class TableLines(Generic[Row]):
    """The lines of a table's families."""

    def __init__(self, table: Table[Row]) -> None:
        """Begin without a row."""
        self._table = table
        self._labels: list[Labels] = []
        self._columns = [(column, Lines(column.metric((), (), ()))) for column in table.columns]
        for column, lines in self._columns:
            lines.names.add(column.name)

    def update(self, state: MetricsState) -> list[Lines]:
        """Follow the state; gives one `Lines` a family, in order."""
        rows = self._table.rows(state)
        labels = list(map(self._table.labels, rows))
        if labels != self._labels:
            self._arrange(labels)
        for column, lines in self._columns:
            lines.show(list(map(column.value, rows)))
        return [lines for _, lines in self._columns]

    def _arrange(self, labels: list[Labels]) -> None:
        held = {texts: place for place, texts in enumerate(self._labels)}
        places = [held.get(texts, -1) for texts in labels]
        added = [texts for texts, place in zip(labels, places, strict=True) if place < 0]
        ends = list(_label_texts(self._table.label_names, added))
        # Should this fail half way, the next update begins from nothing.
        self._labels = []
        for column, lines in self._columns:
            lines.arrange(places, [column.name + end for end in ends])
        self._labels = labels


class SourceLines:
    """The lines of families that come ready made."""

    def __init__(self, source: Callable[[MetricsState], Iterable[Metric]]) -> None:
        """Begin without a family."""
        self._source = source
        self._families: dict[str, tuple[list[object], Lines]] = {}

    def update(self, state: MetricsState) -> list[Lines]:
        """Follow the source; gives one `Lines` a family, in order."""
        return [self._follow(metric) for metric in self._source(state)]

    def _follow(self, metric: Metric) -> Lines:
        samples = metric.samples
        subjects: list[object] = [(sample.name, sample.labels) for sample in samples]
        held, lines = self._families.get(metric.name) or ([], Lines(metric))
        if subjects != held:
            lines.names.update(sample.name for sample in samples)
            lines.arrange([-1] * len(samples), _prefixes(metric))
        self._families[metric.name] = (subjects, lines)
        lines.show([sample.value for sample in samples])
        return lines


def _openmetrics(metric: Metric) -> bytes:
    page: bytes = generate_openmetrics(_Page(metric))  # type: ignore[no-untyped-call]
    return page


def _label_texts(names: Labels, rows: Iterable[Labels]) -> Iterator[str]:
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
