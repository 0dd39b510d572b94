"""Parts of imported logs over HTTP: for the command alone, each counted once, in order, and not beside a follower."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec.structs import replace

from exporter.meters.requests.events import EventCounts
from exporter.meters.requests.logs import parts
from exporter.meters.requests.logs.parts import ImportedPart, LogPart
from exporter.meters.requests.logs.positions import Position, digest
from tests.exporter.web.running_service import RunningService, running

if TYPE_CHECKING:
    from pathlib import Path

PATH = "/api/requests/import"
AT = 1_740_830_400_000_000
NAME = "log:0123456789abcdef"
COUNTS = EventCounts("shop", AT, "GET", "/a", 200, 3, 30, 300, 600, {100: 1, 250: 2}, 100, 250)


def part(before: int = 0, offset: int = 50, name: str = NAME, path: str = "/var/log/shop.log") -> LogPart:
    """A part of a log."""
    after = Position("shop", offset, digest(b"a"), digest(b"b"), 5)
    return msgspec.json.decode(parts.encoded(ImportedPart(path, name, before, after, [COUNTS], 1)), type=LogPart)


async def post(service: RunningService, given: LogPart, **more: Any) -> tuple[int, Any]:
    """Status and JSON of the answer."""
    found = await service.ask(PATH, "POST", data=msgspec.json.encode(given), **more)
    return found.status, found.json


def kept(service: RunningService) -> list[tuple[Any, ...]]:
    """What the ledger has of the service by day."""
    query = """
        SELECT sum(requests), sum(request_bytes), sum(response_bytes), sum(timed_requests),
            sum(duration_microseconds), max(longest_microseconds)
        FROM request_by_day WHERE service = 'shop' AND code != '(all)'
    """
    with closing(sqlite3.connect(service.ledger.path)) as ledger:
        return ledger.execute(query).fetchall()


async def test_a_part_is_in_the_ledger_when_it_is_answered_and_a_repeat_changes_nothing(
    service: RunningService,
) -> None:
    first, again = await post(service, part()), await post(service, part())

    assert first == (200, {"requests": 3, "repeat": False})
    assert again == (200, {"requests": 3, "repeat": True})
    assert kept(service) == [(3, 30, 300, 3, 600, 250)]


async def test_the_same_part_at_the_same_time_is_counted_once(service: RunningService) -> None:
    found = await asyncio.gather(*(post(service, part()) for _ in range(4)))

    assert sorted(answer["repeat"] for _, answer in found) == [False, True, True, True]
    assert kept(service)[0][0] == 3


async def test_a_part_that_does_not_go_on_where_the_log_is_read_to_is_refused(service: RunningService) -> None:
    await post(service, part())

    behind, ahead = await post(service, part(0, 60)), await post(service, part(60, 70))
    good = await post(service, part(50, 60))

    assert {behind[0], ahead[0]} == {400}
    assert behind[1] == {
        "error": "this part is not where the log is read to: the service or another import reads it, too"
    }
    assert good == (200, {"requests": 3, "repeat": False})


async def test_the_position_is_of_one_service(service: RunningService) -> None:
    await post(service, part())

    status, answer = await post(service, replace(part(50, 60), service="blog"))

    assert (status, "another service" in answer["error"]) == (400, True)


async def test_a_log_that_is_followed_is_refused(unstarted: RunningService, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    unstarted.requests = replace(unstarted.requests, logs={"shop": log})

    async with running(unstarted) as service:
        followed = await post(service, part(path=str(log.resolve())))
        other = await post(service, part(path=str(log.resolve()) + ".1"))

    assert followed == (400, {"error": "the service follows this log, and reads it itself"})
    assert other[0] == 200


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "wrong"}])
async def test_without_a_key_nothing_is_imported(service: RunningService, headers: dict[str, str]) -> None:
    assert (await post(service, part(), headers=headers))[0] == 401


@pytest.mark.parametrize("right", ["ingest", "read", "both"])
async def test_a_key_of_a_service_imports_nothing(service: RunningService, right: str) -> None:
    made = await service.ask(f"/api/requests/keys?service=shop&right={right}", "POST")

    assert (await post(service, part(), headers={"X-API-Key": made.json["key"]}))[0] == 403


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"position": "follow:shop"}, "position: 'follow:shop' is refused"),
        ({"offset": 0}, "offset: 0 is refused"),
        ({"before": 50}, "not behind `before`"),
        ({"service": "(other)"}, "begins with a parenthesis"),
        ({"service": "netledger"}, "netledger's own"),
        ({"head": "x"}, "head: 'x' is refused"),
    ],
)
async def test_what_cannot_be_used_is_named(service: RunningService, changed: dict[str, Any], text: str) -> None:
    status, answer = await post(service, replace(part(), **changed))

    assert status == 400
    assert text in answer["error"]


@pytest.mark.parametrize(
    "changed", [{"code": 99}, {"at": 0}, {"at": 7_000_000_000_000_000}, {"requests": -1}, {"duration": 2**60}]
)
async def test_requests_out_of_bounds_are_refused_and_the_service_goes_on(
    service: RunningService, changed: dict[str, Any]
) -> None:
    given = part()
    bad = replace(given, requests=[replace(given.requests[0], **changed)])

    assert (await post(service, bad))[0] == 400
    assert (await post(service, given))[0] == 200
