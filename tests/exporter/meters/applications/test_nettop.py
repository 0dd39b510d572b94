"""The source nettop, from what nettop prints on a Mac."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.metering.samples import MeterError
from exporter.meters.applications.nettop import LIMITS, NettopRow, open_source, parse_nettop
from exporter.meters.applications.traffic import Owner, SourceError, Traffic
from exporter.settings.tree import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.meters.applications.nettop import NettopSource

PRINTED = Path(__file__).parents[3] / "fixtures/macos"
SHORT = (PRINTED / "nettop.csv").read_text(encoding="utf-8")
HEADER = ",bytes_in,bytes_out,\n"


class Mac:
    """What nettop prints at each run."""

    def __init__(self, *pages: str) -> None:
        self.pages = list(pages)
        self.commands: list[Sequence[str]] = []

    def run(self, command: Sequence[str]) -> str:
        self.commands.append(command)
        return self.pages.pop(0)

    def source(self) -> NettopSource:
        return open_source(Settings(), run=self.run, platform="darwin")


def moved(source: NettopSource) -> dict[str, tuple[int, int]]:
    return {row.owner.command: (row.receive_bytes, row.transmit_bytes) for row in source.read()}


def test_processes_are_read_by_the_names_of_the_columns() -> None:
    assert parse_nettop(SHORT) == [
        NettopRow("Google Chrome H", 456, 1000, 200),
        NettopRow("mDNSResponder", 272, 67044191, 20822887),
        NettopRow("com.apple.WebKi", 981, 5, 6),
        NettopRow("odd, name", 77, 1, 2),
        NettopRow("kernel_task", 0, 0, 0),
    ]
    assert parse_nettop((PRINTED / "nettop-all-columns.csv").read_text(encoding="utf-8")) == [
        NettopRow("mDNSResponder", 272, 67044191, 20822887),
        NettopRow("Pl.51458", 12, 9, 8),
    ]


@pytest.mark.parametrize("before", ["\x04\b\b", "\r\n", "\ufeff"])
def test_what_a_terminal_prints_first_does_no_harm(before: str) -> None:
    assert len(parse_nettop(before + SHORT)) == 5


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no header"),
        ("nettop: not permitted\n", "no header"),
        ("time,bytes_in,bytes_out\n", "without process"),
        (",bytes_in,\n", "bytes_out"),
        (HEADER + "noproc,1,2,\n", "not a process"),
        (HEADER + "a.1,1\n", "not a process"),
        (HEADER + "a.1,-1,2,\n", "not a process"),
        (HEADER + "a.1,1,\u00b2,\n", "not a process"),
        (HEADER + f"a.1,{'9' * 5000},2,\n", "not a process"),
        (HEADER + '"' + "x" * 200_000 + '"', "field larger"),
    ],
)
def test_what_nettop_does_not_print_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(MeterError, match=reason):
        parse_nettop(text)


def test_what_moved_before_the_start_is_not_counted() -> None:
    source = Mac(HEADER + "a.1,1000,500,\n", HEADER + "a.1,1100,500,\nb.2,7,8,\n", HEADER + "a.1,1100,500,\n").source()

    assert source.read() == [
        Traffic(Owner("a", pid=1), "internet", "other", 100, 0),
        Traffic(Owner("b", pid=2), "internet", "other", 7, 8),
    ]
    assert source.read() == []
    assert source.backend.limits == LIMITS
    assert not source.is_quick


def test_a_process_with_the_name_and_number_of_another_begins_anew() -> None:
    source = Mac(HEADER + "a.1,1000,500,\n", HEADER + "a.1,30,500,\n", HEADER + "a.2,1,1,\n").source()

    assert moved(source) == {"a": (30, 500)}
    assert moved(source) == {"a": (1, 1)}


def test_a_process_that_is_not_listed_for_a_while_goes_on() -> None:
    source = Mac(HEADER + "a.1,1000,500,\n", HEADER, HEADER + "a.1,1001,500,\n").source()

    assert moved(source) == {}
    assert moved(source) == {"a": (1, 0)}


def test_processes_that_are_gone_are_forgotten() -> None:
    pages = [HEADER + f"a.{number},1,1,\n" for number in range(300)]
    source = Mac(*pages).source()
    for _ in pages[1:]:
        source.read()

    assert len(source._counters) <= 60


def test_nettop_runs_without_a_shell_and_leaves_loopback_out() -> None:
    mac = Mac(HEADER)
    mac.source()

    (command,) = mac.commands
    assert command[0] == "/usr/bin/nettop"
    assert ("-t", "external") in list(pairwise(command))


def test_another_system_has_no_nettop() -> None:
    with pytest.raises(SourceError, match="macOS"):
        open_source(Settings(), platform="linux")


def test_a_nettop_that_fails_is_no_source() -> None:
    def run(command: Sequence[str]) -> str:
        raise MeterError(f"{command[0]}: gone")

    with pytest.raises(SourceError, match="/usr/bin/nettop: gone"):
        open_source(Settings(), run=run, platform="darwin")


@given(st.text(max_size=400))
def test_any_text_is_rows_or_an_error(text: str) -> None:
    for page in (text, HEADER + text):
        with suppress(MeterError):
            for row in parse_nettop(page):
                assert min(row.pid, row.received, row.sent) >= 0


@given(st.lists(st.tuples(st.integers(0, len(SHORT) - 1), st.characters()), min_size=1, max_size=5))
def test_a_damaged_page_is_rows_or_an_error(damage: list[tuple[int, str]]) -> None:
    characters = list(SHORT)
    for place, character in damage:
        characters[place] = character

    with suppress(MeterError):
        parse_nettop("".join(characters))
