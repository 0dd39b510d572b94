"""Wrap-ups over HTTP, and the archive: whose days, under which policy, and no way out of the folder."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from exporter.archive.folder import archive_folder
from exporter.metering.counters.readings import Counts
from exporter.metering.counters.speeds import Speeds
from exporter.metering.postings import Usage
from exporter.meters.interfaces.state import interface
from exporter.settings.tree import Auth, Grafana, Reports
from reports.billing.plans import Plan
from tests.exporter.web.running_service import RunningService, running
from tests.reports.wrapup.read_page import Page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.worlds.fake_machine import Machine

MAY_20, JUNE_1, TODAY = 1_779_253_200, 1_780_290_000, 1_781_253_900
"""2026-05-20T05:00Z, 2026-06-01T05:00Z, 2026-06-12T08:45Z; the tests begin at 09:00Z."""
HOSTILE = '"><img src=x onerror=alert(1)>'


@pytest.fixture
async def known(unstarted: RunningService, machine: Machine) -> AsyncIterator[RunningService]:
    """Days of eth0, which counts, and of tun0, which does not; plans with a name that wants to run."""
    machine.create("tun0", is_physical=False)
    unstarted.write_before(
        slots={
            (MAY_20, interface("eth0")): Usage(Counts(7_000, 2_000), 0, Speeds(40, 20, 60)),
            (JUNE_1, interface("eth0")): Usage(Counts(5_000, 1_000), 0, Speeds(40, 20, 60)),
            (TODAY, interface("eth0")): Usage(Counts(20_000, 3_000), 500, Speeds(50, 30, 80)),
            (TODAY, interface("tun0")): Usage(Counts(400, 100), 0, Speeds(5, 4, 9)),
        }
    )
    plans = (Plan("home", cap_bytes=10_000), Plan(HOSTILE, ("tun*",)))
    unstarted.plans = plans
    unstarted.grafana = Grafana(url="http://127.0.0.1:3000")
    async with running(unstarted) as started:
        yield started


@pytest.fixture
def folder(unstarted: RunningService) -> Path:
    """An archive of a month and a year, and files that are none of its reports."""
    made = archive_folder(unstarted.ledger.path)
    made.mkdir()
    for name in ("2026-05.html", "2025.html", "notes.txt", ".hidden.html"):
        (made / name).write_text(f"<!doctype html>{name}", encoding="utf-8")
    (made.parent / "2024.html").write_text("outside", encoding="utf-8")
    return made


async def test_a_period_without_a_counted_day_is_refused(known: RunningService) -> None:
    for query, problem in (
        ("?year=2020", "nothing was counted in 2020: counting began on 1 November 2025"),
        ("?month=2027-10", "October 2027 is yet to come"),
    ):
        told = await known.ask(f"/api/export/wrapup{query}")
        assert (told.status, told.json) == (400, {"error": problem})


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "You moved 38.00 kB in 2026 so far"),
        ("?year=2026", "You moved 38.00 kB in 2026 so far"),
        ("?month=2026-05", "You moved 9.00 kB in May 2026"),
        ("?cycle=current", "Plan home moved 29.00 kB in June 2026 so far"),
        ("?cycle=last", "Plan home moved 9.00 kB in May 2026"),
        (f"?cycle=current&plan={quote(HOSTILE)}", f"Plan {HOSTILE} moved 500 B in June 2026 so far"),
        ("?range=today", "You moved 23.00 kB on 12 June 2026"),
        ("?range=all", "since 1 November 2025"),
        ("?from=2026-06-01&to=2026-06-03", "You moved 6.00 kB from 1 June to 3 June 2026"),
        ("?month=2026-06&interface=tun0", "tun0 moved 500 B in June 2026 so far"),
        ("?format=html", "You moved 38.00 kB in 2026 so far"),
    ],
)
async def test_a_period_is_a_page_of_its_own(query: str, sentence: str, known: RunningService) -> None:
    told = await known.ask(f"/api/export/wrapup{query}")

    assert told.status == 200
    page = Page(told.text)
    assert sentence in page.text
    assert page.dangers == []


async def test_a_page_is_shown_and_saved_under_its_name(known: RunningService) -> None:
    told = await known.ask("/api/export/wrapup?month=2026-05")

    assert told.headers["Content-Type"] == "text/html; charset=utf-8"
    assert told.headers["Content-Disposition"].startswith('inline; filename="netledger_')
    assert told.headers["Content-Disposition"].endswith('_2026-05.html"')


@pytest.mark.usefixtures("folder")
async def test_a_page_may_run_nothing(known: RunningService) -> None:
    for path in ("/api/export/wrapup", "/reports", "/reports/2025.html"):
        policy = (await known.ask(path)).headers["Content-Security-Policy"]

        assert "default-src 'none'" in policy
        assert "script-src" not in policy


async def test_a_page_that_has_not_changed_is_not_sent_again(known: RunningService, machine: Machine) -> None:
    first = await known.ask("/api/export/wrapup")

    known.pass_time(5)
    again = await known.ask("/api/export/wrapup", headers={"If-None-Match": first.headers["ETag"]})
    machine.move("eth0", 700, 50)
    known.pass_time(5)
    changed = await known.ask("/api/export/wrapup", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status, again.text) == (304, "")
    assert changed.status == 200
    assert "You moved 38.75 kB" in Page(changed.text).text


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("year=26", "year: '26' is not a year"),
        ("month=2026-13", "month: '2026-13' is not a month"),
        ("cycle=next", "cycle: 'next' is no cycle"),
        ("range=bogus", "range: 'bogus' is no range"),
        ("year=2026&month=2026-05", "give one period"),
        ("cycle=last&range=week", "give one period"),
        ("cycle=last&interface=eth0", "cycle: not together with interface"),
        ("plan=home&interface=eth0", "exclude each other"),
        ("plan=nosuch", "there is no 'nosuch'"),
        ("interface=nosuch0", "knows no 'nosuch0'"),
        ("format=toon", "a wrap-up is html"),
    ],
)
async def test_what_cannot_be_told_is_refused(query: str, problem: str, known: RunningService) -> None:
    told = await known.ask(f"/api/export/wrapup?{query}")

    assert told.status == 400
    assert problem in told.json["error"]


@pytest.mark.usefixtures("folder")
async def test_the_archive_is_listed_newest_first(known: RunningService) -> None:
    page = Page((await known.ask("/reports")).text)

    links = [(link.attributes["href"], link.text) for link in page.all("a")]
    assert page.dangers == []
    assert links[-2:] == [("reports/2026-05.html", "May 2026"), ("reports/2025.html", "The year 2025")]
    for href, _ in links:
        assert (await known.ask(f"/{href.removeprefix('./')}")).status == 200


async def test_a_running_service_keeps_the_archive(known: RunningService, machine: Machine) -> None:
    machine.wait(20 * 86_400)
    parts = known.service._parts
    assert parts is not None

    await parts.commit()
    await parts.keep_archive()

    links = [link.attributes["href"] for link in Page((await known.ask("/reports")).text).all("a")]
    assert "reports/2026-06.html" in links
    assert "in June 2026" in Page((await known.ask("/reports/2026-06.html")).text).text


async def test_an_archive_without_a_report_says_why(unstarted: RunningService) -> None:
    async with running(unstarted) as service:
        assert "No month is over yet" in Page((await service.ask("/reports")).text).text


async def test_reports_that_are_still_to_be_written_are_told(known: RunningService, machine: Machine) -> None:
    before = Page((await known.ask("/reports")).text).text
    machine.wait(20 * 86_400)
    parts = known.service._parts
    assert parts is not None
    await parts.commit()
    await parts.keep_archive()

    assert "8 of the months and years that are over will be written" in before
    assert "will be written" not in Page((await known.ask("/reports")).text).text


async def test_an_archive_that_is_not_kept_says_so(unstarted: RunningService) -> None:
    unstarted.reports = Reports(archive=False)
    async with running(unstarted) as service:
        assert "are not kept here" in Page((await service.ask("/reports")).text).text


async def test_a_report_is_served_as_it_was_written(known: RunningService, folder: Path) -> None:
    told = await known.ask("/reports/2026-05.html")

    assert (told.status, told.text) == (200, (folder / "2026-05.html").read_text(encoding="utf-8"))
    assert told.headers["Content-Type"] == "text/html; charset=utf-8"
    assert told.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        ".hidden.html",
        "2023.html",
        "..%2f2024.html",
        "%2e%2e%2f2024.html",
        "..",
        "2025.html%00",
        "2025.html%0a",
        "2025.html/",
        "reports%2f2025.html",
        "2025.HTML",
        "%D9%A2%D9%A0%D9%A2%D9%A5.html",
        "",
    ],
)
async def test_no_other_name_is_served(name: str, known: RunningService, folder: Path) -> None:
    raw = await known.send(f"GET /reports/{name} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())

    assert raw.split(b" ", 2)[1] == b"404"
    assert b"outside" not in raw
    assert (folder.parent / "2024.html").exists()


async def test_a_link_is_no_report(known: RunningService, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("outside")
    (folder / "2020.html").symlink_to(secret)

    told, listed = await known.ask("/reports/2020.html"), await known.ask("/reports")

    assert (told.status, "outside" in told.text) == (404, False)
    assert "2020" not in listed.text


@pytest.mark.parametrize("path", ["/api/export/wrapup", "/reports", "/reports/2025.html"])
@pytest.mark.usefixtures("folder")
async def test_a_key_is_asked_for_where_there_is_one(path: str, unstarted: RunningService) -> None:
    unstarted.auth = Auth(api_keys=("secret",))
    async with running(unstarted) as service:
        assert (await service.ask(path)).status == 401
        assert (await service.ask(path, headers={"X-API-Key": "secret"})).status == 200
