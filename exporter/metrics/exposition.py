"""The pages of /metrics: text 0.0.4 and OpenMetrics 1.0, rendered once for each sample."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.metrics.negotiation import negotiate
from exporter.metrics.tables import HistogramTable, HistoryTable
from exporter.metrics.text import ENDS, HistogramText, HistoryText, SourceText, TableText

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exporter.metrics.families.registry import Families
    from exporter.metrics.negotiation import Format
    from exporter.metrics.state import MetricsState
    from exporter.metrics.tables import Table
    from exporter.metrics.text import Head

# Level 9 makes the page a sixth smaller and takes twelve times as long, on the event loop.
GZIP_LEVEL = 1


class Rendered(NamedTuple):
    """An answer to a scrape; `content_encoding` is "gzip" or None."""

    body: bytes
    content_type: str
    content_encoding: str | None


class Exposition:
    """The pages of one service: within a sample the same bytes, after it only what has changed is rendered."""

    def __init__(self, families: Families) -> None:
        """Nothing is rendered before the first scrape."""
        self._texts = [*map(_text_of, families.tables), *map(SourceText, families.sources)]
        self._families: list[tuple[Head, bytes]] = []
        self._moment: object = None
        self._pages: dict[Format, bytes] = {}
        self._compressed_pages: dict[Format, bytes] = {}

    def render(self, state: MetricsState, accept: str = "", accept_encoding: str = "") -> Rendered:
        """The answer to a scrape with these headers ("" where there is none)."""
        form, content_type, is_gzip = negotiate(accept, accept_encoding)
        self._update(state)
        if form not in self._pages:
            self._pages[form] = _page(form, self._families)
        if not is_gzip:
            return Rendered(self._pages[form], content_type, None)
        if form not in self._compressed_pages:
            self._compressed_pages[form] = gzip.compress(self._pages[form], GZIP_LEVEL, mtime=0)
        return Rendered(self._compressed_pages[form], content_type, "gzip")

    def render_some(self, state: MetricsState, names: Iterable[str], accept: str = "") -> Rendered:
        """The answer to a scrape of some names only (`name[]`), uncompressed; a name may be unknown."""
        form, content_type, _ = negotiate(accept, "")
        self._update(state)
        selected = frozenset(names)
        families = [(head, samples) for head, samples in self._families if not selected.isdisjoint(head.names)]
        return Rendered(_page(form, families), content_type, None)

    def _update(self, state: MetricsState) -> None:
        # The time itself is on no line; the day is, and so is what a reloaded history holds.
        moment = (state._replace(now_seconds=0), state.today, state.totals.layout)
        if moment != self._moment:
            self._moment = None
            self._pages.clear()
            self._compressed_pages.clear()
            self._families = [family for text in self._texts for family in text.update(state) if family[1]]
            self._moment = moment


def _text_of(table: Table[Any] | HistoryTable | HistogramTable) -> TableText[Any] | SourceText:
    if isinstance(table, HistoryTable):
        return HistoryText(table)
    return HistogramText(table) if isinstance(table, HistogramTable) else TableText(table)


def _page(form: Format, families: Iterable[tuple[Head, bytes]]) -> bytes:
    parts = [part for head, samples in families for part in (head.texts[form], samples)]
    return b"".join([*parts, ENDS[form]])
