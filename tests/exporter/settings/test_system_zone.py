"""The ledger's days are those of the clock that the system shows, or it says that it cannot know them."""

from __future__ import annotations

import zoneinfo
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exporter.settings.zone import ZoneError, day_zone

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _without_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)


def _database() -> Iterator[Path]:
    return (Path(folder) for folder in zoneinfo.TZPATH if (Path(folder) / "Europe/Berlin").exists())


DATABASE = next(_database(), None)
needs_files = pytest.mark.skipif(DATABASE is None, reason="the zone database is a package here, not files")


@needs_files
@pytest.mark.parametrize("name", ["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York"])
def test_a_copied_localtime_is_the_zone_whose_file_it_is(tmp_path: Path, name: str) -> None:
    assert DATABASE is not None
    copied = tmp_path / "localtime"
    copied.write_bytes((DATABASE / name).read_bytes())

    assert day_zone("auto", copied).key == name


@needs_files
def test_a_localtime_of_another_version_is_the_zone_with_its_rules(tmp_path: Path) -> None:
    assert DATABASE is not None
    copied = tmp_path / "localtime"
    copied.write_bytes((DATABASE / "Asia/Kathmandu").read_bytes() + b"\n")

    assert day_zone("auto", copied).key == "Asia/Kathmandu"


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("GMT", "GMT"),
        ("EST5EDT", "EST5EDT"),
        (":Europe/Berlin", "Europe/Berlin"),
        ("", "UTC"),
    ],
)
def test_a_name_in_the_variable_is_taken_as_the_c_library_takes_it(
    monkeypatch: pytest.MonkeyPatch, variable: str, name: str
) -> None:
    monkeypatch.setenv("TZ", variable)

    assert day_zone("auto").key == name


@needs_files
def test_a_file_in_the_variable_is_the_zone_that_it_is_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", f"{DATABASE}/Asia/Tokyo")

    assert day_zone("auto").key == "Asia/Tokyo"


@pytest.mark.parametrize("variable", ["CET-1CEST,M3.5.0,M10.5.0/3", "<+0330>-3:30", "Foo/Bar", "../../etc/passwd"])
def test_a_rule_that_has_no_name_is_refused_with_the_setting_to_use(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("TZ", variable)

    with pytest.raises(ZoneError, match=r"set ledger\.timezone"):
        day_zone("auto")


def test_what_is_no_zone_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "localtime").write_bytes(b"no zone")

    with pytest.raises(ZoneError, match=r"set ledger\.timezone"):
        day_zone("auto", tmp_path / "localtime")


def test_a_zone_of_the_settings_needs_no_system() -> None:
    assert day_zone("Asia/Kolkata", Path("/nonexistent")).key == "Asia/Kolkata"
