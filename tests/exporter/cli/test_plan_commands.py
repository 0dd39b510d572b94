from __future__ import annotations

import http.client
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.exporter.cli.calls import Commands
from tests.exporter.cli.service_process import fetch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Golden
    from tests.exporter.cli.service_process import Service

PRICES = ("cost", "cost_low", "cost_high")
HOSTILE = "<b>\"'; =1+1 \u202e\u200f👩‍🚀"
PLANS: list[dict[str, object]] = [
    {
        "name": "home",
        "cap": "10 GB",
        "rollover": True,
        "base_price": 100,
        "price_steps": [{"up_to": "1 GB", "price_per_gb": 5}, {"price_per_gb": 2.50}],
    },
    {"name": "travel", "interfaces": ["wg*"], "cycle": "weekly", "price_per_gb": 3, "currency": "EUR"},
    {"name": HOSTILE, "cap": "1 GB", "counts": "larger", "cycle_day": 10, "free_hours": ["11:30-11:45"]},
]
CALLS = {
    "plan": ("plan",),
    "plan-of-one": ("plan", "travel"),
    "forecast": ("forecast",),
    "forecast-of-one": ("forecast", "travel"),
    "cost": ("cost",),
    "cost-of-a-week": ("cost", "--period", "week", "--plan", "travel", "--interface", "wg0"),
    "cost-at-a-price": ("cost", "--period", "cycle", "--per-gb", "1500"),
}


@pytest.fixture
def planned(ledger: Path, tmp_path: Path) -> Commands:
    """Commands on the small ledger with three plans."""
    settings = tmp_path / "plans.yaml"
    settings.write_text(json.dumps({"plans": PLANS}, ensure_ascii=False), encoding="utf-8")
    return Commands(ledger, NETLEDGER_CONFIG=str(settings))


@pytest.mark.parametrize("name", CALLS)
def test_in_a_pipe_plans_are_bare_and_aligned(name: str, planned: Commands, golden: Golden) -> None:
    done = planned(*CALLS[name])

    assert (done.exit_code, done.stderr) == (0, "")
    golden(f"commands/{name}.txt", done.stdout)


@pytest.mark.parametrize("name", CALLS)
def test_json_of_plans_is_as_the_api_gives_it(name: str, planned: Commands, golden: Golden) -> None:
    done = planned(*CALLS[name], "--json")

    assert (done.exit_code, done.stderr) == (0, "")
    golden(f"commands/{name}.json", done.stdout)


@pytest.mark.parametrize("name", CALLS)
def test_on_a_terminal_plans_are_drawn(
    name: str, planned: Commands, golden: Golden, columns: Callable[[int], None]
) -> None:
    columns(80)

    golden(f"commands/{name}-on-80-columns.txt", planned.on_a_terminal(*CALLS[name]))


@pytest.mark.parametrize("command", ["plan", "forecast"])
def test_a_name_cannot_turn_round_the_line_of_a_terminal(
    command: str, planned: Commands, columns: Callable[[int], None]
) -> None:
    columns(80)

    shown = planned.on_a_terminal(command, HOSTILE)

    assert "👩‍🚀" in shown
    assert not {"\u202e", "\u200f"} & set(shown + planned(command, HOSTILE).stdout)
    assert planned.json("plan", HOSTILE)["plans"][0]["name"] == HOSTILE


@pytest.mark.parametrize("price", ["nan", "inf", "-5", "1e308", "abc", "", "1e999999", "sNaN", "7,50"])
def test_what_is_no_price_ends_the_command_with_the_rule(planned: Commands, price: str) -> None:
    done = planned("cost", "--per-gb", price)

    assert (done.exit_code, done.stdout) == (2, "")
    assert "--per-gb: " in done.stderr
    assert any(rule in done.stderr for rule in ("use 0 to 1000000000", "use a number such as 7.50"))


def test_a_plan_that_is_called_as_a_command_stays_reachable(ledger: Path) -> None:
    file = ledger.with_name("plans.yaml")
    file.write_text("plans: [{name: test-notify, cap: 1 GB}]", encoding="utf-8")
    commands = Commands(ledger, NETLEDGER_CONFIG=str(file))

    assert "test-notify" in commands("plan", "--", "test-notify").stdout
    assert commands("plan", "test-notify").stderr.startswith("Error: no plan has a notice")
    assert "'nobody' is no plan" in commands("plan", "test-notify", "nobody").stderr


@pytest.mark.parametrize("arguments", [("plan", "office"), ("forecast", "office"), ("cost", "--plan", "office")])
def test_an_unknown_plan_ends_the_command_with_those_that_there_are(
    planned: Commands, arguments: tuple[str, ...]
) -> None:
    done = planned(*arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert "there is no 'office'; use home, travel, " in done.stderr


@pytest.mark.parametrize(("arguments", "code"), [(("cost", "--period", "ever"), 2), (("cost", "--interface", "x"), 2)])
def test_what_cannot_be_priced_is_an_error(planned: Commands, arguments: tuple[str, ...], code: int) -> None:
    done = planned(*arguments)

    assert (done.exit_code, done.stdout) == (code, "")


@pytest.mark.parametrize("arguments", [("plan",), ("forecast",), ("today",), ("summary",)])
def test_without_a_price_no_command_tells_of_money(commands: Commands, arguments: tuple[str, ...]) -> None:
    done = commands(*arguments)

    assert (done.exit_code, "ost" in done.stdout, "₹" in done.stdout) == (0, False, False)


def test_without_a_price_cost_asks_for_one(commands: Commands) -> None:
    done = commands("cost")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "plan 'default' has no price: say what a gigabyte costs with --per-gb PRICE" in done.stderr
    assert "2^30" not in commands("cost", "--per-gb", "5").stdout.splitlines()[0]


@pytest.mark.parametrize(("command", "period"), [("today", "today"), ("summary", "ever")])
def test_usage_tells_what_it_costs_where_a_price_is_set(planned: Commands, command: str, period: str) -> None:
    (row,) = [line.split() for line in planned(command).stdout.splitlines() if line.startswith("Cost")]

    assert row[1] == planned.json(command)["cost"]["total"]["cost_formatted"]
    if period == "today":
        assert row[1] == planned.json("cost")["cost"]["total"]["cost_formatted"]


@pytest.mark.parametrize("name", ["home", "travel"])
def test_a_cycle_costs_what_the_plan_says(planned: Commands, name: str) -> None:
    (plan,) = planned.json("plan", name)["plans"]

    told = planned.json("cost", "--period", "cycle", "--plan", name)

    assert told["cost"]["total"]["cost_formatted"] == plan["cost"]["formatted"]
    assert told["usage"]["total_bytes"] == plan["used_bytes"]


def test_an_interface_that_a_plan_does_not_bill_costs_nothing_and_is_told(planned: Commands) -> None:
    shown = planned("cost", "--plan", "travel", "--interface", "eth0", "--period", "week").stdout

    assert "plan travel does not bill eth0" in shown
    assert shown.splitlines()[3].split() == ["Total", "0", "B", "€0.00"]


def test_without_plans_there_is_one_without_a_cap(commands: Commands) -> None:
    (told,) = commands.json("plan")["plans"]

    assert (told["name"], told["cap_bytes"], told["cycle"]["from"]) == ("default", None, "2026-06-01")
    assert told["used_bytes"] == commands.json("month")["summary"]["total_bytes"]
    assert "Cap" not in commands("plan").stdout


def plan_settings(service: Service) -> None:
    settings = json.loads(service.settings_file.read_text(encoding="utf-8"))
    service.settings_file.write_text(json.dumps(settings | {"plans": PLANS}, ensure_ascii=False), encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("plan",), "/api/plans"),
        (("plan", HOSTILE), f"/api/plans?plan={quote(HOSTILE)}"),
        (("forecast",), "/api/forecast"),
        (("forecast", "travel"), "/api/forecast?plan=travel"),
        (("cost",), "/api/cost"),
        (("cost", "--plan", "travel", "--interface", "wg0"), "/api/cost?plan=travel&interface=wg0"),
        (("cost", "--per-gb", "10.5"), "/api/cost?cost_per_gb=10.5"),
        (("today",), "/api/today"),
        (("today", "--interface", "wg0"), "/api/today?interface=wg0"),
        (("summary",), "/api/summary"),
        (("summary", "--interface", "eth0"), "/api/summary?interface=eth0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_json_of_plans_equals_the_apis(service: Service, arguments: tuple[str, ...], path: str) -> None:
    plan_settings(service)
    url = service.start()

    told, done = fetch(url, path), service.command(*arguments, "--json")

    assert (done.code, done.stderr) == (0, "")
    assert json.loads(done.stdout) == told
    assert "error" not in told


def test_api_command_line_and_metrics_give_the_same_numbers(service: Service) -> None:
    plan_settings(service)
    url = service.start()

    plans: list[dict[str, Any]] = fetch(url, "/api/plans")["plans"]
    month: dict[str, Any] = fetch(url, "/api/month")["summary"]
    metrics = scrape(url)

    assert json.loads(service.command("plan", "--json").stdout)["plans"] == plans
    assert json.loads(service.command("month", "--json").stdout)["summary"] == month
    for plan in plans:
        assert {name: value for (name, label, _), value in metrics.items() if label == plan["name"]} == told_of(plan)
    for direction, key in (("receive", "bytes_received"), ("transmit", "bytes_sent")):
        gauges = [
            value
            for (name, device, period), value in metrics.items()
            if name == f"netledger_interface_period_{direction}_bytes"
            and device in {"eth0", "wlan0"}
            and period == "month"
        ]
        assert sum(gauges) == month[key]


def told_of(plan: dict[str, Any]) -> dict[str, float]:
    """What /metrics must say of a plan, by what the API says; money and instants to what the API rounds them to."""
    ahead = plan["forecast"]
    capped = {
        "netledger_plan_cap_bytes": plan["cap_bytes"],
        "netledger_plan_left_bytes": plan["left_bytes"],
        "netledger_plan_used_ratio": pytest.approx(plan["used_ratio"], abs=1e-6),
        "netledger_plan_allowed_per_day_bytes": plan["allowed_per_day_bytes"],
        "netledger_plan_threshold_reached": plan["used_bytes"] >= (plan["cap_bytes"] or 0),
    }
    reached = {"netledger_plan_cap_reached_timestamp_seconds": seconds(plan["cap_reached_at"] or "1970-01-01")}
    last = {
        "netledger_plan_last_cycle_used_bytes": plan["last_cycle"]["used_bytes"],
        "netledger_plan_last_cycle_used_by_now_bytes": plan["last_cycle"]["used_bytes_by_this_day"],
    }
    return {
        "netledger_plan_used_bytes": plan["used_bytes"],
        "netledger_plan_forecast_bytes": ahead["expected_bytes"],
        "netledger_plan_forecast_low_bytes": ahead["low_bytes"],
        "netledger_plan_forecast_high_bytes": ahead["high_bytes"],
        "netledger_plan_cycle_start_timestamp_seconds": seconds(plan["cycle"]["start"]),
        "netledger_plan_cycle_end_timestamp_seconds": seconds(plan["cycle"]["end"]),
        **({} if plan["cost"] is None else money_of(plan)),
        **{name: amount for name, amount in last.items() if amount is not None},
        **(capped if plan["cap_bytes"] else {}),
        **(reached if plan["cap_reached_at"] else {}),
    }


def money_of(plan: dict[str, Any]) -> dict[str, Any]:
    amounts = {"cost": plan["cost"]} | {f"forecast_{name}": plan["forecast"][name] for name in PRICES}
    return {f"netledger_plan_{name}": pytest.approx(amount["amount"], abs=0.005) for name, amount in amounts.items()}


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def scrape(url: str) -> dict[tuple[str, str, str], float]:
    """Samples of /metrics by name, plan or device, and period; of thresholds the last one, 100 percent."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
    finally:
        connection.close()
    return {
        (sample.name, sample.labels.get("plan") or sample.labels.get("device", ""), sample.labels.get("period", "")): (
            sample.value
        )
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
