"""Clients of API Analytics read what they posted: the dashboard's figures exactly, and the raw log."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.exporter.web.running_service import running

if TYPE_CHECKING:
    from tests.exporter.web.running_service import RunningService

FIFTY = Path(__file__).parents[2] / "fixtures" / "requests" / "fifty.csv"
"""Local times of the test's ledger, milliseconds; an empty address is none."""

EMPTY_SUMMARY = {
    "total_requests": 0,
    "unique_ips": 0,
    "avg_response_time": None,
    "min_response_time": None,
    "max_response_time": None,
    "error_rate": 0.0,
}


def fifty() -> list[dict[str, Any]]:
    with FIFTY.open(newline="") as file:
        return [
            {
                **row,
                "ip": row["ip"] or None,
                "process_time": float(row["process_time"]),
                "status_code": int(row["status_code"]),
            }
            for row in csv.DictReader(file)
        ]


async def new_key(service: RunningService) -> dict[str, str]:
    """The header of a new service's key, as its users get one."""
    told = await service.ask("/generate_key", "POST", headers={})
    return {"X-API-Key": told.json}


async def post(service: RunningService, key: dict[str, str], rows: list[dict[str, Any]]) -> None:
    for row in rows:
        told = await service.ask("/track", "POST", headers=key, json=row)
        assert (told.status, told.text) == (200, ""), told.text


async def read(service: RunningService, path: str, key: dict[str, str]) -> Any:
    told = await service.ask(path, headers={**key, "Accept": "application/json"})
    assert told.status == 200, told.text
    return told.json


def event(service: RunningService, **parts: Any) -> dict[str, Any]:
    now = datetime.fromtimestamp(service.machine.seconds, UTC).isoformat()
    return {
        "created_at": now,
        "method": "GET",
        "endpoint": "/a",
        "ip": None,
        "process_time": 1.0,
        "status_code": 200,
        **parts,
    }


@pytest.fixture
def full(unstarted: RunningService) -> RunningService:
    """Make a service that keeps whole addresses, as API Analytics does."""
    unstarted.requests = replace(unstarted.requests, privacy="full")
    return unstarted


async def test_the_dashboard_of_the_seed_has_the_seeds_figures(full: RunningService) -> None:
    async with running(full) as service:
        key = await new_key(service)
        await post(service, key, fifty())
        told = await read(service, "/dashboard", key)

    summary, rows = told["summary"], fifty()
    assert {name: summary[name] for name in EMPTY_SUMMARY} == {
        "total_requests": 50,
        "unique_ips": 4,
        "avg_response_time": 1.24,
        "min_response_time": 0.09,
        "max_response_time": 2.41,
        "error_rate": 62.0,
    }
    assert summary["p50"] <= summary["p90"] <= summary["p95"] <= summary["p99"] <= 2.41
    assert told["endpoint_stats"][0] == {
        "endpoint": "/api/users",
        "requests": 13,
        "avg_time": average([row for row in rows if row["endpoint"] == "/api/users"]),
        "errors_count": 8,
    }
    assert [row["requests"] for row in told["endpoint_stats"]] == [13, 10, 9, 7, 6]
    assert told["method_usage"] == dict(Counter(row["method"] for row in rows))
    assert told["status_codes"] == {
        str(code): count for code, count in Counter(row["status_code"] for row in rows).items()
    }
    assert told["top_ips"] == [
        {"ip": address, "requests": count}
        for address, count in Counter(row["ip"] for row in rows if row["ip"]).most_common()
    ]
    assert [(point["timestamp"], point["requests"]) for point in told["time_series"]] == sorted(
        Counter(row["created_at"][:10] for row in rows).items()
    )
    assert all(0 < point["error_rate"] < 1 for point in told["time_series"])


def average(rows: list[dict[str, Any]]) -> float:
    times: list[float] = [row["process_time"] for row in rows]
    return round(sum(times) / len(times), 3)


async def test_the_raw_log_of_the_seed_has_the_rows(full: RunningService) -> None:
    async with running(full) as service:
        key = await new_key(service)
        await post(service, key, fifty())
        told = await read(service, "/raw_logs", key)
        page = await read(service, "/raw_logs?limit=7&offset=45", key)

    assert [{**row, "created_at": row["created_at"][:19].replace("T", " ")} for row in told] == [
        {**row, "id": found["id"]} for row, found in zip(fifty(), told, strict=True)
    ]
    assert len({row["id"] for row in told}) == 50
    assert page == told[45:]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("method=POST", lambda row: row["method"] == "POST"),
        ("status_code=404", lambda row: row["status_code"] == 404),
        ("status_code=5xx", lambda row: row["status_code"] >= 500),
        ("endpoint=users", lambda row: "users" in row["endpoint"]),
        ("ip=2001:db8::17", lambda row: row["ip"] == "2001:db8::17"),
        ("process_time_min=0.5&process_time_max=1.5", lambda row: 0.5 <= row["process_time"] <= 1.5),
        ("start_date=2026-06-12", lambda row: row["created_at"] >= "2026-06-12"),
        ("end_date=2026-06-11", lambda row: row["created_at"] < "2026-06-12"),
        (
            "start_date=2026-06-12T06:00:00&end_date=2026-06-12T09:00:00",
            lambda row: "2026-06-12 06" <= row["created_at"] < "2026-06-12 09",
        ),
        ("method=BREW", lambda _row: False),
    ],
)
async def test_each_filter_of_the_raw_log(full: RunningService, query: str, wanted: Any) -> None:
    async with running(full) as service:
        key = await new_key(service)
        await post(service, key, fifty())
        told = await read(service, f"/raw_logs?{query}", key)

    assert [row["created_at"][:19].replace("T", " ") for row in told] == [
        row["created_at"] for row in filter(wanted, fifty())
    ]


@pytest.mark.parametrize("order", ["created_at", "method", "endpoint", "process_time", "status_code"])
async def test_each_order_of_the_raw_log(full: RunningService, order: str) -> None:
    async with running(full) as service:
        key = await new_key(service)
        await post(service, key, fifty())
        told = await read(service, f"/raw_logs?order_by={order}", key)

    assert [row[order] for row in told] == sorted(row[order] for row in told)
    assert len(told) == 50


async def test_three_errors_of_seven(service: RunningService) -> None:
    key = await new_key(service)
    await post(service, key, [event(service, status_code=code) for code in (200, 399, 400, 404, 599, 201, 302)])

    told = await read(service, "/dashboard", key)

    assert told["summary"]["error_rate"] == 42.857142857142854
    assert [point["error_rate"] for point in told["time_series"]] == [3 / 7]


async def test_an_empty_service_has_zeros_nulls_and_empty_lists(service: RunningService) -> None:
    key = await new_key(service)

    told, rows = await read(service, "/dashboard", key), await read(service, "/raw_logs", key)

    assert {name: told["summary"][name] for name in EMPTY_SUMMARY} == EMPTY_SUMMARY
    assert told["summary"].keys() - EMPTY_SUMMARY.keys() == {
        *("errors", "p50", "p90", "p95", "p99", "request_bytes", "response_bytes"),
        *("requests_per_second", "bytes_per_second", "imported_requests"),
    }
    assert {name: value for name, value in told.items() if name != "summary"} == {
        "method_usage": {},
        "endpoint_stats": [],
        "status_codes": {},
        "top_ips": [],
        "time_series": [],
    }
    assert rows == []


async def test_two_services_do_not_read_each_other(service: RunningService) -> None:
    shop, blog = await new_key(service), await new_key(service)
    await post(service, shop, [event(service, endpoint="/shop")])
    await post(service, blog, [event(service, endpoint="/blog")] * 2)

    told = {name: await read(service, "/dashboard", key) for name, key in (("shop", shop), ("blog", blog))}
    rows = {name: await read(service, "/raw_logs", key) for name, key in (("shop", shop), ("blog", blog))}
    other = [await service.ask(f"{path}?service=service-2", headers=shop) for path in ("/dashboard", "/raw_logs")]

    assert {name: list(each["endpoint_stats"]) for name, each in told.items()} == {
        "shop": [{"endpoint": "/shop", "requests": 1, "avg_time": 1.0, "errors_count": 0}],
        "blog": [{"endpoint": "/blog", "requests": 2, "avg_time": 1.0, "errors_count": 0}],
    }
    assert {name: {row["endpoint"] for row in each} for name, each in rows.items()} == {
        "shop": {"/shop"},
        "blog": {"/blog"},
    }
    assert [(each.status, each.json) for each in other] == [
        (403, {"detail": "this key reads its own service alone"})
    ] * 2


async def test_an_admin_key_reads_all_services_or_one(service: RunningService) -> None:
    admin = {"X-API-Key": service.token}
    for rows in (1, 2):
        await post(service, await new_key(service), [event(service)] * rows)

    totals = [
        (await read(service, f"/dashboard{query}", admin))["summary"]["total_requests"]
        for query in ("", "?service=service-1", "?service=service-2", "?service=service-3")
    ]

    assert totals == [3, 1, 2, 0]
    assert len(await read(service, "/raw_logs", admin)) == 3


@pytest.mark.parametrize("path", ["/dashboard", "/raw_logs"])
async def test_keys_are_refused_in_the_words_of_the_seed(service: RunningService, path: str) -> None:
    told = [
        await service.ask(path, headers={"Accept": "application/json", **given})
        for given in ({}, {"X-API-Key": ""}, {"X-API-Key": "x" * 65}, {"X-API-Key": "unknown"})
    ]
    ingest = await service.ask("/api/requests/keys?service=shop&right=ingest", "POST")
    writer = await service.ask(path, headers={"X-API-Key": ingest.json["key"]})

    assert [(each.status, each.json) for each in told] == [
        *[(401, {"detail": "Missing API Key"})] * 3,
        (401, {"detail": "Invalid API Key"}),
    ]
    assert writer.status == 403
    assert writer.json.keys() == {"detail"}


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
async def test_a_client_with_a_key_gets_json(service: RunningService, accept: str) -> None:
    told = await service.ask("/dashboard", headers={**await new_key(service), "Accept": accept})

    assert told.json["summary"]["total_requests"] == 0


async def test_a_browser_gets_the_page(service: RunningService) -> None:
    told = await service.ask(
        "/dashboard?month=2026-06", headers={"Accept": "text/html,application/json;q=0.9,*/*;q=0.8"}
    )

    assert told.status == 200
    assert told.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("start_date=2026-06-12&end_date=2026-06-11", "Start date must be before end date"),
        ("start_date=2026-06-12T10:00:00&end_date=2026-06-12T10:00:00", "Start date must be before end date"),
        ("process_time_min=2&process_time_max=1", "Min time must be less than max time"),
        ("process_time_min=1&process_time_max=1", "Min time must be less than max time"),
    ],
)
async def test_bounds_that_are_swapped_are_refused_in_the_words_of_the_seed(
    service: RunningService, query: str, detail: str
) -> None:
    told = await service.ask(f"/raw_logs?{query}", headers=await new_key(service))

    assert (told.status, told.json) == (422, {"detail": detail})


@pytest.mark.parametrize(
    ("path", "field"),
    [
        *((f"/raw_logs?limit={limit}", "limit") for limit in ("-1", "0", "101", "x", "", "1e1", "%D9%A3")),
        ("/raw_logs?offset=-1", "offset"),
        ("/raw_logs?offset=99999999", "offset"),
        ("/raw_logs?order_by=id", "order_by"),
        ("/raw_logs?colour=red", "colour"),
        ("/raw_logs?limit=1&limit=2", "limit"),
        ("/raw_logs?status_code=99", "status_code"),
        ("/raw_logs?process_time_min=-1", "process_time_min"),
        ("/raw_logs?start_date=yesterday", "start_date"),
        ("/dashboard?end_date=2026-02-30", "end_date"),
        ("/dashboard?period=yearly", "period"),
        ("/dashboard?limit=5", "limit"),
    ],
)
async def test_a_parameter_that_cannot_be_used_is_named(service: RunningService, path: str, field: str) -> None:
    told = await service.ask(path, headers=await new_key(service))

    assert told.status == 422
    [fault] = told.json["detail"]
    assert fault["loc"] == ["query", field]
    assert fault.keys() == {"type", "loc", "msg", "input"}
    assert fault["msg"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("period", "stamps"),
    [
        ("minutely", ["2026-06-12 14:15", "2026-06-12 14:30"]),
        ("hourly", ["2026-06-12 14"]),
        ("daily", ["2026-06-12"]),
        ("weekly", ["2026-23"]),
        ("monthly", ["2026-06"]),
    ],
)
async def test_each_period_has_the_labels_of_the_seed(service: RunningService, period: str, stamps: list[str]) -> None:
    key = await new_key(service)
    await post(service, key, [event(service)])

    told = await read(service, f"/dashboard?start_date=2026-06-12T14:00:00&period={period}", key)

    assert [point["timestamp"] for point in told["time_series"]][-len(stamps) :] == stamps
