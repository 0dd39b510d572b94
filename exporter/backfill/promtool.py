"""promtool: the program, the blocks that it makes for Prometheus, and their samples."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OWN_BLOCK_HOURS = 486
"""The longest blocks that Prometheus itself makes in a year or more: two hours times a power of three."""

LARGE_BLOCK_HOURS = 4_374
"""Half a year: nine of them. Ten years of the default two hours would be 43,800 blocks."""

TIMEOUT_SECONDS = 600


class PromtoolError(click.ClickException):
    """promtool is missing or failed; the text has the remedy."""


class Block(NamedTuple):
    """One block: its folder, first and last millisecond, number of samples, and bytes."""

    path: Path
    begins: int
    ends: int
    samples: int
    size: int


def find_promtool(named: Path | None) -> str:
    """Path of the program, on PATH or as named; raises PromtoolError."""
    found = shutil.which(str(named or "promtool"))
    if found is not None:
        return found
    if named is not None:
        raise PromtoolError(f"there is no program {named}: name promtool, which comes with Prometheus")
    raise PromtoolError(
        "promtool is not on PATH: install Prometheus (Debian's package is `prometheus`), or name it by --promtool; "
        "without it, --output FILE writes OpenMetrics"
    )


@contextlib.contextmanager
def block_maker(promtool: str, folder: Path) -> Iterator[Callable[[Path, int], None]]:
    """A function that starts to make blocks of an OpenMetrics file, of at most so many hours, and returns at once.

    A call, and the end, waits for the call before it: that one's file may be written again. Raises PromtoolError; no
    process outlives the context.
    """
    running: list[subprocess.Popen[str]] = []

    def make(openmetrics: Path, hours: int) -> None:
        _finish(running)
        command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "-q", f"--max-block-duration={hours}h"]
        try:
            running.append(
                subprocess.Popen(  # noqa: S603 - no shell, and no text from outside but two paths
                    [*command, str(openmetrics), str(folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                )
            )
        except OSError as error:
            raise PromtoolError(f"{promtool} could not be run: {error}") from error

    try:
        yield make
        _finish(running)
    finally:
        for process in running:
            process.kill()
            process.communicate()


def _finish(running: list[subprocess.Popen[str]]) -> None:
    for process in running:
        try:
            output, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise PromtoolError(f"promtool takes longer than {TIMEOUT_SECONDS} s for a file") from error
        if process.returncode != 0:
            reason = output.strip().rsplit("\n", 1)[-1]
            raise PromtoolError(f"promtool failed (exit code {process.returncode}): {reason}")
    running.clear()


def blocks_in(folder: Path) -> list[Block]:
    """The blocks of a folder in the order of time; other files are ignored."""
    found = []
    for meta in folder.glob("*/meta.json"):
        try:
            described = json.loads(meta.read_bytes())
            samples = described.get("stats", {}).get("numSamples", 0)
            found.append(Block(meta.parent, described["minTime"], described["maxTime"], samples, _size(meta.parent)))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return sorted(found, key=lambda block: block.begins)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def give_to_owner_of(folder: Path, blocks: list[Path]) -> None:
    """Give blocks that root writes to the owner of the folder: Prometheus could not delete those of root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    owner = folder.stat()
    for block in blocks:
        for path in (block, *block.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
