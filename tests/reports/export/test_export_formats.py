"""Every format of an export: golden files, the same numbers in each, and names that strangers chose."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
import tracemalloc
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import toon_format
from markdown_it import MarkdownIt

from reports.export.export import InterfaceTotal
from reports.formats.csv.days import FORMULA_STARTS
from reports.formats.document import ExportDocument
from reports.formats.markdown import plain
from reports.formats.registry import FORMATS
from reports.ledger.reader import Bytes
from reports.text.amounts import compatible_bytes, compatible_rate
from tests.reports.export.example_exports import HOSTILE_NAMES, export_with, year_end, years

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.export.export import Export
    from tests.conftest import Golden

LARGEST_PIECE = 128 * 1024
OF_AN_EXPORT = [name for name, form in FORMATS.items() if form.source[0] == "export.export"]
"""A wrap-up has tests of its own."""

DIRECTION_AND_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
NO_ENTITY = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
"""Control characters that Markdown shows as the replacement character, however they are written."""


def written(name: str, export: Export) -> str:
    return b"".join(FORMATS[name].write(export)).decode()


def parsed(name: str, export: Export) -> Any:
    text = written(name, export)
    parse: dict[str, Callable[[str], Any]] = {
        "json": json.loads,
        "llm": tomllib.loads,
        "toon": toon_format.decode,
        "csv": csv_rows,
    }
    return parse[name](text)


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def hostile(name: str) -> Export:
    """A stranger's name as host, as interface and as one of several interfaces."""
    return year_end()._replace(
        host=year_end().host._replace(name=name),
        device=name,
        interfaces=[
            InterfaceTotal(name, is_counted=True, bytes=Bytes(1, 2, 0, 3)),
            InterfaceTotal("eth0", is_counted=False, bytes=Bytes()),
        ],
    )


@pytest.mark.parametrize("name", OF_AN_EXPORT)
def test_a_format_is_as_promised(name: str, golden: Golden) -> None:
    golden(f"exports/year-end.{name}", written(name, year_end()))


@pytest.mark.parametrize("name", OF_AN_EXPORT)
def test_an_empty_ledger_is_valid_in_every_format_and_says_so(name: str, golden: Golden) -> None:
    text = written(name, export_with())

    golden(f"exports/empty.{name}", text)
    if name != "csv":  # CSV has no place for a sentence: a header alone is how it says so
        assert "nothing is counted yet" in text.lower()


def test_json_is_the_document_that_the_api_describes() -> None:
    for export in (year_end(), export_with(), years(1)):
        text = written("json", export)

        document = msgspec.json.decode(text, type=ExportDocument, strict=True)

        assert msgspec.json.encode(document) + b"\n" == text.encode()


def test_json_has_packetbuddys_structure() -> None:
    document = parsed("json", year_end())

    assert document["metadata"]["tracking_period"] == {
        "first_date": "2025-12-30",
        "last_date": "2026-01-02",
        "total_days": 4,
    }
    assert document["metadata"]["device"] == {"hostname": "den", "os_type": "Linux", "device_id": "0123abcd"}
    assert document["summary"]["peak_day"] == {"date": "2025-12-30", "bytes": 26_843_545_600, "human": "26.84 GB"}
    assert document["summary"]["averages"] == {"daily_bytes": 8_724_152_819, "daily_human": "8.72 GB"}
    assert {"bytes_per_second": 200_000_000, "human_readable": "200.00 MB/s"}.items() <= document["summary"][
        "peak_speed"
    ].items()
    for rows, key in ((document["monthly_data"], "month"), (document["daily_data"], "date")):
        known = {key, "bytes_sent", "bytes_received", "total_bytes", "peak_speed", "human_readable"}
        assert all(known <= row.keys() for row in rows)


def test_texts_of_a_day_are_those_of_its_numbers() -> None:
    for row in parsed("json", years(2))["daily_data"]:
        assert row["human_readable"] == {
            "sent": compatible_bytes(row["bytes_sent"]),
            "received": compatible_bytes(row["bytes_received"]),
            "total": compatible_bytes(row["total_bytes"]),
            "peak_speed": compatible_rate(row["peak_speed"]),
        }


def test_amounts_round_up_into_the_next_unit() -> None:
    amounts = {999: "999 B", 999_994: "999.99 KB", 999_995: "1.00 MB", 999_994_999: "999.99 MB", 999_995_000: "1.00 GB"}

    for amount, text in (amounts | {999_994_999_999: "999.99 GB", 999_995_000_000: "1.00 TB"}).items():
        assert compatible_bytes(amount) == text


def test_csv_begins_with_the_columns_that_readers_know_and_ends_lines_as_the_rfc_says() -> None:
    text = written("csv", year_end())

    assert text.startswith("date,bytes_sent,bytes_received,total_bytes,peak_speed,estimated_bytes,interface,host\r\n")
    assert "2025-12-30,5368709120,21474836480,26843545600,125829120,0,,den\r\n" in text
    assert text.count("\n") == text.count("\r\n") == 5


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_csv_cell_is_a_formula_and_every_name_is_there(name: str) -> None:
    rows = parsed("csv", hostile(name))

    for row in rows:
        for cell in (row["host"], row["interface"]):
            assert not cell.startswith(FORMULA_STARTS)
            assert cell.removeprefix("'") == name
        assert len(row) == 8
    assert len(rows) == 4


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("form", ["json", "toon"])
def test_a_name_reads_back_from_json_and_toon(form: str, name: str) -> None:
    document = parsed(form, hostile(name))

    assert document["metadata"]["device"]["hostname"] == name
    assert document["metadata"]["interface"] == name
    assert document["interfaces"][0]["interface"] == name


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_reads_back_from_toml_and_turns_no_line(name: str) -> None:
    text = written("llm", hostile(name))

    document = tomllib.loads(text)
    assert document["meta"]["device"] == document["meta"]["interface"] == name
    assert document["interfaces"]["interface_0"]["name"] == name
    assert not DIRECTION_AND_CONTROL.search(text)
    assert text.count("\n") == written("llm", hostile("plain")).count("\n")


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_is_only_text_in_markdown(name: str) -> None:
    text = written("markdown", hostile(name))

    title = MarkdownIt("gfm-like", {"linkify": False}).parse(text)[1].children or []
    assert {token.type for token in title} <= {"text", "text_special"}
    assert "".join(token.content for token in title) == NO_ENTITY.sub("\ufffd", f"Network usage of {name}").rstrip(" ")
    assert not DIRECTION_AND_CONTROL.search(text)
    assert "<" not in text
    assert text.count("\n") == written("markdown", hostile("plain")).count("\n")
    interfaces = text.partition("## Interfaces\n\n")[2].partition("\n\n")[0].split("\n")
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in interfaces} == {7}


@pytest.mark.parametrize("export", [year_end(), years(3), export_with()], ids=["four days", "three years", "nothing"])
def test_toon_decoded_is_the_json_export(export: Export) -> None:
    text, document = written("toon", export), parsed("json", export)

    assert toon_format.decode(text) == document
    assert text == toon_format.encode(document) + "\n"


def test_toml_has_the_sections_and_keys_of_the_dialect() -> None:
    document = parsed("llm", year_end())

    sections = "meta tracking totals year_2025 year_2026 records averages ratios comparisons interfaces monthly_data "
    assert list(document) == [*sections.split(), "recent_30_days", "llm_prompts", "interpretation", "usage_tips"]
    expected = {
        "meta": "format generated device os device_id version",
        "tracking": "first_date last_date total_days",
        "totals": "bytes_sent bytes_received total_bytes human",
        "year_2026": "bytes_sent bytes_received total_bytes days human",
        "records": "peak_speed_bps peak_speed_human peak_day_date peak_day_bytes peak_day_human peak_day_sent "
        "peak_day_received peak_day_speed",
        "averages": "daily_bytes daily_human",
        "ratios": "upload_download upload_percent download_percent",
        "comparisons": "dvd_equivalent cd_equivalent hd_movie_equivalent",
        "llm_prompts": "year_wrapup professional personal trends",
        "interpretation": "note_1 note_2 note_3 note_4 note_5",
        "usage_tips": "tip_1 tip_2 tip_3 tip_4 tip_5",
    }
    for section, keys in expected.items():
        assert set(keys.split()) <= document[section].keys()
    assert document["monthly_data"]["month_0"].keys() == {
        "name", "sent", "received", "total", "peak", "days", "human"
    }  # fmt: skip
    assert document["recent_30_days"]["day_0"] == {
        "date": "2026-01-02",
        "sent": 1_610_612_736,
        "received": 6_442_450_944,
        "total": 8_053_063_680,
        "peak": 200_000_000,
    }


def test_every_format_tells_the_same_numbers() -> None:
    export = years(2)
    days = export.days
    total, sums = days.total, export.summary()

    document, sections, rows = parsed("json", export), parsed("llm", export), parsed("csv", export)

    assert document["summary"]["totals"]["total_bytes"] == sections["totals"]["total_bytes"] == total.total
    assert sum(int(row["total_bytes"]) for row in rows) == sum(row["total_bytes"] for row in document["daily_data"])
    assert sum(int(row["total_bytes"]) for row in rows) == total.total
    assert sections["year_2025"]["total_bytes"] == sums.years[-1].bytes.total
    for number, month in enumerate(reversed(document["monthly_data"])):
        told_month = sections["monthly_data"][f"month_{number}"]
        assert (told_month["name"], told_month["total"], told_month["days"]) == (
            month["month"],
            month["total_bytes"],
            month["days_tracked"],
        )
    recent = [sections["recent_30_days"][f"day_{number}"]["total"] for number in range(30)]
    assert recent == [row["total_bytes"] for row in reversed(document["daily_data"][-30:])]
    assert f"({total.total:,} bytes)" in written("markdown", export)
    assert [row["estimated_bytes"] for row in rows] == [str(amount) for amount in days.estimated]


RATIOS = {
    "nothing": (Bytes(), {"upload_download": 0.0, "upload_percent": 0.0, "download_percent": 0.0}),
    "only sent": (Bytes(0, 5), {"upload_download": float("inf"), "upload_percent": 100.0, "download_percent": 0.0}),
    "both": (Bytes(500, 100), {"upload_download": 0.2, "upload_percent": 16.7, "download_percent": 83.3}),
}


@pytest.mark.parametrize("case", RATIOS)
def test_ratios_are_floats_whatever_was_moved(case: str) -> None:
    used, expected = RATIOS[case]
    days = year_end().days.part(0, 1)._replace(received=[used.received], sent=[used.sent])

    assert parsed("llm", export_with(days))["ratios"] == expected


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_an_export_says_which_plan_it_is_of(name: str) -> None:
    export = year_end()._replace(plan=name)

    report = written("markdown", export)

    for form in ("json", "toon"):
        assert parsed(form, export)["metadata"]["plan"] == name
    assert parsed("llm", export)["meta"]["plan"] == name
    assert f"2025-12-30 to 2026-01-02: interfaces of plan {plain(name)}, local days" in report
    assert not DIRECTION_AND_CONTROL.search(report)


def test_tables_of_markdown_are_aligned() -> None:
    for table in written("markdown", years(1)).split("\n\n"):
        if table.startswith("|"):
            assert len({len(line) for line in table.rstrip("\n").split("\n")}) == 1


@pytest.mark.parametrize("name", OF_AN_EXPORT)
def test_ten_years_are_written_in_small_pieces(name: str) -> None:
    export = years(10)
    pieces = FORMATS[name].write(export)
    next(pieces)

    tracemalloc.start()
    try:
        largest = max((len(piece) for piece in pieces), default=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert largest <= LARGEST_PIECE
    assert peak <= 2_000_000
