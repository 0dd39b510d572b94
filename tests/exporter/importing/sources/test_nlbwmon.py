"""Outputs of nlbw: the sum of all clients in the period that the user names, or nothing and the reason."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.importing.foreign import ReadingOptions
from exporter.importing.reading import read
from exporter.ledger.past.rows import ForeignFileError, PastRow

if TYPE_CHECKING:
    from pathlib import Path

FIRST = date(2026, 4, 12)
OPTIONS = ReadingOptions(ZoneInfo("UTC"), first=FIRST)
NAMES = ["mac", "conns", "rx_bytes", "rx_pkts", "tx_bytes", "tx_pkts"]
HEAD = "mac\tconns\trx_bytes\trx_pkts\ttx_bytes\ttx_pkts\n"
AMOUNTS = st.integers(0, 2**40)


def write(path: Path, data: object) -> Path:
    path.write_text(json.dumps({"columns": NAMES, "data": data}), encoding="utf-8")
    return path


def row(received: Any, sent: Any) -> list[Any]:
    return ["02:00:00:00:00:01", 1, received, 2, sent, 3]


@pytest.mark.parametrize(
    ("options", "saved", "last"),
    [
        (OPTIONS, datetime(2026, 6, 1, tzinfo=UTC), date(2026, 5, 11)),
        (OPTIONS, datetime(2026, 4, 20, tzinfo=UTC), date(2026, 4, 20)),
        (OPTIONS._replace(last=date(2026, 4, 25)), datetime(2026, 6, 1, tzinfo=UTC), date(2026, 4, 25)),
    ],
)
def test_a_period_is_a_month_or_as_the_user_says(
    options: ReadingOptions, saved: datetime, last: date, tmp_path: Path
) -> None:
    path = write(tmp_path / "file", [row(5, 6), row(7, 8)])
    os.utime(path, (saved.timestamp(),) * 2)

    past = read(path, options)

    assert past.rows == [PastRow("nlbwmon", FIRST, last, 12, 14)]
    assert (past.machine, past.identity) == (["nlbwmon"], "2026-04-12")


@given(rows=st.lists(st.tuples(AMOUNTS, AMOUNTS)), delimiter=st.sampled_from("\t,;"))
def test_json_and_csv_have_the_same_sum(
    rows: list[tuple[int, int]], delimiter: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("nlbw")
    lines = [delimiter.join(map(str, row(*moved))) for moved in rows]
    (folder / "csv").write_text("\n".join([delimiter.join(NAMES), *lines]), encoding="utf-8")
    write(folder / "json", [row(*moved) for moved in rows])

    for path in (folder / "csv", folder / "json"):
        (found,) = read(path, OPTIONS).rows
        assert (found.received, found.sent) == (sum(r for r, _ in rows), sum(s for _, s in rows))


def test_the_period_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "file", [row(5, 6)])

    with pytest.raises(ForeignFileError, match="with --from 2026-11-01"):
        read(path, OPTIONS._replace(first=None))
    with pytest.raises(ForeignFileError, match="does not end before it begins"):
        read(path, OPTIONS._replace(last=date(2026, 4, 11)))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "it has no data"),
        ([row(1, 2), row(1, -2)], "data, row 2: tx_bytes is -2"),
        ([row("1", 2)], "data, row 1: rx_bytes is '1'"),
        ([row(1, 2)[:5]], "data, row 1: not of 6 columns"),
        ([{}], "data, row 1: not of 6 columns"),
    ],
)
def test_a_document_that_is_wrong_brings_nothing_and_says_why(data: object, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ForeignFileError, match=reason):
        read(write(tmp_path / "file", data), OPTIONS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{HEAD}02:00\t1\t2\t3\t4\n", "line 2: 5 columns, not 6"),
        (f"{HEAD}02:00\t1\t2\t3\t4\t5\n02:00\t1\t-2\t3\t4\t5\n", "line 3: rx_bytes is '-2'"),
        (f"{HEAD}02:00\t1\t2\t3\t4 K\t5\n", "line 2: tx_bytes is '4 K'"),
    ],
)
def test_a_table_that_is_wrong_brings_nothing_and_says_why(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(text, encoding="utf-8")

    with pytest.raises(ForeignFileError, match=reason):
        read(tmp_path / "file", OPTIONS)
