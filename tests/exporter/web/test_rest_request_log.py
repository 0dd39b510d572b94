"""The request log over HTTP: filters, both directions, pages by a cursor, and a file for spreadsheets."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from exporter.web.api import request_log
from tests.exporter.web.reported import at, new_keys, report
from tests.exporter.web.running_service import RunningService, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture
async def told(unstarted: RunningService) -> AsyncIterator[RunningService]:
    """Requests that differ in each part, numbered by their user."""
    async with running(unstarted) as service:
        await report(
            service,
            await new_keys(service, "shop"),
            {"user_id": "1", "created_at": at(service, 3600)},
            {"user_id": "2", "created_at": at(service, 50), "method": "POST", "endpoint": "/pay", "status_code": 503},
            {"user_id": "3", "created_at": at(service, 40), "status_code": 404, "endpoint": "/lost"},
            {"user_id": "4", "created_at": at(service, 30), "ip": "198.51.100.9", "endpoint": "/items/8"},
            {"user_id": "5", "created_at": at(service, 20), "process_time": 250, "user_agent": BOT},
            {"user_id": "6", "created_at": at(service, 10), "endpoint": "/healthz"},
        )
        await report(service, await new_keys(service, "blog"), {"user_id": "7"})
        yield service


def users(answer: dict[str, Any]) -> str:
    """The users of a page, in its order."""
    return "".join(each["user_id"] for each in answer["requests"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "7654321"),
        ("order=oldest", "1234567"),
        ("service=shop", "654321"),
        ("method=POST", "2"),
        ("status=404", "3"),
        ("status=5xx", "2"),
        ("status=0", ""),
        ("route=/items/*", "7541"),
        ("route=/p?y", "2"),
        ("path=/items/8", "4"),
        ("ip=198.51.100.9", "4"),
        ("ip=198.51.0.0/16", "4"),
        ("ip=nobody", ""),
        ("min_time=2", "5"),
        ("max_time=1.5&status=404", "3"),
        ("exclude=404,health,bots", "7421"),
        ("limit=2", "76"),
        ("from=2026-06-12T14:29:15", "76543"),
        ("from=2026-06-12T09:00:00Z", "7"),
        ("to=2026-06-12T14:29:15%2B05:30", "21"),
        ("from=2026-06-12", "7654321"),
        ("to=2026-06-11", ""),
    ],
)
async def test_every_filter(told: RunningService, query: str, expected: str) -> None:
    assert users(await told.get(f"/api/requests/log?{query}")) == expected


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_pages_have_each_request_once(told: RunningService, order: str) -> None:
    page = await told.get(f"/api/requests/log?order={order}&limit=2")
    found = users(page)
    while page["next"] is not None:
        page = await told.get(f"/api/requests/log?order={order}&limit=2&cursor={page['next']}")
        found += users(page)

    assert found == ("7654321" if order == "newest" else "1234567")


async def test_one_request(told: RunningService) -> None:
    [found] = (await told.get("/api/requests/log?ip=198.51.100.9"))["requests"]

    assert found == {
        "created_at": "2026-06-12T14:29:30+05:30",
        "service": "shop",
        "method": "GET",
        "endpoint": "/items/{id}",
        "path": "/items/8",
        "status_code": 200,
        "ip": "198.51.100.0/24",
        "process_time": 1.5,
        "request_bytes": 0,
        "response_bytes": 0,
        "user_agent": None,
        "user_id": "4",
        "id": found["id"],
    }


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("status=6xx", "status: '6xx' is refused"),
        ("min_time=-1", "min_time: '-1' is refused; write milliseconds"),
        ("order=best", "order: 'best' is refused; use newest or oldest"),
        ("format=xml", "format: 'xml' is refused; use json or csv"),
        ("limit=1001", "limit: '1001' is refused; write a whole number from 1 to 1000"),
        ("limit=-1", "limit: '-1' is refused"),
        ("cursor=1", "cursor: '1' is refused; send what `next` of the page before is"),
        ("exclude=cats", "exclude: 'cats' is refused"),
        ("from=noon", "from: "),
        ("service=none", "service: the ledger knows no 'none'"),
    ],
)
@pytest.mark.parametrize("more", ["", "&format=csv"])
async def test_what_cannot_be_asked_is_refused(told: RunningService, query: str, error: str, more: str) -> None:
    answer = await told.ask(f"/api/requests/log?{query}{'' if 'format' in query else more}")

    assert answer.status == 400
    assert answer.json["error"].startswith(error)


async def test_a_file_has_what_the_pages_have(told: RunningService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "LINES_AT_ONCE", 2)

    answer = await told.ask("/api/requests/log?format=csv&service=shop&exclude=404")
    head = await told.ask("/api/requests/log?format=csv", "HEAD")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    [page] = [(await told.get("/api/requests/log?service=shop&exclude=404"))["requests"]]
    assert [row["user_id"] for row in rows] == list("65421")
    assert [{name: str(each[name] or "") for name in ("created_at", "ip", "path")} for each in page] == [
        {name: row[name] for name in ("created_at", "ip", "path")} for row in rows
    ]
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="netledger_requests.csv"'
    assert (head.status, head.text) == (200, "")


async def test_a_file_is_bounded(told: RunningService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "MOST_LINES", 3)

    usual = await told.ask("/api/requests/log?format=csv")
    chosen = await told.ask("/api/requests/log?format=csv&limit=1&order=oldest")

    assert [row["user_id"] for row in csv.DictReader(io.StringIO(usual.text))] == ["7", "6", "5"]
    assert [row["user_id"] for row in csv.DictReader(io.StringIO(chosen.text))] == ["1"]


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+1", "-2", 'a"b,c'])
async def test_a_cell_is_never_a_formula(service: RunningService, text: str) -> None:
    parts = {"user_id": text, "user_agent": text, "endpoint": f"/{text}"}
    await report(service, await new_keys(service, "shop"), parts)

    answer = await service.ask("/api/requests/log?format=csv")

    [row] = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert not {row[name][0] for name in ("user_id", "user_agent", "path", "endpoint")} & set("=+-@\t\r\n")
    assert row["user_agent"].removeprefix("'") == text
