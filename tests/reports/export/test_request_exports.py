"""Requests in every format of an export: golden files, the same numbers, and names that strangers chose."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import toon_format
from markdown_it import MarkdownIt

from reports.calendar.days import Span, day_of
from reports.calendar.period import Period
from reports.export.export import SelectionError, export
from reports.export.request_export import MOST_QUANTILES, request_export
from reports.formats.csv.days import FORMULA_STARTS
from reports.formats.document import ExportDocument
from reports.formats.markdown import plain
from reports.formats.registry import BY_ROUTE, FORMATS, REQUESTS_TABLE, ResolutionError, format_at
from reports.ledger.selection import of_interfaces
from reports.ledger.shape import COMPLEMENT, OTHER, OWN_SERVICE
from reports.usage.requests.figures import Quantiles, RequestFigures, RouteFigures, ServiceFigures, add_figures
from reports.usage.requests.report import RequestReport, request_report
from reports.usage.scopes import of_scopes
from tests.meters.request_ledgers import RequestLedger
from tests.meters.requests import event
from tests.reports.export.example_exports import HOSTILE_NAMES, den_host, year_end
from tests.worlds.fake_machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reports.export.export import Export
    from tests.conftest import Golden

OF_AN_EXPORT = ("json", "llm", "toon", "markdown")
TIMES, SLOW_TIMES = Quantiles(12.345, 40.0, 80.5, 1200.0), Quantiles(1900.0, 2500.0, 2900.0, 3000.0)


def with_requests(*names: str) -> Export:
    """The days around New Year with a service of each name, each with three routes; one has no times."""
    busy = RequestFigures(9_000, 90, 1_000_000, 40_000_000, 9_000, 180_000_000, 2_000_000, COMPLEMENT - 500)
    slow = RequestFigures(20, 2, 5_000, 1_000, 20, 40_000_000, 3_000_000, COMPLEMENT - 900_000)
    untimed = RequestFigures(7, 7)
    routes = [
        RouteFigures(name, method, f"{route}{name}", figures, times)
        for method, route, figures, times in (
            ("GET", "/items/{id}/", busy, TIMES),
            ("POST", "/checkout/", slow, SLOW_TIMES),
            ("(other)", "/", untimed, None),
        )
        for name in names
    ]
    services = [ServiceFigures(name, add_figures([busy, slow, untimed]), TIMES) for name in names]
    return year_end()._replace(requests=RequestReport(services, routes))


def written(name: str, found: Export) -> str:
    form = BY_ROUTE if name == "csv" else FORMATS[name]
    return b"".join(form.write(found)).decode()


def csv_rows(found: Export) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written("csv", found), newline=""), strict=True))


@pytest.mark.parametrize("name", ["csv", *OF_AN_EXPORT])
def test_a_format_is_as_promised(name: str, golden: Golden) -> None:
    golden(f"exports/requests.{name}", written(name, with_requests("shop", "blog_api", "(other)")))


def test_an_export_without_requests_says_nothing_of_them() -> None:
    assert written("csv", year_end()).count("\r\n") == 1
    for name in OF_AN_EXPORT:
        assert "request" not in written(name, year_end()).lower()


def test_numbers_are_the_same_in_every_format() -> None:
    found = with_requests("shop", "blog")
    document = json.loads(written("json", found))
    models = tomllib.loads(written("llm", found))
    requests: dict[str, Any] = document["requests"]
    lines, report = csv_rows(found), written("markdown", found)

    assert toon_format.decode(written("toon", found)) == document
    assert requests["requests"] == models["requests"]["total"]["requests"] == 18_054
    assert (
        sum(int(line["requests"]) for line in lines) == sum(row["requests"] for row in requests["services"]) == 18_054
    )
    assert sum(int(line["errors"]) for line in lines) == requests["errors"] == models["requests"]["total"]["errors"]
    assert [models["request_routes"][f"slowest_{n}"]["average_ms"] for n in (0, 2)] == [2000.0, 20.0]
    assert [row["avg_time"] for row in requests["slowest_routes"]] == [2000.0, 2000.0, 20.0, 20.0]
    assert requests["busiest_routes"][0]["p95"] == models["request_routes"]["busiest_0"]["p95_ms"] == 80.5
    assert lines[0]["p95"] == "80.500"
    assert [lines[-1][name] for name in ("avg_time", "min_time", "max_time", "p50", "p95")] == [""] * 5
    assert "| shop       |       9,027 |          99 |       24 ms |       80 ms |" in report


def test_the_document_has_the_shape_of_the_api() -> None:
    text = written("json", with_requests("shop"))

    assert msgspec.to_builtins(msgspec.json.decode(text, type=ExportDocument)) == msgspec.json.decode(text)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_that_a_stranger_chose_are_names_in_every_format(name: str) -> None:
    found, harmless = with_requests(name), written("markdown", with_requests("plain"))
    hostile_route = found._replace(requests=_with_route(found, name))

    for each in (found, hostile_route):
        route = each.requests.routes[0].route if each.requests else ""
        document, models = json.loads(written("json", each)), tomllib.loads(written("llm", each))
        assert toon_format.decode(written("toon", each)) == document
        assert document["requests"]["services"][0]["service"] == name
        assert document["requests"]["busiest_routes"][0]["route"] == route
        assert models["requests"]["service_0"]["name"] == name
        assert models["request_routes"]["busiest_0"]["route"] == route
        line = csv_rows(each)[0]
        for cell, text in ((line["service"], name), (line["route"], route)):
            assert not cell.startswith(FORMULA_STARTS)
            assert cell.removeprefix("'") == text.removeprefix("'")
        report = written("markdown", each)
        page = MarkdownIt("js-default").render(report)
        assert page.count("<h2>") == MarkdownIt("js-default").render(harmless).count("<h2>")
        assert page.count("<td>") + page.count("<td style") == _cells(harmless)
        assert plain(name) in report
        assert "<script" not in page
        assert "<a " not in page


def _with_route(found: Export, name: str) -> RequestReport | None:
    return found.requests and found.requests._replace(
        routes=[found.requests.routes[0]._replace(route=name), *found.requests.routes[1:]]
    )


def _cells(text: str) -> int:
    page: str = MarkdownIt("js-default").render(text)
    return page.count("<td>") + page.count("<td style")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("day", "json", "all", REQUESTS_TABLE), "table: 'requests' is for csv by the day"),
        (("slot", "csv", "all", REQUESTS_TABLE), "table: 'requests' is for csv by the day"),
        (("day", "csv", "basic", REQUESTS_TABLE), "table: 'requests' is for csv by the day"),
        (("day", "csv", "all", "rows"), "table: 'rows' is refused; use days, applications, requests"),
    ],
)
def test_a_table_that_a_format_does_not_have_is_refused(arguments: tuple[str, str, str, str], error: str) -> None:
    with pytest.raises(ResolutionError, match=error):
        format_at(*arguments)


@pytest.fixture
def ledger(template: Path, tmp_path: Path) -> Iterator[RequestLedger]:
    """A day of one interface, a shop of many routes, netledger itself, and a route that stands for several."""
    machine = Machine()
    machine.create("eth0", is_uplink=True)
    with closing(RequestLedger(machine, tmp_path / "requests.db", template)) as made:
        machine.move("eth0", 9_000_000, 1_000_000)
        at = machine.seconds
        many = [event(at, route=f"/{number}", client="198.51.100.77") for number in range(MOST_QUANTILES + 20)]
        busy = [event(at, duration=1000 * (number + 1)) for number in range(100)]
        own = [event(at, service=OWN_SERVICE) for _ in range(500)]
        made.give([*many, *busy, *own, *(event(at, route=OTHER, code=503) for _ in range(300))])
        yield made


def today(ledger: RequestLedger) -> Period:
    with ledger.read() as reader:
        return Period.day(day_of(ledger.now, reader.zone), reader.zone)


def test_an_export_of_the_machine_has_its_requests_and_no_address(ledger: RequestLedger) -> None:
    with ledger.read() as reader:
        found = export(reader, today(ledger), ledger.now, den_host())

    assert found.requests is not None
    assert [(row.service, row.figures.requests) for row in found.requests.services] == [("shop", 520)]
    assert found.requests.busiest[0].quantiles is not None
    assert found.requests.failing == []
    assert found.facts != found._replace(requests=None).facts
    for name in OF_AN_EXPORT:
        assert "198.51.100" not in written(name, found)
    assert "198.51.100" not in written("csv", found)


def test_the_table_has_every_route_and_quantiles_of_the_busiest(ledger: RequestLedger) -> None:
    with ledger.read() as reader:
        lines = csv_rows(request_export(reader, today(ledger), ledger.now, den_host()))

    assert len(lines) == MOST_QUANTILES + 22
    assert sum(int(line["requests"]) for line in lines) == 520
    assert [line["p95"] != "" for line in lines] == [True] * MOST_QUANTILES + [False] * 22
    assert float(lines[1]["p50"]) == pytest.approx(50, rel=0.03)
    assert {line["avg_time"] for line in lines[2:]} == {"1.000"}


def test_an_export_of_interfaces_scopes_and_other_days_has_none(ledger: RequestLedger) -> None:
    with ledger.read() as reader:
        for selection in (of_interfaces(["eth0"]), of_scopes(reader, ["internet"])):
            assert export(reader, today(ledger), ledger.now, den_host(), selection).requests is None
            with pytest.raises(SelectionError, match="table: requests are of the machine"):
                request_export(reader, today(ledger), ledger.now, den_host(), selection)


def test_of_many_years_no_sketches_are_merged(ledger: RequestLedger) -> None:
    with ledger.read() as reader:
        day = today(ledger).span
        short, long = (request_report(reader, Span(day.end - days * 86_400, day.end)) for days in (300, 4000))

    assert short is not None
    assert long is not None
    assert long.figures == short.figures
    assert [row.quantiles.p95 is not None for found in (short, long) for row in found.services] == [True, False]
    assert [found.busiest[0].quantiles is not None for found in (short, long)] == [True, False]
