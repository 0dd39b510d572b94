from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.exporter.cli.service_process import fetch
from tests.exporter.cli.small_ledger import ZONE

if TYPE_CHECKING:
    from tests.exporter.cli.service_process import Service

AMOUNTS = ("bytes_sent", "bytes_received", "total_bytes")
RANGE = ("2026-01-30", "2026-02-02")
PAIRS = [
    (("today",), "/api/today"),
    (("today", "--interface", "wg0"), "/api/today?interface=wg0"),
    (("week",), "/api/week"),
    (("year", "2026", "--interface", "eth0"), "/api/year?year=2026&interface=eth0"),
    (("cost", "--period", "cycle"), "/api/cost?period=cycle"),
    (("month",), "/api/month"),
    (("month", "2026-05", "--interface", "eth0"), "/api/month?month=2026-05&interface=eth0"),
    (("range", "--from", RANGE[0], "--to", RANGE[1]), f"/api/range?from_date={RANGE[0]}&to_date={RANGE[1]}"),
    (("summary",), "/api/summary"),
    (("summary", "--interface", "wlan0"), "/api/summary?interface=wlan0"),
    (("interfaces",), "/api/interfaces"),
    (("live", "--count", "1"), "/api/live"),
]


@pytest.mark.parametrize(("arguments", "path"), PAIRS, ids=lambda value: value if isinstance(value, str) else "")
def test_json_of_a_command_equals_the_apis_field_by_field(
    service: Service, arguments: tuple[str, ...], path: str
) -> None:
    url = service.start()

    told, done = fetch(url, path), service.command(*arguments, "--json")

    assert (done.code, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    if arguments[0] == "live":  # each of its lines stands alone, and has its time
        assert {datetime.fromisoformat(answer.pop("time")).tzinfo, answer.pop("unit")} == {UTC, "bytes per second"}
        assert [answer.pop(f"{name}_per_second") for name in AMOUNTS] == [told[name] for name in AMOUNTS]
    assert answer == told
    assert "error" not in told


def test_the_week_is_the_range_of_its_days(service: Service) -> None:
    url = service.start()
    week: dict[str, Any] = json.loads(service.command("week", "--json").stdout)

    assert week == fetch(url, f"/api/range?from_date={week['from']}&to_date={week['to']}")


def test_the_year_is_the_sum_of_its_months(service: Service) -> None:
    url = service.start()
    year: dict[str, Any] = json.loads(service.command("year", "--json").stdout)
    this_month = datetime.now(ZONE).strftime("%Y-%m")

    assert year["months"][-1]["month"] == this_month
    assert year["months"][-1]["total_bytes"] == fetch(url, "/api/month")["summary"]["total_bytes"]
    assert sum(row["total_bytes"] or 0 for row in year["months"]) == year["summary"]["total_bytes"]


def test_status_tells_what_health_tells(service: Service) -> None:
    url = service.start()
    moving = ("timestamp", "seconds_since_sample")

    told = json.loads(service.command("status", "--json").stdout)

    assert (told.pop("pid"), told.pop("url")) == (service.pid, url)
    assert {key: told[key] for key in told if key not in moving} == {
        key: value for key, value in fetch(url, "/api/health").items() if key not in moving
    }
