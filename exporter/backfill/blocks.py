"""The past as blocks of Prometheus: written window by window in a temporary folder, counted, and moved into place."""

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
from reports.calendar.days import HOUR_SECONDS, Span
from reports.formats.openmetrics import END, openmetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import BinaryIO

    from reports.past.samples import Labels, Past


class CountError(click.ClickException):
    """The blocks do not hold all samples; nothing was put into place."""


class Window(NamedTuple):
    """The span of one block, and the block's length in hours."""

    span: Span
    hours: int


class WrittenBlocks(NamedTuple):
    """Number of samples, and the blocks that hold them."""

    samples: int
    blocks: Sequence[Block]


def block_windows(span: Span, held: Sequence[Block]) -> list[Window]:
    """Windows of half a year as promtool cuts them; where blocks are already, windows of their length.

    Prometheus merges overlapping blocks: half a year of ours would merge all of its own into one huge block.
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
    """Write the samples of `span` as blocks in `folder`; raises CountError, PromtoolError, OSError.

    `advance` is called with the seconds of the span that are done. After a failure the folder is as before.
    """
    with _temporary_folder(folder) as temporary:
        made, written, texts = temporary / "blocks", 0, [temporary / "one.om", temporary / "other.om"]
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
        return WrittenBlocks(written, _move_blocks(blocks, folder))


def _write_text(past: Past, window: Span, target: Labels, path: Path) -> int:
    with path.open("wb") as file:
        written = write_samples(file, openmetrics(past.families(window), target))
        file.write(END)
    return written


def write_samples(file: BinaryIO, pieces: Iterable[tuple[bytes, int]]) -> int:
    """Write text with its number of samples, piece by piece; returns their sum."""
    samples = 0
    for piece, count in pieces:
        file.write(piece)
        samples += count
    return samples


@contextlib.contextmanager
def _temporary_folder(folder: Path) -> Iterator[Path]:
    """A folder within, so that moving is renaming; Prometheus ignores such a name."""
    temporary = Path(tempfile.mkdtemp(prefix=".netledger-", dir=folder))
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _move_blocks(blocks: Sequence[Block], folder: Path) -> list[Block]:
    """Move all of them, or none."""
    moved = []
    with contextlib.ExitStack() as undo:
        for block in blocks:
            place = folder / block.path.name
            block.path.rename(place)
            undo.callback(shutil.rmtree, place, ignore_errors=True)
            moved.append(block._replace(path=place))
        undo.pop_all()
    return moved
