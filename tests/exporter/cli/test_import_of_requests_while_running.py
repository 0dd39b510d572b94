"""`netledger import` of requests while a service runs: it has them part by part, and answers once all are there."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.worlds import api_analytics_file
from tests.worlds.api_analytics_file import Log

if TYPE_CHECKING:
    from pathlib import Path

    from tests.exporter.cli.service_process import Service

KEY = "00000000-0000-4000-8000-000000000001"
COUNT = 5_000
"""Three parts."""


def file_of(path: Path, count: int = COUNT) -> Path:
    """Requests of the last weeks, one a minute, the newest an hour ago."""
    newest = datetime.now(UTC) - timedelta(hours=1)
    times = (newest - timedelta(minutes=number) for number in range(count))
    return api_analytics_file.create(path, [Log(f"{at:%Y-%m-%d %H:%M:%S}", endpoint="/items") for at in times])


def said(service: Service, *command: str) -> Any:
    done = service.command(*command, "--json")
    assert done.code == 0, done.stderr
    return json.loads(done.stdout)


def of_all(service: Service) -> Any:
    return said(service, "requests", "--from", "2000-01-01", "--to", "2100-01-01")["services"]


def metrics(service: Service) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{service.port}/metrics") as answer:
        return str(answer.read().decode())


def test_a_running_service_has_an_import_and_gives_it_back(service: Service, tmp_path: Path) -> None:
    file = file_of(tmp_path / "database.db")
    service.start()
    before = of_all(service)

    done = said(service, "import", str(file), "--service", "shop", "--timezone", "UTC")
    again = said(service, "import", str(file), "--service", "shop", "--timezone", "UTC")
    added = of_all(service)
    removed = said(service, "import", "remove", "api-analytics")

    assert (done["requests"], again["requests"], again["is_same"]) == (COUNT, COUNT, True)
    assert {each["service"]: each["requests"] for each in added}["shop"] == COUNT
    assert removed["rows"] > 0
    assert [each for each in of_all(service) if each["service"] != "netledger"] == [
        each for each in before if each["service"] != "netledger"
    ]


def test_imported_requests_outlive_a_restart_and_are_no_counters_of_metrics(service: Service, tmp_path: Path) -> None:
    file = file_of(tmp_path / "database.db", 100)
    service.start()
    said(service, "import", str(file), "--service", "shop", "--timezone", "UTC")
    service.stop()

    service.start()

    assert {each["service"]: each["requests"] for each in of_all(service)}["shop"] == 100
    assert 'service="netledger"' in metrics(service)
    assert 'service="shop"' not in metrics(service)


def test_wrong_input_says_why_and_leaves_nothing(service: Service, tmp_path: Path) -> None:
    file = api_analytics_file.add(file_of(tmp_path / "database.db", 10), [Log("2026-01-01", status_code=700)])
    service.start()

    done = service.command("import", str(file))

    assert done.code == 1
    assert "row 11 of api_logs: status 700 is refused" in done.stderr
    assert said(service, "import", "list") == {"imports": [], "requests": []}


@pytest.mark.parametrize("is_running", [True, False])
def test_clients_of_api_analytics_go_on_with_their_keys(service: Service, tmp_path: Path, is_running: bool) -> None:  # noqa: FBT001 - a parameter of the test
    file = file_of(tmp_path / "database.db", 10)
    service.start()
    if not is_running:
        service.stop()

    done, again = (said(service, "import", str(file), "--service", "shop", "--with-keys") for _ in range(2))

    if not is_running:
        service.start()
    assert (done["keys"], again["keys"]) == (1, 0)
    row = {"created_at": datetime.now(UTC).isoformat(), "method": "GET", "endpoint": "/now", "ip": None}
    body = json.dumps({**row, "process_time": 1.0, "status_code": 200}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{service.port}/track", body, {"X-API-Key": KEY})
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - of this machine
        assert answer.status == 200
    assert {each["service"]: each["requests"] for each in of_all(service)}["shop"] == 11
