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
from reports.formats.registry import BASIC, FORMATS
from reports.ledger.imported import Imported, ImportedPart
from reports.ledger.reader import Bytes
from tests.reports.export.example_exports import export_with, year_end

if TYPE_CHECKING:
    from reports.export.export import Export
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
