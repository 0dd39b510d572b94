"""The pages of /metrics: text 0.0.4 and OpenMetrics 1.0, rendered once for each sample."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.metrics.history_lines import Histories, HistoryLines
from exporter.metrics.lines import ENDS, SourceLines, TableLines
from exporter.metrics.negotiation import negotiate
from exporter.metrics.tables import HistoryTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exporter.metrics.families.registry import Families
    from exporter.metrics.lines import Lines
    from exporter.metrics.negotiation import Format
    from exporter.metrics.state import MetricsState
    from exporter.metrics.tables import Table

    Sheet = TableLines[Any] | HistoryLines | SourceLines

# Level 9 makes the page a sixth smaller and takes twelve times as long, on the event loop.
GZIP_LEVEL = 1


class Rendered(NamedTuple):
    """An answer to a scrape; `content_encoding` is "gzip" or None."""

    body: bytes
    content_type: str
    content_encoding: str | None


class Exposition:
    """Keeps what it rendered: within a sample a scrape costs a look-up, after one only what has changed."""

    def __init__(self, families: Families) -> None:
        """Nothing is rendered before the first scrape."""
        self._histories = Histories(families.told)
        self._sheets: list[Sheet] = [*map(self._sheet, families.tables), *map(SourceLines, families.sources)]
        self._shown: list[Lines] = []
        self._moment: object = None
        self._pages: dict[Format, bytes] = {}
        self._compressed_pages: dict[Format, bytes] = {}

    def render(self, state: MetricsState, accept: str = "", accept_encoding: str = "") -> Rendered:
        """Answer a scrape with these headers ("" where there is none)."""
        form, content_type, is_gzip = negotiate(accept, accept_encoding)
        self._follow(state)
        if is_gzip:
            return Rendered(self._compressed(form), content_type, "gzip")
        return Rendered(self._plain(form), content_type, None)

    def render_some(self, state: MetricsState, names: Iterable[str], accept: str = "") -> Rendered:
        """Answer a scrape that asks for some names only (`name[]`), uncompressed; a name may be unknown."""
        form, content_type, _ = negotiate(accept, "")
        self._follow(state)
        wanted = frozenset(names)
        shown = [lines for lines in self._shown if not wanted.isdisjoint(lines.names)]
        return Rendered(_page(form, shown), content_type, None)

    def _follow(self, state: MetricsState) -> None:
        today = state.today
        # The time itself is on no line; the day is, and so is whatever a reloaded history holds.
        moment = (state._replace(now_seconds=0), today, state.totals.layout)
        if moment == self._moment:
            return
        self._moment = None
        self._pages.clear()
        self._compressed_pages.clear()
        self._histories.follow(state)
        self._shown = [lines for sheet in self._sheets for lines in sheet.update(state) if lines.parts]
        self._moment = moment

    def _sheet(self, table: Table[Any] | HistoryTable) -> Sheet:
        return HistoryLines(table, self._histories) if isinstance(table, HistoryTable) else TableLines(table)

    def _plain(self, form: Format) -> bytes:
        if form not in self._pages:
            self._pages[form] = _page(form, self._shown)
        return self._pages[form]

    def _compressed(self, form: Format) -> bytes:
        if form not in self._compressed_pages:
            self._compressed_pages[form] = gzip.compress(self._plain(form), GZIP_LEVEL, mtime=0)
        return self._compressed_pages[form]


def _page(form: Format, shown: Iterable[Lines]) -> bytes:
    parts: list[bytes] = []
    for lines in shown:
        parts.append(lines.heads[form])
        parts += lines.parts
    parts.append(ENDS[form])
    return b"".join(parts)
