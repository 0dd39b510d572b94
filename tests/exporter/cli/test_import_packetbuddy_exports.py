"""`netledger import` of what PacketBuddy exports: JSON and CSV of its service, samples of its command."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.importing.foreign import ReadingOptions
from exporter.importing.reading import read
from exporter.ledger.past.rows import ForeignFileError
from tests.exporter.cli.small_ledger import ZONE
from tests.worlds import packetbuddy_file
from tests.worlds.vnstat_file import hours_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.exporter.cli.calls import Commands

LAST = date(2026, 5, 15)
OPTIONS = ReadingOptions(ZONE)


def moved_in(document: dict[str, Any]) -> tuple[int, int]:
    return document["bytes_received"], document["bytes_sent"]


def test_json_is_as_the_database(commands: Commands, tmp_path: Path) -> None:
    packetbuddy_file.create(tmp_path / "packetbuddy.db")
    moved = packetbuddy_file.add(tmp_path / "packetbuddy.db", hours_of(date(2025, 1, 7), LAST))
    packetbuddy_file.export_json(tmp_path / "export.json", moved)

    from_database = commands.json("import", str(tmp_path / "packetbuddy.db"))
    from_json = commands.json("import", str(tmp_path / "export.json"))

    assert from_json["is_same"] is True
    assert from_json["months"] == from_database["months"]
    assert sum(moved_in(from_json)) == sum(each.received + each.sent for each in moved)


@pytest.mark.parametrize("days", [1, 400])
def test_csv_has_days(days: int, commands: Commands, tmp_path: Path) -> None:
    moved = list(hours_of(LAST - timedelta(days=days - 1), LAST))
    packetbuddy_file.export_csv(tmp_path / "export.csv", moved)

    done = commands.json("import", str(tmp_path / "export.csv"))

    assert moved_in(done) == (sum(each.received for each in moved), sum(each.sent for each in moved))
    assert sum(month["days"] for month in done["months"]) == days
    assert commands.json("import", str(tmp_path / "export.csv"))["is_same"] is True


@pytest.mark.parametrize("form", ["csv", "json"])
def test_samples_of_a_week_are_summed_by_day(form: str, commands: Commands, tmp_path: Path) -> None:
    path, moved = tmp_path / f"packetbuddy_export.{form}", list(hours_of(LAST - timedelta(days=6), LAST))
    packetbuddy_file.export_samples(path, moved)
    if form == "json":
        rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
        logs = [{"timestamp": at, "bytes_sent": int(sent), "bytes_received": int(got)} for at, sent, got in rows]
        path.write_text(json.dumps({"logs": logs}), encoding="utf-8")

    done = commands.json("import", str(path))

    assert moved_in(done) == (sum(each.received for each in moved), sum(each.sent for each in moved))
    assert done["months"][0]["days"] == 7
    assert any("its first day is not whole" in note for note in done["notes"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text[:-20], "does not end: the file is cut"),
        (lambda text: text.replace("2026-05-02,", "2026-05-32,"), "line 3: '2026-05-32' is no date"),
        (lambda text: text.replace("2026-05-02,", "2026-05-02,-"), "line 3: bytes_sent is '-"),
        (lambda text: text.replace("2026-05-02,", "2026-05-02,1"), "line 3: total_bytes is"),
        (lambda text: text.replace("2026-05-02,", "2026-05-02,7,"), "line 3 has 6 columns, and not 5"),
        (lambda text: text.replace("2026-05-02,", '2026-05-02,"'), "is no CSV"),
        (lambda text: text.replace("2026-05-02,", "2026-05-01,"), "has 2026-05-01 to 2026-05-01 twice"),
        (lambda text: text.replace("2026-05-02,", "2026-05-02," + "9" * 5000), "line 3: bytes_sent is '999"),
        (lambda text: text.partition("\n")[0] + "\n", "PacketBuddy has counted nothing in it"),
        (lambda text: text.partition("\r")[0], "line 1 does not end: the file is cut"),
    ],
)
def test_csv_that_is_wrong_brings_nothing_and_says_why(
    change: Callable[[str], str], reason: str, commands: Commands, tmp_path: Path
) -> None:
    path, before = tmp_path / "export.csv", commands.ledger.read_bytes()
    text = packetbuddy_file.export_csv(path, hours_of(date(2026, 5, 1), date(2026, 5, 9)))
    path.write_text(change(text), encoding="utf-8", newline="")

    done = commands("import", str(path))

    assert done.exit_code == 1
    assert done.stderr.startswith("Error: nothing is imported: ")
    assert reason in done.stderr
    assert commands.ledger.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda found: found["daily_data"][2].pop("bytes_sent"), "daily_data, 2026-05-03 has no bytes_sent"),
        (lambda found: found["daily_data"][2].update(bytes_sent=-1), "daily_data, 2026-05-03: bytes_sent is -1"),
        (lambda found: found["daily_data"][2].update(bytes_sent=True), "bytes_sent is True"),
        (lambda found: found["daily_data"][2].update(total_bytes=5), "daily_data, 2026-05-03: total_bytes is 5"),
        (lambda found: found["daily_data"].append(7), "is no whole export of PacketBuddy"),
        (lambda found: found.update(daily_data=None), "is no whole export of PacketBuddy"),
        (lambda found: found["monthly_data"][0].update(month="May"), "monthly_data, May: 'May-01' is no date"),
        (lambda found: found["metadata"].pop("device"), "is no whole export of PacketBuddy"),
        (lambda found: found["metadata"].update(exported_at="now"), "exported_at: 'now' is no date"),
        (lambda found: found.update(daily_data=[], monthly_data=[]), "PacketBuddy has counted nothing in it"),
        (lambda found: found.pop("summary"), "is of no program that is known"),
    ],
)
def test_json_that_is_wrong_brings_nothing_and_says_why(
    change: Callable[[dict[str, Any]], object], reason: str, commands: Commands, tmp_path: Path
) -> None:
    path, before = tmp_path / "export.json", commands.ledger.read_bytes()
    document = packetbuddy_file.export_json(path, hours_of(date(2026, 5, 1), date(2026, 5, 9)))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")

    done = commands("import", str(path))

    assert done.exit_code == 1
    assert reason in done.stderr
    assert commands.ledger.read_bytes() == before


@given(data=st.data())
def test_a_file_that_is_cut_anywhere_is_refused_or_has_whole_lines(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """JSON is whole or nothing; CSV does not say how many lines it has."""
    folder = tmp_path_factory.mktemp("cut")
    for write in (packetbuddy_file.export_json, packetbuddy_file.export_csv, packetbuddy_file.export_samples):
        path = folder / "export"
        write(path, hours_of(date(2026, 5, 1), date(2026, 5, 3)))
        whole = path.read_bytes()
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
        try:
            read(path, OPTIONS)
        except ForeignFileError:
            continue
        assert path.read_bytes().endswith((b"\r", b"\n"))
