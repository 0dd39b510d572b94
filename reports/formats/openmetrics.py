"""Samples of the past as OpenMetrics 1.0, timestamps in seconds: from which promtool makes blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.past.samples import batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reports.past.samples import Labels, PastFamily

BATCH = 8192
"""Samples in a piece of about a megabyte."""

END = b"# EOF\n"
"""The last line."""


def openmetrics(families: Iterable[PastFamily], target: Labels) -> Iterator[tuple[bytes, int]]:
    """Pieces of text and how many samples each holds; `target` has the labels of the scrape target. END is left out."""
    for family in families:
        yield f"# TYPE {family.name.removesuffix('_total')} {family.kind}\n".encode(), 0
        for series in family.series:
            prefix = f"{family.name}{{{','.join(_label(*label) for label in (*target, *series.labels))}}} "
            for times, values in batches(series, BATCH):
                lines = [f"{prefix}{value} {time}\n" for time, value in zip(times, values, strict=True)]
                yield "".join(lines).encode(), len(lines)


def _label(name: str, value: str) -> str:
    escaped = value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return f'{name}="{escaped}"'
