"""`netledger report`: a page in a file that is whole or not there, of the period that was asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from reports.text.amounts import human_bytes
from tests.exporter.cli.calls import Commands
from tests.exporter.cli.small_ledger import NOON
from tests.reports.wrapup.read_page import Page

if TYPE_CHECKING:
    from pathlib import Path

    from tests.exporter.cli.service_process import Service


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command runs."""
    made = tmp_path / "here"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


def test_without_any_option_it_is_this_year_in_a_file_of_its_name(commands: Commands, folder: Path) -> None:
    done = commands("report")

    (written,) = folder.iterdir()
    assert (done.exit_code, done.stderr) == (0, "")
    assert re.fullmatch(r"netledger_[A-Za-z0-9-]+_2026\.html", written.name)
    assert done.stdout.startswith(f"{written.name} (22 days, ")
    year = commands.json("year")
    assert (
        f"You moved {human_bytes(year['summary']['total_bytes'])} in 2026 so far"
        in Page(written.read_text(encoding="utf-8")).text
    )


@pytest.mark.parametrize(
    ("options", "period", "sentence"),
    [
        (("--month", "2026-06"), "2026-06", "in June 2026 so far"),
        (("--year", "2026"), "2026", "in 2026 so far"),
        (("--cycle",), "2026-06", "Plan default moved"),
        (("--cycle", "last"), "2026-05", "in May 2026."),
        (("--range", "week"), "2026-W24", "in week 24 of 2026 so far"),
        (("--from", "2026-06-09", "--to", "2026-06-10"), "2026-06-09_2026-06-10", "from 9 June to 10 June 2026"),
        (("--from", "2026-06-11", "--to", "2026-06-11", "--interface", "wg0"), "2026-06-11", "wg0 moved"),
    ],
)
def test_a_period_is_told(
    options: tuple[str, ...], period: str, sentence: str, commands: Commands, folder: Path
) -> None:
    done = commands("report", *options)

    (written,) = folder.iterdir()
    assert done.exit_code == 0, done.output
    assert written.name.endswith(f"_{period}.html")
    page = Page(written.read_text(encoding="utf-8"))
    assert sentence in page.text
    assert page.dangers == []


@pytest.mark.parametrize(
    ("month", "problem"),
    [("2027-10", "October 2027 is yet to come"), ("2020-01", "nothing was counted in January 2020")],
)
def test_a_period_without_a_counted_day_is_no_file(month: str, problem: str, commands: Commands, folder: Path) -> None:
    done = commands("report", "--month", month)

    assert (done.exit_code, list(folder.iterdir())) == (2, [])
    assert problem in done.stderr


def test_a_pipe_gets_the_page_alone(commands: Commands, folder: Path) -> None:
    done = commands("report", "--output", "-")

    assert done.stdout.startswith("<!doctype html>")
    assert done.stdout.endswith("</html>")
    assert list(folder.iterdir()) == []


def test_a_file_that_is_there_is_left_alone_without_force(commands: Commands, folder: Path) -> None:
    target = folder / "report.html"
    target.write_text("mine", encoding="utf-8")

    refused = commands("report", "--output", str(target))

    assert (refused.exit_code, target.read_text(encoding="utf-8")) == (1, "mine")
    assert "use --force to replace it" in refused.stderr
    assert commands("report", "--output", str(target), "--force").exit_code == 0
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(folder.iterdir()) == [target]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--year", "26"), "year: '26' is not a year"),
        (("--month", "2026-13"), "month: '2026-13' is not a month"),
        (("--year", "2026", "--month", "2026-06"), "give one period"),
        (("--year", "2026", "--range", "week"), "give one period"),
        (("--cycle", "next"), "'next' is not one of"),
        (("--cycle", "--interface", "eth0"), "cycle: not together with interface"),
        (("--plan", "nosuch"), "there is no 'nosuch'"),
        (("--interface", "nosuch0"), "knows no 'nosuch0'"),
        (("--from", "2026-06-12", "--to", "2026-06-01"), "is not before"),
    ],
)
def test_what_cannot_be_told_is_refused_in_words(
    options: tuple[str, ...], problem: str, commands: Commands, folder: Path
) -> None:
    done = commands("report", *options)

    assert done.exit_code == 2
    assert problem in done.stderr.replace("\n", " ")
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(commands: Commands, folder: Path) -> None:
    done = commands("report", "--output", str(folder / "nowhere" / "report.html"))

    assert done.exit_code == 1
    assert "cannot write" in done.stderr


def test_it_is_shown_in_the_browser(commands: Commands, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, browser = folder / "told", folder / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > "{told}"\n', encoding="utf-8")
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")

    done = commands("report", "--output", "report.html", "--open")

    assert done.exit_code == 0, done.output
    assert told.read_text(encoding="utf-8") == (folder / "report.html").as_uri()


def test_a_plan_and_grafana_of_the_settings_are_in_it(ledger: Path, tmp_path: Path) -> None:
    settings = tmp_path / "plans.yaml"
    settings.write_text(
        "grafana: {url: 'http://127.0.0.1:3000'}\n"
        "plans: [{name: home, cap: 40 GB, price_per_gb: 0.10, currency: EUR}]\n",
        encoding="utf-8",
    )

    page = Page(Commands(ledger, NETLEDGER_CONFIG=str(settings))("report", "--output", "-").stdout)

    assert "Plan home 2 billing cycles with a cap of 40.00 GB" in page.text.replace("Grafana ", "")
    assert all(link.attributes["href"].startswith("http://127.0.0.1:3000/d/netledger-") for link in page.all("a"))


def test_a_running_service_is_asked_for_what_it_has_not_posted(service: Service, tmp_path: Path) -> None:
    service.start()

    done = service.command("report", "--range", "all", "--output", str(tmp_path / "all.html"))

    assert (done.code, done.stderr) == (0, "")
    assert Page((tmp_path / "all.html").read_text(encoding="utf-8")).dangers == []


def test_the_clock_is_the_one_that_the_command_is_given(ledger: Path, folder: Path) -> None:
    assert Commands(ledger, now=NOON + 400 * 86_400)("report").exit_code == 0

    assert [path.name[-10:] for path in folder.iterdir()] == ["_2027.html"]
