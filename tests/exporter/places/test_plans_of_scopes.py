"""Plans of scopes, cost by application and limits: REST, commands, /metrics and page give the same numbers."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.meters.registry import METERS, OpenedMeter
from exporter.settings.loading import load_settings
from exporter.settings.plans.notify import Notify
from tests.exporter.cli.calls import Commands
from tests.exporter.web.running_service import RunningService, new_ledger, running
from tests.meters.applications import FakeSource
from tests.reports.wrapup.read_page import Page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.worlds.fake_machine import Machine

GB = 10**9
SETTINGS = {
    "networks": {"office": ["10.20.0.0/16"]},
    "plans": [
        {"name": "egress", "counts": "transmit", "prices": {"internet": 0.5, "office": 0.25}, "currency": "EUR"},
        {"name": "far", "scope": "internet", "cap": "10 GB", "price_per_gb": 2, "base_price": 3, "currency": "EUR"},
        {"name": "wire", "price_per_gb": 1, "currency": "EUR"},
    ],
    "applications": {"limits": {"firefox": "8 GB/month", "backup": "1 TB/day"}},
}
USED = {"egress": 6 * GB, "far": 9 * GB, "wire": 15 * GB}
COST = {"egress": 2.25, "far": 21.0, "wire": 15.0}
BY_APPLICATION = {
    "egress": {"backup": 1.75, "firefox": 0.5},
    "far": {"firefox": 10.0, "backup": 8.0},
    "wire": {"firefox": 6.0, "backup": 7.0, "(unattributed)": 2.0},
}


class Served:
    """A service with a source of applications, and a command line beside it."""

    def __init__(self, service: RunningService, source: FakeSource, folder: Path) -> None:
        self.service, self.source = service, source
        self.file = folder / "netledger.yaml"
        self.file.write_text(json.dumps(SETTINGS), encoding="utf-8")
        settings = load_settings(self.file, {}).settings
        service.plans, service.applications = settings.plans, settings.applications
        service.more_meters = [OpenedMeter(METERS[1], source)]

    async def move(self) -> None:
        """Half of it, a computation of the plans, and the other half."""
        for _ in range(2):
            self.source.move("firefox", 2 * GB, GB // 2)
            self.source.move("firefox", 0, GB // 2, scope="lan")
            self.source.move("backup", GB // 2, GB + GB // 2)
            self.source.move("backup", GB, GB // 2, scope="office")
            self.source.move("postgres", GB, GB, scope="loopback")
            self.service.machine.move("eth0", 4 * GB + GB // 2, 3 * GB)
            self.service.pass_time(2)
            await self.service.get("/api/live")
            if not self._was_computed:
                await self.follow_plans()
        await self.service.get("/api/live")

    _was_computed = False

    async def follow_plans(self) -> None:
        self._was_computed = True
        parts = self.service.service._parts
        assert parts is not None
        await parts.follow_plans()

    async def command(self, *arguments: str) -> str:
        ledger = self.service.ledger.path
        assert ledger is not None
        commands = Commands(ledger, self.service.machine.seconds, NETLEDGER_CONFIG=str(self.file))
        done = await asyncio.to_thread(commands, *arguments)
        assert (done.exit_code, done.stderr) == (0, ""), done.output
        return done.stdout

    async def command_json(self, *arguments: str) -> Any:
        return json.loads(await self.command(*arguments, "--json"))

    async def metrics(self) -> dict[tuple[str, ...], float]:
        """Values of plans and limits by name, and labels in their order."""
        text = (await self.service.ask("/metrics")).text
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name.startswith(("netledger_plan_", "netledger_application_limit_"))
        }


@pytest.fixture
async def served(machine: Machine, empty_ledger: Path, tmp_path: Path) -> AsyncIterator[Served]:
    made = Served(RunningService(machine, new_ledger(empty_ledger, tmp_path)), FakeSource(), tmp_path)
    async with running(made.service):
        await made.service.get("/api/live")
        yield made


async def test_plans_of_scopes_are_the_same_in_every_place_before_and_after_a_commit(served: Served) -> None:
    await served.move()

    for _ in range(2):
        plans = (await served.service.get("/api/plans"))["plans"]
        assert plans == (await served.command_json("plan"))["plans"]
        metrics = await served.metrics()
        page = Page((await served.service.ask("/")).text)
        text = " ".join(" ".join(one.text.split()) for one in page.all("section"))
        for plan in plans:
            name = plan["name"]
            assert (plan["used_bytes"], plan["cost"]["amount"]) == (USED[name], COST[name])
            assert metrics["netledger_plan_used_bytes", name] == USED[name]
            assert metrics["netledger_plan_cost", "EUR", name] == COST[name]
            cost = await served.service.get(f"/api/cost?plan={name}&period=cycle")
            assert cost == await served.command_json("cost", "--plan", name, "--period", "cycle")
            assert (cost["cost"]["total"]["cost"], cost["usage"]["total_bytes"]) == (COST[name], USED[name])
            assert f"Cost €{COST[name]:.2f} so far" in text
            assert (await served.command("plan", name)).count(f"€{COST[name]:.2f}") == 1
            wrapup = (await served.service.ask(f"/api/export/wrapup?cycle=current&plan={name}")).text
            assert f"€{COST[name]:.2f}" in wrapup.replace("\N{NO-BREAK SPACE}", " ")
        assert metrics["netledger_plan_left_bytes", "far"] == GB == plans[1]["left_bytes"]
        assert (plans[0]["scopes"], plans[1]["scopes"], plans[2].get("scopes")) == ([], ["internet"], None)
        assert (plans[0]["interfaces"], plans[2]["interfaces"]) == ([], ["counted"])
        served.service.pass_time(1)
        assert (await served.service.ask("/api/commit", "POST")).json == {"committed": True}
        await served.follow_plans()


@pytest.mark.parametrize("name", COST)
async def test_cost_by_application_adds_up_to_the_plan_in_every_place(served: Served, name: str) -> None:
    await served.move()

    answer = await served.service.get(f"/api/cost/applications?plan={name}&period=cycle")
    as_json = await served.command_json("cost", "--by", "application", "--plan", name, "--period", "cycle")
    lines = [
        line.split() for line in (await served.command("cost", "--by", "application", "--plan", name)).splitlines()
    ]

    found = {row["application"]: row["cost"]["amount"] for row in answer["applications"]}
    if answer["unattributed"]["total_bytes"]:
        found["(unattributed)"] = answer["unattributed"]["cost"]["amount"]
    assert found == BY_APPLICATION[name]
    assert sum(found.values()) + answer["base_price"]["amount"] == answer["total"]["cost"]["amount"] == COST[name]
    assert as_json == answer
    table = {line[0]: line[-1] for line in lines if line and line[0] in {*found, "TOTAL"}}
    rows = [*answer["applications"], answer["total"] | {"application": "TOTAL"}]
    if name != "far":  # whose base price is of the cycle's first day
        assert {row["application"]: row["cost"]["formatted"] for row in rows}.items() <= table.items()


async def test_cost_by_application_of_a_scope(served: Served) -> None:
    await served.move()

    answer = await served.service.get("/api/cost/applications?scope=internet&period=month")
    both = await served.command_json(
        *("cost", "--by", "application", "--scope", "lan", "--scope", "office", "--period", "month")
    )

    assert {row["application"]: row["cost"]["amount"] for row in answer["applications"]} == {
        "backup": 1.5,
        "firefox": 0.5,
    }
    assert (answer["total"]["bytes_sent"], answer["total"]["cost"]["amount"]) == (4 * GB, 2.0)
    assert {row["application"]: row["bytes_sent"] for row in both["applications"]} == {"backup": GB, "firefox": GB}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("scope=offce", "scope: 'offce' is unknown; use loopback, lan, internet, office"),
        ("plan=x", "plan: there is no 'x'; use egress, far, wire"),
        ("period=x", "period: 'x' is refused; use today, week, month, year, cycle, last-cycle, ever"),
        ("cost_per_gb=x", "cost_per_gb: 'x' is not a price"),
    ],
)
async def test_a_question_for_cost_by_application_that_cannot_be_answered(
    served: Served, query: str, error: str
) -> None:
    await served.move()

    told = await served.service.ask(f"/api/cost/applications?{query}")

    assert told.status == 400
    assert error in told.text.replace("\\u0027", "'")


async def test_an_export_of_a_plan_of_scopes_says_where_its_bytes_are(served: Served) -> None:
    told = await served.service.ask("/api/export?plan=egress")

    assert (told.status, "plan: 'egress' bills scopes" in told.text) == (400, True)


async def test_limits_are_the_same_in_every_place(served: Served) -> None:
    await served.move()

    answer = (await served.service.get("/api/limits"))["limits"]
    metrics = await served.metrics()
    table = await served.command("limits")

    assert (await served.command_json("limits"))["limits"] == answer
    assert [(row["application"], row["period"], row["used_bytes"], row["limit_bytes"]) for row in answer] == [
        ("firefox", "month", 6 * GB, 8 * GB),
        ("backup", "day", 7 * GB, 1000 * GB),
    ]
    assert (answer[0]["left_bytes"], answer[0]["used_ratio"]) == (2 * GB, 0.75)
    assert metrics["netledger_application_limit_bytes", "firefox", "month"] == 8 * GB
    assert metrics["netledger_application_limit_used_bytes", "firefox", "month"] == 6 * GB
    assert metrics["netledger_application_limit_used_bytes", "backup", "day"] == 7 * GB
    assert "75.0 %" in next(line for line in table.splitlines() if line.startswith("firefox"))


async def test_a_limit_is_notified_of_once_a_period_over_restarts(
    served: Served, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="exporter.billing.limit_watch")
    taken = tmp_path / "taken"
    program = ("python3", "-S", "-c", "import sys; open(sys.argv[1], 'a').write(sys.argv[2] + '\\n')", str(taken))
    served.service.notify = {"far": Notify(command=(*program, "{plan} {percent} {used} {cap}"))}
    await served.service.restart()
    await served.service.get("/api/live")
    await served.move()  # 6 of 8 GB
    served.source.move("firefox", GB, 0)
    for _ in range(3):
        served.service.pass_time(2)
        await served.service.get("/api/live")
        await served.follow_plans()
    await served.service.restart()
    await served.service.get("/api/live")
    await served.follow_plans()
    served.source.move("firefox", GB, 0)
    served.service.pass_time(2)
    await served.service.get("/api/live")
    await served.follow_plans()
    await served.service.stop()
    await served.service.start()

    notices = [record.getMessage() for record in caplog.records if record.name == "exporter.billing.limit_watch"]
    assert notices == [
        "'firefox' has moved 7.00 GB of its 8.00 GB a month: 80 % are reached",
        "'firefox' has moved 8.00 GB of its 8.00 GB a month: 90 % are reached",
        "'firefox' has moved 8.00 GB of its 8.00 GB a month: 100 % are reached",
    ]
    lines = taken.read_text().splitlines()
    assert sorted(line for line in lines if line.startswith("firefox")) == sorted(
        ["firefox 80 7.00 GB 8.00 GB", "firefox 90 8.00 GB 8.00 GB", "firefox 100 8.00 GB 8.00 GB"]
    )
