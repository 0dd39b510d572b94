"""Applications in every format of an export: golden files, the same numbers, and names that strangers chose."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
import toon_format
from markdown_it import MarkdownIt

from reports.calendar.period import Period
from reports.export.export import SelectionError, application_export, export
from reports.formats.csv.days import FORMULA_STARTS
from reports.formats.document import ExportDocument
from reports.formats.markdown import plain
from reports.formats.registry import APPLICATIONS_TABLE, BY_APPLICATION, FORMATS, ResolutionError, format_at
from reports.ledger.selection import of_interfaces
from tests.reports.export.example_exports import HOSTILE_NAMES, den_host, with_applications, year_end
from tests.worlds.application_rows import amounts, post_applications

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.export.export import Export
    from tests.conftest import Golden
    from tests.worlds.written_ledger import WrittenLedger

OF_AN_EXPORT = ("json", "llm", "toon", "markdown")
ZONE = ZoneInfo("Asia/Kathmandu")
NOW = int(datetime(2026, 8, 12, 18, 0, tzinfo=ZONE).timestamp())
SLOT = NOW // 900 * 900
MONTH = Period.month(2026, 8, ZONE)


def written(name: str, found: Export) -> str:
    form = BY_APPLICATION if name == "csv" else FORMATS[name]
    return b"".join(form.write(found)).decode()


def csv_rows(found: Export) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written("csv", found), newline=""), strict=True))


@pytest.mark.parametrize("name", ["csv", *OF_AN_EXPORT])
def test_a_format_is_as_promised(name: str, golden: Golden) -> None:
    found = with_applications(year_end(), "firefox", "default/web", "(unknown)")

    golden(f"exports/applications.{name}", written(name, found))


def test_the_csv_of_an_export_without_applications_is_its_header() -> None:
    assert written("csv", year_end()).count("\r\n") == 1


def test_numbers_are_the_same_in_every_format() -> None:
    found = with_applications(year_end(), "firefox", "curl")
    document = json.loads(written("json", found))
    models = tomllib.loads(written("llm", found))
    rows: list[Any] = document["applications"]

    assert toon_format.decode(written("toon", found)) == document
    assert [row["total_bytes"] for row in rows] == [9_500_000] * 2
    assert [models["applications"][f"application_{n}"]["total"] for n in (0, 1)] == [9_500_000] * 2
    assert (
        models["application_totals"]["unattributed"]["total"]
        == document["application_totals"]["unattributed"]["total_bytes"]
    )
    lines = csv_rows(found)
    assert sum(int(line["total_bytes"]) for line in lines if line["scope"] == "internet") == 19_000_000
    assert [line["total_bytes"] for line in lines if not line["scope"]] == [
        str(document["application_totals"]["unattributed"]["total_bytes"])
    ]
    assert "| firefox        |     9.00 MB |   500.00 kB |     9.50 MB |" in written("markdown", found)
    assert "| (unattributed) |     1.00 MB |  -950.00 kB |    50.00 kB |" in written("markdown", found)


def test_the_document_has_the_shape_of_the_api() -> None:
    text = written("json", with_applications(year_end(), "firefox"))

    assert msgspec.to_builtins(msgspec.json.decode(text, type=ExportDocument)) == msgspec.json.decode(text)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_that_a_stranger_chose_is_a_name_in_every_format(name: str) -> None:
    found = with_applications(year_end(), name)

    assert json.loads(written("json", found))["applications"][0]["application"] == name
    assert toon_format.decode(written("toon", found))["applications"][0]["application"] == name
    assert tomllib.loads(written("llm", found))["applications"]["application_0"]["name"] == name
    cell = csv_rows(found)[0]["application"]
    assert not cell.startswith(FORMULA_STARTS)
    assert cell.removeprefix("'") == name.removeprefix("'")
    page = MarkdownIt("js-default").render(written("markdown", found))
    assert page.count("<h2>") == MarkdownIt("js-default").render(
        written("markdown", with_applications(year_end(), "plain"))
    ).count("<h2>")
    assert plain(name) in written("markdown", found)
    assert "<script" not in page


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("day", "json", "all", APPLICATIONS_TABLE), "table: 'applications' is for csv by the day"),
        (("slot", "csv", "all", APPLICATIONS_TABLE), "table: 'applications' is for csv by the day"),
        (("day", "csv", "basic", APPLICATIONS_TABLE), "table: 'applications' is for csv by the day"),
        (("day", "csv", "all", "rows"), "table: 'rows' is refused; use days, applications"),
    ],
)
def test_a_table_that_a_format_does_not_have_is_refused(arguments: tuple[str, str, str, str], error: str) -> None:
    with pytest.raises(ResolutionError, match=error):
        format_at(*arguments)


@pytest.fixture
def ledger(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> WrittenLedger:
    """A day of two interfaces and two applications."""
    found = new_ledger(ZONE)
    found.write({SLOT: (5000, 700)})
    found.write({SLOT: (1, 1)}, device="wg0")
    rows: dict[tuple[int, tuple[str, ...]], tuple[int, ...]] = {
        (SLOT, ("firefox", "internet", "tcp")): amounts(4000, 500),
        (SLOT, ("postgres", "loopback", "tcp")): amounts(9, 9),
    }
    post_applications(found, rows)
    return found


def test_an_export_of_the_machine_has_its_applications(ledger: WrittenLedger) -> None:
    with ledger.reading() as reader:
        found = export(reader, MONTH, NOW, den_host())

    assert found.applications is not None
    assert [row.name for row in found.applications.applications] == ["firefox", "postgres"]
    assert found.applications.account.interfaces.total == found.days.total.total == 5700
    assert found.facts != found._replace(applications=None).facts


def test_an_export_of_interfaces_and_one_of_other_days_has_none(ledger: WrittenLedger) -> None:
    ledger.write({SLOT - 40 * 86_400: (1, 1)}, seen=SLOT - 40 * 86_400)
    with ledger.reading() as reader:
        assert export(reader, MONTH, NOW, den_host(), of_interfaces(["eth0"])).applications is None
        assert export(reader, Period.day(date(2026, 7, 3), ZONE), NOW, den_host()).applications is None
        with pytest.raises(SelectionError, match="table: applications are of the machine"):
            application_export(reader, MONTH, NOW, den_host(), of_interfaces(["eth0"]))
