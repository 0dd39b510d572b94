"""What `netledger doctor` says of the request meter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from exporter.meters.findings import PROBLEM, is_well
from exporter.meters.requests.checks import RequestFacts, check, request_report
from exporter.meters.requests.events import Batch
from exporter.meters.requests.intake import Figures
from exporter.meters.requests.limits import request_limits
from exporter.meters.requests.service_keys import KeyChange, ServiceKey
from exporter.meters.requests.settings import Requests
from exporter.settings.tree import Settings
from reports.usage.requests.figures import Quantiles, RequestFigures, ServiceFigures
from tests.meters.request_ledgers import RequestLedger
from tests.meters.requests import event

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Golden
    from tests.worlds.fake_machine import Machine

SHOP = ServiceFigures("shop", RequestFigures(12_345, 67, timed=12_345), Quantiles(1.0, 2.0, 412.3, 900.0))
BLOG = ServiceFigures("blog\x1b[31m", RequestFigures(7))
OWN = ServiceFigures("netledger", RequestFigures(5, timed=5), Quantiles(0.5, 0.5, 0.5, 0.5))
CASES = {
    "no ledger": RequestFacts(),
    "nothing yet": RequestFacts(services=()),
    "services": RequestFacts(services=(SHOP, BLOG, OWN), keys={"shop": 2, "cafe": 1}),
    "little is kept": RequestFacts(
        Requests(own=False, log=False, service_log={"shop": True}, privacy="none", service_privacy={"blog": "none"}),
        services=(SHOP,),
    ),
    "no log of one": RequestFacts(Requests(service_log={"shop": False, "blog": True}), services=(SHOP,)),
    "a running service": RequestFacts(limits=tuple(request_limits(Figures(9, 1, 2000, 3, 4)))),
    "a log": RequestFacts(unreadable={"shop": "/var/log/nginx/access.log may not be read"}),
    "many": RequestFacts(keys=dict.fromkeys("abcdefg", 1)),
}


def test_the_findings_are_the_promised_ones(golden: Golden) -> None:
    lines = []
    for name, facts in CASES.items():
        report = request_report(facts)
        lines += [f"# {name}", msgspec.json.encode(report.document).decode()]
        lines += [" | ".join(row) for row in report.table.rows]
        lines += [f"{each.level}: {each.text} {each.remedy}".rstrip() for each in report.findings]

    golden("requests/doctor.txt", "\n".join([*lines, ""]))


def test_imported_requests_are_marked() -> None:
    table = request_report(RequestFacts(services=(SHOP, BLOG._replace(imported=3)))).table

    assert [row[0].endswith("*") for row in table.rows] == [False, True]
    assert table.title == "Services with the most requests this month (* imported)"
    assert "*" not in request_report(RequestFacts(services=(SHOP,))).table.title


def test_only_a_log_that_cannot_be_read_is_a_problem() -> None:
    assert [name for name, facts in CASES.items() if not is_well(request_report(facts).findings)] == ["a log"]


def test_services_and_valid_keys_are_those_of_the_ledger(
    machine: Machine, empty_ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: float(machine.seconds))
    ledger = RequestLedger(machine, tmp_path / "requests.db", empty_ledger)
    keys = [ServiceKey(1, "shop", "ingest", b"1", 5), ServiceKey(2, "gone", "read", b"2", 5, revoked=6)]
    ledger.intake.add_soon(Batch(key_changes=[KeyChange(key) for key in keys]))
    ledger.give([event(machine.seconds, service="blog"), event(machine.seconds, service="shop", code=500)])
    ledger.close()

    with ledger.read() as reader:
        report = check(Settings(), reader, {})

    assert report.table.rows == [("blog", "1", "0", "1.00 ms", "0"), ("shop", "1", "1", "1.00 ms", "1")]
    assert report.document["request_meter"] == {"services": ["blog", "shop"], "keys": {"shop": 1}, "limits": []}


@pytest.mark.parametrize("running", [None, {}, {"limits": 7}])
def test_without_a_service_logs_are_tried(running: dict[str, object] | None, tmp_path: Path) -> None:
    there = tmp_path / "access.log"
    there.touch()
    logs = {"shop": there, "blog": tmp_path / "none.log"}

    report = check(Settings(requests=Requests(logs=logs)), None, running)

    found = [each.text for each in report.findings if each.level == PROBLEM]
    reason = f"The access log of blog cannot be read by this user: there is no {logs['blog']}."
    assert found == ([reason] if running is None else [])
