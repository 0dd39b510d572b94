"""Amounts of slots by window: stretches of time of any length, as the free hours of a plan."""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import TYPE_CHECKING

from reports.ledger.amounts import Amounts, Measures, Rows
from reports.ledger.selection import parameters, source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection


def by_window(
    ledger: LedgerReader, selection: Selection, windows: Sequence[tuple[int, int]], columns: tuple[str, ...]
) -> list[Amounts]:
    """Amounts of the slots that begin in each [start, end) (UTC seconds); windows ascend and do not overlap."""
    if not windows:
        return []
    measures = Measures(selection.meter, columns)
    # One search a window, since groups would be sorted; the sums as one text, since each would be a search of its own.
    query = f"""
        SELECT (
          SELECT {" || ' ' || ".join(measures.sql("slot"))} FROM {source(selection, "slot")}
          AND started >= json_extract(pair.value, '$[0]') AND started < json_extract(pair.value, '$[1]')
        ) FROM json_each(:windows) AS pair
    """
    texts = ledger.posted(selection.meter, query, {"windows": json.dumps(windows), **parameters(selection)})
    found = [tuple(map(int, text.split())) for (text,) in texts] or [measures.nothing] * len(windows)
    starts = [start for start, _ in windows]
    for time, row in Rows(selection, "slot", starts[0], windows[-1][1]).unposted(ledger):
        place = bisect_right(starts, time) - 1
        if time < windows[place][1]:
            found[place] = measures.plus(found[place], measures.of(row))
    return found
