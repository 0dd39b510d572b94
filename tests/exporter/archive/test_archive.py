"""The report archive: every month and year that is over, written once, also after a service was off."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psutil
import pytest

from exporter.archive.archive import REPORTS_PER_ROUND, ReportArchive
from exporter.archive.calendar import finished_periods
from exporter.archive.folder import REPORT_NAME, archive_folder, file_name, report_names
from exporter.ledger.files import connect_to_read
from exporter.ledger.past.imports import PastLedger
from exporter.ledger.past.rows import Past, PastRow
from exporter.settings.tree import Grafana, Ledger, Reports, Settings
from reports.billing.plans import Plan
from reports.ledger.host import Host
from reports.ledger.reader import LedgerReader
from tests.exporter.cli.small_ledger import NOON, write_ledger
from tests.reports.export.example_exports import HOSTILE_NAMES
from tests.reports.wrapup.read_page import Page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INDIA = ZoneInfo("Asia/Kolkata")
JULY = int(datetime(2026, 7, 1, 0, 31, tzinfo=INDIA).astimezone(UTC).timestamp())
HOSTILE = "<script>alert(1)</script>"


class Archive:
    """An archive over a ledger of May and June 2026, at any time."""

    def __init__(self, ledger: Path) -> None:
        self.ledger, self.now, self.hostname = ledger, JULY, "den"
        self.folder = archive_folder(ledger)
        self.is_kept = True
        self.plans: tuple[Plan, ...] = ()

    async def go_round(self) -> None:
        settings = Settings(
            ledger=Ledger(path=self.ledger),
            reports=Reports(archive=self.is_kept),
            grafana=Grafana(url="http://127.0.0.1:3000"),
            plans=self.plans,
        )
        host = Host(self.hostname, "0123abcd", "Linux", "1.0.0")
        await ReportArchive(settings=settings, host=lambda: host, now=lambda: self.now).write_missing(self._ask)

    async def _ask(self, question: Callable[[LedgerReader], Any]) -> Any:
        with (
            contextlib.closing(connect_to_read(self.ledger)) as connection,
            LedgerReader(connection).at_one_moment() as reader,
        ):
            return question(reader)

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []


@pytest.fixture
def archive(tmp_path: Path, empty_ledger: Path) -> Archive:
    write_ledger(tmp_path / "ledger.db", empty_ledger, NOON)
    return Archive(tmp_path / "ledger.db")


async def test_a_month_that_is_over_is_written(archive: Archive) -> None:
    await archive.go_round()

    assert archive.names == ["2026-05.html", "2026-06.html"]
    page = Page((archive.folder / "2026-06.html").read_text(encoding="utf-8"))
    assert "You moved" in page.text
    assert "in June 2026. " in page.text
    assert page.dangers == []
    assert archive.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("when", "names"),
    [
        ("2026-06-30T23:59", ["2026-05.html"]),
        ("2026-07-01T00:29", ["2026-05.html"]),
        ("2026-07-01T00:30", ["2026-05.html", "2026-06.html"]),
        ("2027-01-01T01:00", ["2026.html", *(f"2026-{month:02}.html" for month in range(5, 13))]),
    ],
)
async def test_nothing_is_written_before_it_is_over(when: str, names: list[str], archive: Archive) -> None:
    archive.now = int(datetime.fromisoformat(when).replace(tzinfo=INDIA).timestamp())

    await archive.go_round()

    assert archive.names == sorted(names)


async def test_what_is_there_is_left_alone(archive: Archive) -> None:
    archive.folder.mkdir()
    (archive.folder / "2026-05.html").write_text("mine", encoding="utf-8")
    os.utime(archive.folder / "2026-05.html", (archive.now, archive.now))

    await archive.go_round()

    assert (archive.folder / "2026-05.html").read_text(encoding="utf-8") == "mine"
    assert archive.names == ["2026-05.html", "2026-06.html"]


@pytest.mark.parametrize(("when", "is_written_anew"), [(-40, True), (-29, False), (0, False), (2, True), (3000, True)])
async def test_what_a_wrong_clock_has_written_is_written_anew(
    archive: Archive, when: int, *, is_written_anew: bool
) -> None:
    archive.folder.mkdir()
    there = archive.folder / "2026-05.html"
    there.write_text("half a month", encoding="utf-8")
    written = archive.now + when * 86_400
    os.utime(there, (written, written))

    await archive.go_round()

    assert ("in May 2026" in Page(there.read_text(encoding="utf-8")).text) is is_written_anew
    assert there.stat().st_mtime == (archive.now if is_written_anew else written)


async def test_the_process_takes_its_code_from_the_package_alone(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "exporter").mkdir()
    (tmp_path / "exporter" / "__init__.py").write_text("raise SystemExit('somebody else')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    archive.ledger = archive.ledger.relative_to(tmp_path)

    await archive.go_round()

    assert archive.names == ["2026-05.html", "2026-06.html"]


async def test_what_was_missed_is_made_up_for_some_at_a_time(archive: Archive) -> None:
    archive.now = int(datetime(2028, 3, 15, tzinfo=INDIA).timestamp())

    await archive.go_round()
    first = archive.names
    await archive.go_round()

    assert len(first) == REPORTS_PER_ROUND
    assert "2028-02.html" in first
    assert len(archive.names) == 22 + 2


async def test_imported_months_and_years_are_written_as_far_as_they_are_known(archive: Archive) -> None:
    """Of 2024 no month is known, of 2025 July alone."""
    spans = ((date(2024, 2, 1), date(2024, 12, 31)), (date(2025, 7, 1), date(2025, 7, 31)))
    past = Past("vnstat", "vnstat", JULY, [PastRow("eth0", *span, 10**9, 10**8) for span in spans])
    with contextlib.closing(sqlite3.connect(archive.ledger)) as connection, connection:
        PastLedger(connection, INDIA).put("vnstat", past, JULY)

    await archive.go_round()

    assert archive.names == ["2024.html", "2025-07.html", "2025.html", "2026-05.html", "2026-06.html"]
    assert "counted by <bdi>vnstat</bdi>, days not known" in (archive.folder / "2025-07.html").read_text("utf-8")


async def test_nothing_is_written_where_the_settings_say_so(archive: Archive) -> None:
    archive.is_kept = False

    await archive.go_round()

    assert archive.names == []


async def test_plans_and_grafana_of_the_settings_are_in_it(archive: Archive) -> None:
    archive.plans, archive.hostname = (Plan(HOSTILE, cap_bytes=10**9),), HOSTILE

    await archive.go_round()

    page = Page((archive.folder / "2026-06.html").read_text(encoding="utf-8"))
    assert page.dangers == []
    assert f"Plan {HOSTILE}" in page.text
    assert {link.attributes["href"][:24] for link in page.all("a")} == {"http://127.0.0.1:3000/d/"}


async def test_a_folder_that_cannot_be_made_is_a_warning(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    archive.folder.write_text("in the way", encoding="utf-8")

    with caplog.at_level(logging.WARNING):
        await archive.go_round()

    (record,) = caplog.records
    assert "could not write reports" in record.getMessage()
    archive.folder.unlink()
    await archive.go_round()
    assert archive.names == ["2026-05.html", "2026-06.html"]


async def test_a_ledger_that_is_broken_is_a_warning(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    with contextlib.closing(sqlite3.connect(archive.ledger)) as connection, connection:
        connection.execute("DROP VIEW interface_by_slot")

    await archive.go_round()

    assert "no such table: interface_by_slot" in caplog.text
    assert archive.names == []


async def test_a_service_that_stops_does_not_wait_for_reports(archive: Archive) -> None:
    archive.now = int(datetime(2029, 3, 15, tzinfo=INDIA).timestamp())
    children = set(psutil.Process().children())
    going = asyncio.create_task(archive.go_round())
    while set(psutil.Process().children()) <= children:
        assert not going.done()
        await asyncio.sleep(0.01)

    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going

    assert set(psutil.Process().children()) <= children
    written = [archive.folder / name for name in archive.names if REPORT_NAME.fullmatch(name)]
    assert len(written) < REPORTS_PER_ROUND
    assert [path.name for path in written if not path.read_text(encoding="utf-8").rstrip().endswith("</html>")] == []


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")  # noqa: PTH112
async def test_no_process_is_left_behind(archive: Archive) -> None:
    before, children = len(os.listdir("/proc/self/fd")), set(psutil.Process().children())  # noqa: PTH208

    await archive.go_round()

    assert set(psutil.Process().children()) <= children
    assert len(os.listdir("/proc/self/fd")) <= before + 1  # noqa: PTH208


def test_months_and_years_come_newest_first() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=INDIA).timestamp()

    found = [file_name(one) for one in finished_periods(date(2025, 10, 31), now, INDIA)]

    assert found == [
        "2026-02.html",
        "2026-01.html",
        "2025.html",
        "2025-12.html",
        "2025-11.html",
        "2025-10.html",
    ]


def test_the_days_of_a_month_are_all_of_it() -> None:
    now = datetime(2028, 3, 1, 12, tzinfo=INDIA).timestamp()

    (found,) = finished_periods(date(2028, 2, 29), now, INDIA)

    assert (found.first, found.last) == (date(2028, 2, 1), date(2028, 2, 29))


def test_files_of_others_are_no_reports(tmp_path: Path) -> None:
    for name in (
        "2026.html",
        "2026-11.html",
        "2025-01.html",
        "notes.html",
        "2026-13.html",
        ".2026.html.new",
        "2026.htm",
    ):
        (tmp_path / name).touch()
    (tmp_path / "2024.html").mkdir()

    assert report_names(tmp_path) == ["2026.html", "2026-11.html", "2025-01.html"]
    assert report_names(tmp_path / "nowhere") == []


@pytest.mark.parametrize("name", [*HOSTILE_NAMES, "../2026.html", "2026.html\n", "٢٠٢٦.html", "2026-11.html/"])
def test_no_other_name_is_a_report(name: str) -> None:
    assert REPORT_NAME.fullmatch(name) is None


async def test_two_ledgers_in_one_folder_share_no_archive(tmp_path: Path, empty_ledger: Path) -> None:
    archives = []
    for name in ("ledger.db", "wan[1].db", "lan"):
        write_ledger(tmp_path / name, empty_ledger, NOON)
        archives.append(Archive(tmp_path / name))

    for archive in archives:
        await archive.go_round()

    assert [archive.folder.name for archive in archives] == ["reports", "reports-wan[1].db", "reports-lan"]
    assert [archive.names for archive in archives] == [["2026-05.html", "2026-06.html"]] * 3


@pytest.mark.parametrize("other", [None, "ledger.db", "lan.db"])
async def test_a_former_archive_stays_with_the_only_ledger_that_can_have_written_it(
    tmp_path: Path, empty_ledger: Path, other: str | None
) -> None:
    write_ledger(tmp_path / "wan.db", empty_ledger, NOON)
    (tmp_path / "wan.db.damaged-2026-01-01").write_bytes((tmp_path / "wan.db").read_bytes())
    if other:
        write_ledger(tmp_path / other, empty_ledger, NOON)
    former = tmp_path / "reports"
    former.mkdir()
    (former / "2026-05.html").write_text("former", encoding="ascii")
    os.utime(former / "2026-05.html", (JULY, JULY))
    archive = Archive(tmp_path / "wan.db")

    await archive.go_round()

    taken_over = (archive.folder / "2026-05.html").read_text(encoding="utf-8") == "former"
    assert (taken_over, former.exists()) == (other is None, other is not None)
