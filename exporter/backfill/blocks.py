"""The past as blocks of Prometheus: written aside window by window, counted, and moved into place when all are good."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from exporter.backfill.promtool import (
    LARGE_BLOCK_HOURS,
    OWN_BLOCK_HOURS,
    Block,
    block_maker,
    blocks_in,
    give_to_owner_of,
)
from reports.calendar.periods import HOUR_SECONDS
from reports.calendar.spans import Span
from reports.formats.openmetrics import END, openmetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reports.past.samples import Labels, Past


class CountError(click.ClickException):
    """What was written is not what the blocks hold; nothing was put into place."""


class Window(NamedTuple):
    """A stretch of time that becomes one block, and that block's hours."""

    span: Span
    hours: int


class WrittenBlocks(NamedTuple):
    """Samples that were written, and the blocks that hold them."""

    samples: int
    blocks: Sequence[Block]


def block_windows(span: Span, held: Sequence[Block]) -> list[Window]:
    """Cut a span as promtool does: into half years, and where blocks are already into pieces as long as theirs.

    Prometheus merges blocks that overlap: half a year of ours would make one huge block of all of theirs.
    """
    windows = []
    for large in _cut(span, LARGE_BLOCK_HOURS):
        begin, end = (second * 1000 for second in large)
        if any(block.begins < end and block.ends > begin for block in held):
            windows += [Window(part, OWN_BLOCK_HOURS) for part in _cut(large, OWN_BLOCK_HOURS)]
        else:
            windows.append(Window(large, LARGE_BLOCK_HOURS))
    return windows


def _cut(span: Span, hours: int) -> list[Span]:
    step = hours * HOUR_SECONDS
    edges = range(span.start // step * step, span.end, step)
    return [Span(max(edge, span.start), min(edge + step, span.end)) for edge in edges]


def write_blocks(
    past: Past, span: Span, target: Labels, folder: Path, promtool: str, advance: Callable[[float], None]
) -> WrittenBlocks:
    """Put the samples of `span` into blocks in `folder`; raises CountError, PromtoolError, OSError.

    `advance` is told how many seconds of the span are done. Whatever fails, nothing is left behind.
    """
    with _aside(folder) as aside:
        made, written, texts = aside / "blocks", 0, [aside / "one.om", aside / "other.om"]
        made.mkdir()
        with block_maker(promtool, made) as make:
            for window in block_windows(span, blocks_in(folder)):
                samples = _write_text(past, window.span, target, texts[0])
                if samples:
                    make(texts[0], window.hours)
                    texts.reverse()
                written += samples
                advance(window.span.end - span.start)
        blocks = blocks_in(made)
        counted = sum(block.samples for block in blocks)
        if counted != written:
            raise CountError(f"{written} samples were written and promtool took {counted}: nothing was put in {folder}")
        give_to_owner_of(folder, [block.path for block in blocks])
        return WrittenBlocks(written, list(_put_into_place(blocks, folder)))


def _write_text(past: Past, window: Span, target: Labels, path: Path) -> int:
    written = 0
    with path.open("wb") as file:
        for piece, samples in openmetrics(past.families(window), target):
            file.write(piece)
            written += samples
        file.write(END)
    return written


@contextlib.contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """A folder within, so that moving is renaming; Prometheus passes over names like this."""
    aside = Path(tempfile.mkdtemp(prefix=".netledger-", dir=folder))
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _put_into_place(blocks: Sequence[Block], folder: Path) -> Iterator[Block]:
    """Move them all, or none."""
    moved: list[Path] = []
    try:
        for block in blocks:
            place = folder / block.path.name
            block.path.rename(place)
            moved.append(place)
            yield block._replace(path=place)
    except BaseException:
        for place in moved:
            shutil.rmtree(place, ignore_errors=True)
        raise
