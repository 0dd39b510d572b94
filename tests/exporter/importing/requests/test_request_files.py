"""Files of API Analytics and of tom-draper/api-analytics: what their requests are as events, and what is refused."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exporter.importing.requests.bringing import bring
from exporter.importing.requests.files import RequestOptions
from exporter.importing.requests.recognition import request_file
from exporter.ledger.past.rows import ForeignFileError
from exporter.meters.requests.events import Event
from exporter.meters.requests.past import PastOpened, PastOpening, PastPart, PastRequestsError

BERLIN = RequestOptions(ZoneInfo("Europe/Berlin"), datetime(2026, 12, 1, tzinfo=UTC))
SECONDS = BERLIN._replace(duration_unit="seconds")

TABLE = "created_at,method,endpoint,ip,process_time,status_code\n"
ROW = "2026-11-21 10:00:00,GET,/api/users,192.0.2.1,1.25,404\n"
COLUMNS = "ip_address,path,hostname,user_agent,method,response_time,status,location,user_id,time"
AGENT = 'Mozilla/5.0 (X11; "odd", 1) Gecko'
LINE = f'192.0.2.1,/items/7,api.example,"{AGENT}",7,12,200,DE,null,'
BROWSER = "Sat Nov 21 2026 23:31:00 GMT+0100 (Central European Standard Time)"
OBJECT = {
    "hostname": "api.example",
    "ip_address": "192.0.2.1",
    "path": "/items/7?page=2",
    "user_agent": "curl/8",
    "method": 1,
    "status": 201,
    "response_time": 12,
    "location": "DE",
    "user_id": "ann",
    "created_at": "2026-11-21T22:31:00.5Z",
}
COMPACT: list[list[object]] = [[*OBJECT], [*OBJECT.values()]]


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e6)


def events(path: Path, options: RequestOptions = BERLIN) -> list[Event]:
    file = request_file(path, options)
    assert file is not None
    found = [*file.events(lambda _read: None)]
    assert found == [*file.events(lambda _read: None)]
    return found


def written(folder: Path, text: str) -> Path:
    path = folder / "file"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_a_csv_of_api_analytics_has_the_unit_and_the_zone_that_are_given(tmp_path: Path) -> None:
    path = written(tmp_path, TABLE + ROW + ROW.replace("192.0.2.1", "").replace("/api/users", "/api/users/7"))

    assert events(path, SECONDS) == [
        Event("api-analytics", at("2026-11-21T09:00Z"), "GET", "/api/users", 404, 1_250_000, client="192.0.2.1"),
        Event("api-analytics", at("2026-11-21T09:00Z"), "GET", "/api/users/{id}", 404, 1_250_000, path="/api/users/7"),
    ]
    assert [each.duration for each in events(path, BERLIN._replace(duration_unit="milliseconds"))] == [1250, 1250]


def test_a_csv_of_a_dashboard_is_read_whatever_stands_in_its_agents_and_paths(tmp_path: Path) -> None:
    odd = LINE.replace("/items/7", "/a,b").replace("192.0.2.1", "null").replace("null,", "ann,", 1)
    lines = [f"{COLUMNS},referrer", f"{LINE}{BROWSER},null", f"{LINE}{BROWSER}", f"{odd}2026-11-21T22:31:00.5Z"]
    path = written(tmp_path, "\r\n".join(lines) + "\r\n")

    first, second, third = events(path)

    assert first == second
    assert first == Event(
        "api", at("2026-11-21T22:31Z"), "HEAD", "/items/{id}", 200, 12_000,
        path="/items/7", client="192.0.2.1", agent=AGENT,
    )  # fmt: skip
    assert (third.at, third.route, third.client, third.agent) == (at("2026-11-21T22:31:00.5Z"), "/a,b", "", AGENT)


@pytest.mark.parametrize("document", [[OBJECT], COMPACT])
def test_an_answer_of_api_data_is_read_in_both_its_forms(tmp_path: Path, document: list[object]) -> None:
    path = written(tmp_path, json.dumps(document))

    assert events(path, BERLIN._replace(service="shop")) == [
        Event(
            "shop", at("2026-11-21T22:31:00.5Z"), "POST", "/items/{id}", 201, 12_000,
            path="/items/7", client="192.0.2.1", agent="curl/8", user="ann",
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TABLE + ROW + ROW[:30], "line 3: it has 3 of 6 columns"),
        (TABLE + ROW + ROW.replace("404", "40"), "line 3: status 40 is refused"),
        (TABLE + ROW.replace("1.25", "soon"), "line 2: process_time 'soon' is no number"),
        (TABLE + ROW.replace("1.25", "nan"), "line 2: process_time 'nan' is no number"),
        (TABLE + ROW.replace("2026-11-21", "2026-11-31"), "line 2: '2026-11-31 10:00:00' is no time"),
        (TABLE + ROW.replace("GET", '"GET'), "line 2"),
        (f"{COLUMNS}\r\n{LINE}{BROWSER}\r\n{LINE[:40]}", "line 3: it does not have the columns"),
        (f"{COLUMNS}\r\n{LINE}{BROWSER[:20]}\r\n", "line 2: it does not have the columns"),
        (f"{COLUMNS}\r\n{LINE.replace(',7,12', ',9,12')}{BROWSER}\r\n", "line 2: method 9 is refused: use 0 to 8"),
        (f"{COLUMNS}\r\n{LINE}Sat Nov 99 2026 23:31:00 GMT+0100\r\n", "line 2: 'Sat Nov 99"),
        (json.dumps([OBJECT, {**OBJECT, "status": 0}]), "row 2: status 0 is refused"),
        (json.dumps([OBJECT, {**OBJECT, "method": -1}]), "row 2: method -1 is refused"),
        (json.dumps([OBJECT, {"path": "/"}]), "row 2: Object missing required field"),
        (json.dumps([*COMPACT, COMPACT[1][:4]]), "row 3: it is no list of 10 values"),
    ],
)
def test_a_row_that_is_damaged_is_named(tmp_path: Path, text: str, reason: str) -> None:
    path = written(tmp_path, text)
    options = SECONDS if text.startswith(TABLE) else BERLIN
    file = request_file(path, options)

    assert file is not None
    with pytest.raises(ForeignFileError) as refused:
        list(file.events(lambda _read: None))

    assert f"{path}: {reason}" in str(refused.value)


class FullTarget:
    """A ledger that takes nothing, as where the disk is full."""

    part_events = 1

    def open(self, opening: PastOpening, *, is_dry: bool) -> PastOpened:  # noqa: ARG002 - as a target has it
        return PastOpened(number=1, is_same=False, began={})

    def add(self, part: PastPart) -> None:
        raise PastRequestsError(f"part {part.part} found no room")

    def finish(self, number: int) -> None:
        raise AssertionError(number)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("text", [TABLE + ROW * 3, f"{COLUMNS}\r\n" + f"{LINE}{BROWSER}\r\n" * 3, TABLE + ROW + "x\n"])
def test_a_file_is_closed_as_soon_as_its_import_ends_early(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    file = request_file(path, SECONDS if text.startswith(TABLE) else BERLIN)
    assert file is not None

    with pytest.raises((ForeignFileError, PastRequestsError)) as ended:
        bring(file, "file", FullTarget(), BERLIN.zone, lambda _part: None, is_dry=False)

    # What is raised is still held, and with it every frame that it went through.
    assert ended.value.__traceback__ is not None
    assert str(path) not in {str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        (TABLE + ROW, BERLIN, "give --duration-unit seconds, or milliseconds"),
        (json.dumps([OBJECT])[:-9], BERLIN, "is not whole JSON"),
        (json.dumps([OBJECT]), SECONDS, "--duration-unit: the durations of"),
        (json.dumps([OBJECT]), BERLIN._replace(names={"key-1": "shop"}), "has no such service, but api"),
    ],
)
def test_a_file_is_refused_before_a_row_is_read(
    tmp_path: Path, text: str, options: RequestOptions, reason: str
) -> None:
    with pytest.raises(ForeignFileError, match=reason):
        request_file(written(tmp_path, text), options)


@pytest.mark.parametrize("text", ["", "date,rx,tx\n2026-11-21,1,2\n", "{}", "[]", "[1]", '[{"path": "/"}]', "\0"])
def test_another_file_is_of_none_of_these_programs(tmp_path: Path, text: str) -> None:
    assert request_file(written(tmp_path, text), BERLIN) is None
