"""Samples of the past as VictoriaMetrics imports them: a JSON object a line, timestamps in milliseconds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reports.past.samples import batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reports.past.samples import Labels, PastFamily

BATCH = 8192
"""Samples in a line of some 200 KB, which the importer holds in memory."""


def victoriametrics(families: Iterable[PastFamily], target: Labels) -> Iterator[tuple[bytes, int]]:
    """Lines and how many samples each holds; `target` has the labels of the scrape target."""
    for family in families:
        for series in family.series:
            metric = json.dumps({"__name__": family.name, **dict(target), **dict(series.labels)}, ensure_ascii=False)
            for times, values in batches(series, BATCH):
                stamps = ",".join([f"{time}000" for time in times])
                line = f'{{"metric":{metric},"values":[{",".join(map(str, values))}],"timestamps":[{stamps}]}}\n'
                yield line.encode(), len(times)
