"""Imported history in every format: days say what other programs have counted of them, spans are rows of their own."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import toon_format

from reports.formats.document import ExportDocument
from reports.formats.registry import BASIC, BY_APPLICATION, BY_ROUTE, FORMATS
from reports.ledger.imported import Imported, ImportedPart
from reports.ledger.reader import Bytes
from reports.ledger.shape import COMPLEMENT, IMPORTED
from reports.usage.requests.figures import Quantiles, RequestFigures, RouteFigures, ServiceFigures
from reports.usage.requests.report import RequestReport
from tests.reports.export.example_exports import export_with, with_applications, year_end

if TYPE_CHECKING:
    from reports.export.export import Export
    from reports.formats.registry import Format
    from tests.conftest import Golden

OF_AN_EXPORT = [name for name, form in FORMATS.items() if form.source[0] == "export.export"]
NEW_YEARS_EVE = date(2025, 12, 30)
OLD = ImportedPart(date(2024, 3, 10), date(2024, 12, 31), Bytes(1_000_000_000, 100_000_000), ("vnstat",))
JULY = ImportedPart(date(2025, 7, 1), date(2025, 7, 31), Bytes(700_000_000, 70_000_000), ("laptop", "vnstat"))
PART_OF_DAY = ImportedPart(NEW_YEARS_EVE, NEW_YEARS_EVE, Bytes(20_000_000_000, 5_000_000_000), ("vnstat",))


def with_imports() -> Export:
    """Four days around New Year, the first of them imported in part; a month, and the rest of a year before."""
    return year_end()._replace(imported=Imported({NEW_YEARS_EVE: PART_OF_DAY}, (OLD, JULY)))


def only_a_month() -> Export:
    return export_with(range_name="custom")._replace(imported=Imported({}, (JULY,)))


def written(name: str, export: Export) -> str:
    return b"".join(FORMATS[name].write(export)).decode()


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("name", OF_AN_EXPORT)
def test_a_format_with_imports_is_as_promised(name: str, golden: Golden) -> None:
    golden(f"exports/imported.{name}", written(name, with_imports()))


@pytest.mark.parametrize("name", OF_AN_EXPORT)
def test_a_month_without_its_days_is_as_promised(name: str, golden: Golden) -> None:
    golden(f"exports/imported-month.{name}", written(name, only_a_month()))


def beside_bytes() -> Export:
    """Two applications and a service of three days of May; other programs have counted one, a part of one, and half."""
    days = (date(2025, 5, 1), date(2025, 5, 3))
    export = with_applications(export_with(range_name="custom"), "firefox", "=cmd, |sync|")
    assert export.applications is not None
    own, other = export.applications.applications
    brought = Bytes(700_000, 7_000, 707_000)
    mixed = own._replace(
        bytes=own.bytes.plus(brought),
        scopes={**own.scopes, IMPORTED: brought},
        protocols={**own.protocols, IMPORTED: brought},
        imported_from=("airtraffic", "old, laptop"),
    )
    whole = other._replace(
        bytes=brought, scopes={IMPORTED: brought}, protocols={IMPORTED: brought}, imported_from=("airtraffic",)
    )
    found = export.applications._replace(
        applications=[mixed, whole],
        total=mixed.bytes.plus(whole.bytes),
        scopes={**own.scopes, IMPORTED: brought.plus(brought)},
    )
    figures = RequestFigures(200, 20, 5_000, 1_000, 200, 4_000_000, 30_000, COMPLEMENT - 900)
    times = Quantiles(10.0, 20.0, 25.5, 30.0)
    services = [ServiceFigures("shop", figures, times, 100), ServiceFigures("blog", figures, times)]
    routes = [
        RouteFigures("shop", "GET", "/items/{id}", figures, times, 100),
        RouteFigures("blog", "GET", "/", figures, times),
    ]
    return export._replace(applications=found, requests=RequestReport(services, routes), beside=days)


@pytest.mark.parametrize("name", OF_AN_EXPORT)
def test_applications_and_requests_that_were_imported_are_marked_as_promised(name: str, golden: Golden) -> None:
    golden(f"exports/imported-beside.{name}", written(name, beside_bytes()))


@pytest.mark.parametrize(("name", "form"), [("applications", BY_APPLICATION), ("requests", BY_ROUTE)])
def test_tables_of_csv_have_columns_of_imports(name: str, form: Format, golden: Golden) -> None:
    text = b"".join(form.write(beside_bytes())).decode()

    golden(f"exports/imported-beside.{name}.csv", text)
    lines = rows(text)
    assert list(lines[0])[-1] in {"imported_from", "imported_requests"}
    assert all(None not in line.values() for line in lines)


def test_toon_with_imports_beside_bytes_is_the_document() -> None:
    assert toon_format.decode(written("toon", beside_bytes())) == json.loads(written("json", beside_bytes()))
    text = written("json", beside_bytes())
    assert msgspec.to_builtins(msgspec.json.decode(text, type=ExportDocument)) == json.loads(text)


@pytest.mark.parametrize("export", [with_imports(), only_a_month()], ids=["days and spans", "a span"])
def test_every_format_has_the_same_sums(export: Export) -> None:
    total, imported = export.summary().total.total, export.imported.total.total
    document = json.loads(written("json", export))
    toml = tomllib.loads(written("llm", export))
    lines = rows(written("csv", export))

    assert document["summary"]["totals"]["total_bytes"] == toml["totals"]["total_bytes"] == total
    assert document["summary"]["totals"]["imported_bytes"] == toml["imported"]["total"] == imported
    assert sum(int(line["total_bytes"]) for line in lines) == total
    assert sum(int(line["imported_bytes"]) for line in lines) == imported
    assert toon_format.decode(written("toon", export)) == document
    assert written("toon", export) == toon_format.encode(document) + "\n"


def test_json_with_imports_is_the_document_that_the_api_describes() -> None:
    text = written("json", with_imports())

    assert msgspec.json.encode(msgspec.json.decode(text, type=ExportDocument, strict=True)) + b"\n" == text.encode()


def test_a_day_says_what_was_imported_of_it_and_from_whom() -> None:
    day, *others = json.loads(written("json", with_imports()))["daily_data"]

    assert (day["imported_bytes"], day["imported_from"]) == (25_000_000_000, ["vnstat"])
    assert all("imported_bytes" not in other and "imported_from" not in other for other in others)


def test_spans_are_in_the_month_or_year_that_holds_them_and_in_no_day() -> None:
    export = with_imports()
    summary = export.summary()

    assert [(part.name, part.days) for part in summary.months] == [("2025-07", 0), ("2025-12", 2), ("2026-01", 2)]
    assert [part.name for part in summary.years] == ["2024", "2025", "2026"]
    assert summary.years[0].bytes == OLD.bytes
    assert summary.total.total == export.days.total.total + OLD.bytes.total + JULY.bytes.total
    assert summary.daily_average == export.days.total.total // 4
    assert (export.first_date, export.last_date) == ("2024-03-10", "2026-01-02")


def test_csv_has_further_columns_at_the_end_and_spans_are_its_last_lines() -> None:
    lines = rows(written("csv", with_imports()))
    before = rows(written("csv", year_end()))

    assert list(lines[0]) == [*before[0], "imported_bytes", "imported_from"]
    assert [{name: line[name] for name in before[0]} for line in lines[:4]] == before
    assert [line["imported_from"] for line in lines] == ["vnstat", "", "", "", "vnstat", "laptop + vnstat"]
    assert [line["date"] for line in lines[4:]] == ["2024-03-10/2024-12-31", "2025-07-01/2025-07-31"]


def test_the_five_columns_of_packetbuddy_stay_as_they_are() -> None:
    assert b"".join(BASIC.write(with_imports())) == b"".join(BASIC.write(year_end()))


@pytest.mark.parametrize("name", ["=1+1", 'comma, quote "', "| pipe", "<b>", "new\u2028line"])
def test_the_name_of_a_source_is_only_text(name: str) -> None:
    part = PART_OF_DAY._replace(sources=(name,))
    export = year_end()._replace(imported=Imported({NEW_YEARS_EVE: part}, (JULY._replace(sources=(name,)),)))
    document: Any = tomllib.loads(written("llm", export))

    assert document["imported"]["sources"] == name
    assert {line["imported_from"].removeprefix("'") for line in rows(written("csv", export))} == {name, ""}
    assert json.loads(written("json", export))["imported_spans"][0]["imported_from"] == [name]
    markdown = written("markdown", export)
    assert "<b>" not in markdown
    assert "\u2028" not in markdown
    assert markdown.count("\n") == written("markdown", with_imports()).count("\n") - 1
