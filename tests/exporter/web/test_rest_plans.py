"""Plans, forecast and cost over HTTP: the reference's numbers, hostile names, and prices that are none."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from exporter.metering.counters.readings import Counts
from exporter.metering.counters.speeds import Speeds
from exporter.metering.postings import Usage
from exporter.meters.interfaces.state import interface
from reports.billing.plans import CycleRule, FreeHours, Plan, PriceStep
from reports.billing.prices import TIERS, one_price
from tests.exporter.web.running_service import RunningService, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TODAY = 1_781_253_900
"""2026-06-12T08:45Z; the tests begin at 09:00Z, half past two in India."""
RECEIVED, SENT = 21_474_836_480, 5_368_709_120
GIGABYTE = 10**9
HOME = Plan(
    name="home",
    cap_bytes=100 * GIGABYTE,
    counts="receive",
    price_steps=(PriceStep(20 * GIGABYTE, Decimal(1)), PriceStep(None, Decimal("0.5"))),
    base_price=Decimal(10),
    currency="EUR",
    gigabyte_bytes=GIGABYTE,
)
YEN = Plan(name="yen", cycle=CycleRule("daily"), price_steps=one_price(Decimal("100.5")), currency="JPY")
HOSTILE = "<script>alert(\"1\")</script>, '=1+1' \u202e\u200f👩‍🚀 ₹"


@pytest.fixture
async def known(unstarted: RunningService) -> AsyncIterator[RunningService]:
    """Today's bytes are those of PacketBuddy's reference; no other day has any."""
    usage = Usage(Counts(RECEIVED, SENT), 0, Speeds())
    unstarted.write_before(slots={(TODAY, interface("eth0")): usage})
    unstarted.plans = (Plan(), HOME, YEN)
    async with running(unstarted) as started:
        yield started


def part(gigabytes: float, cost: float, formatted: str) -> dict[str, Any]:
    return {"gb_used": gigabytes, "cost": cost, "cost_formatted": formatted, "cost_inr": cost}


THE_REFERENCE = {
    "upload": part(5.0, 37.5, "₹37.50"),
    "download": part(20.0, 150.0, "₹150.00"),
    "total": part(25.0, 187.5, "₹187.50"),
    "cost_per_gb": 7.5,
    "currency": "INR",
    "gigabyte_bytes": 2**30,
}


async def test_cost_has_all_that_the_reference_writes(known: RunningService) -> None:
    told = await known.get("/api/cost")

    assert told["usage"] == {
        "bytes_sent": SENT,
        "bytes_received": RECEIVED,
        "total_bytes": RECEIVED + SENT,
        "gb_used": 25.0,
    }
    assert told["cost"].items() >= THE_REFERENCE.items()
    assert (
        told["info"].items()
        >= {
            "cost_per_gb": 7.5,
            "cost_per_gb_inr": 7.5,
            "currency": "INR",
            "note": "Based on average Indian mobile data costs (2026)",
        }.items()
    )


@pytest.mark.parametrize("path", ["/api/today", "/api/summary"])
async def test_usage_brings_its_cost_along(known: RunningService, path: str) -> None:
    assert (await known.get(path))["cost"].items() >= THE_REFERENCE.items()


@pytest.mark.parametrize(
    ("price", "total", "formatted"),
    [("10.0", 250.0, "₹250.00"), ("150", 3750.0, "₹3,750.00"), ("0", 0.0, "₹0.00"), ("0.0001", 0.0, "₹0.00")],
)
async def test_another_price_per_gigabyte(known: RunningService, price: str, total: float, formatted: str) -> None:
    told = await known.get(f"/api/cost?cost_per_gb={price}")

    assert told["cost"]["total"] == part(25.0, total, formatted)
    assert told["info"]["note"] == "the price asked for"
    assert told["info"]["cost_per_gb_inr"] == float(price)


@pytest.mark.parametrize("tier", TIERS)
async def test_a_tier_is_a_price(unstarted: RunningService, tier: str) -> None:
    usage = Usage(Counts(RECEIVED, SENT), 0, Speeds())
    unstarted.write_before(slots={(TODAY, interface("eth0")): usage})
    unstarted.plans = (Plan(price_steps=one_price(TIERS[tier])),)
    async with running(unstarted) as service:
        told = await service.get("/api/cost")

    assert told["cost"]["total"]["cost_inr"] == 25 * float(TIERS[tier])
    assert told["info"]["note"] == "plan default"


async def test_only_rupees_are_called_rupees(known: RunningService) -> None:
    told = await known.get("/api/cost?plan=home")

    # Received bytes alone, over both steps; the base price was due with the cycle's first day.
    assert told["cost"]["total"] == {"gb_used": 21.47, "cost": 20.74, "cost_formatted": "€20.74"}
    assert told["cost"]["upload"] == {"gb_used": 0.0, "cost": 0.0, "cost_formatted": "€0.00"}
    assert told["cost"]["base_price"] == {"cost": 0.0, "cost_formatted": "€0.00"}
    assert told["usage"]["total_bytes"] == RECEIVED
    assert told["info"] == {
        "counts": "receive",
        "plan": "home",
        "prices": "1 EUR up to 20.00 GB, then 0.5 EUR",
        "cost_per_gb": 1.0,
        "currency": "EUR",
        "note": "plan home",
    }
    assert (await known.get("/api/cost?plan=yen"))["cost"]["total"]["cost_formatted"] == "¥2,513"


@pytest.mark.parametrize("price", ["nan", "inf", "-5", "1e308", "abc", "", "7,50", "₹7", "1_0", "9" * 5000, "\u0667"])
async def test_what_is_no_price_is_refused_with_the_rule(known: RunningService, price: str) -> None:
    told = await known.ask(f"/api/cost?cost_per_gb={quote(price)}")

    assert told.status == 400
    assert "cost_per_gb" in told.json["error"]
    assert "regex" not in told.json["error"]
    assert any(rule in told.json["error"] for rule in ("use 0 to", "use a number such as 7.50"))


@pytest.mark.parametrize("path", ["/api/plans", "/api/forecast", "/api/cost"])
@pytest.mark.parametrize("name", ["office", "", "HOME", HOSTILE])
async def test_an_unknown_plan_is_refused_with_those_that_there_are(
    known: RunningService, path: str, name: str
) -> None:
    told = await known.ask(f"{path}?plan={quote(name)}")

    assert told.status == 400
    assert told.json["error"] == f"plan: there is no {name!r}; use default, home, yen"


async def test_how_a_plan_stands_field_by_field(known: RunningService) -> None:
    told = await known.get("/api/plans?plan=home")

    (home,) = told["plans"]
    ahead = home.pop("forecast")
    assert home == {
        "name": "home",
        "interfaces": ["counted"],
        "counts": "receive",
        "cycle": {
            "from": "2026-06-01",
            "to": "2026-06-30",
            "start": "2026-06-01T00:00:00+05:30",
            "end": "2026-07-01T00:00:00+05:30",
        },
        "used_bytes": RECEIVED,
        "bytes_received": RECEIVED,
        "bytes_sent": SENT,
        "free_bytes": 0,
        "free_until": None,
        "cap_bytes": 100 * GIGABYTE,
        "carried_bytes": 0,
        "left_bytes": 100 * GIGABYTE - RECEIVED,
        "used_ratio": 0.214748,
        "days_left": 19,
        "allowed_per_day_bytes": (100 * GIGABYTE - RECEIVED) // 19,
        "cost": {"amount": 30.74, "formatted": "€30.74", "currency": "EUR"},
        "gigabyte_bytes": GIGABYTE,
        "cap_reached_at": None,
        "last_cycle": {
            "cycle": {
                "from": "2026-05-01",
                "to": "2026-05-31",
                "start": "2026-05-01T00:00:00+05:30",
                "end": "2026-06-01T00:00:00+05:30",
            },
            "used_bytes": 0,
            "used_bytes_by_this_day": 0,
            "counted_whole": True,
        },
        "human_readable": {"used": "21.47 GB", "cap": "100.00 GB", "left": "78.53 GB", "allowed_per_day": "4.13 GB"},
    }
    assert ahead == await known.get("/api/forecast?plan=home")
    assert ahead["expected_bytes"] >= ahead["low_bytes"] >= RECEIVED


async def test_a_plan_without_a_price_has_no_cost(known: RunningService) -> None:
    (plan,) = (await known.get("/api/plans?plan=default"))["plans"]
    ahead = plan["forecast"]

    assert (plan["cost"], ahead["cost"], ahead["cost_low"], ahead["cost_high"]) == (None, None, None, None)
    assert 'plan="default"' not in "".join(
        line for line in (await known.ask("/metrics")).text.splitlines() if "_cost" in line
    )


async def test_a_cap_says_what_was_carried_over_and_free_hours_until_when_it_is_free(
    unstarted: RunningService,
) -> None:
    plan = HOME._replace(cycle=CycleRule("daily"), rollover=True, free_hours=(FreeHours(14 * 60, 15 * 60),))
    usage = Usage(Counts(10 * GIGABYTE, 0), 0, Speeds())
    unstarted.write_before(slots={(TODAY - 3 * 86_400, interface("eth0")): usage, (TODAY, interface("eth0")): usage})
    unstarted.plans = (plan,)
    async with running(unstarted) as service:
        (told,) = (await service.get("/api/plans"))["plans"]
        page = " ".join((await service.ask("/")).text.split())

    assert (told["carried_bytes"], told["cap_bytes"]) == (100 * GIGABYTE, 200 * GIGABYTE)
    assert (told["free_bytes"], told["free_until"]) == (10 * GIGABYTE, "2026-06-12T15:00:00+05:30")
    assert "Cap: 100.00 GB + 100.00 GB carried over" in page
    assert "10.00 GB were free, free until 15:00" in page


async def test_every_plan_is_told_in_the_order_of_the_settings(known: RunningService) -> None:
    plans = (await known.get("/api/plans"))["plans"]

    assert [plan["name"] for plan in plans] == ["default", "home", "yen"]
    assert plans[0]["forecast"] == await known.get("/api/forecast")
    assert [plan["cap_bytes"] for plan in plans] == [None, 100 * GIGABYTE, None]


async def test_bytes_that_no_commit_has_taken_are_in(known: RunningService) -> None:
    known.machine.move("eth0", 1000, 77)
    known.pass_time()

    (home,) = (await known.get("/api/plans?plan=home"))["plans"]

    assert home["used_bytes"] == RECEIVED + 1000
    assert (await known.get("/api/cost"))["usage"]["total_bytes"] == RECEIVED + SENT + 1077


async def test_a_hostile_name_comes_back_unharmed(unstarted: RunningService) -> None:
    unstarted.plans = (HOME._replace(name=HOSTILE),)
    async with running(unstarted) as service:
        told = await service.ask(f"/api/plans?plan={quote(HOSTILE)}")
        note = (await service.get("/api/cost"))["info"]["note"]

    assert told.json["plans"][0]["name"] == HOSTILE
    assert told.headers["Content-Type"].startswith("application/json")
    assert note == f"plan {HOSTILE}"


async def test_an_empty_ledger_has_plans_too(unstarted: RunningService) -> None:
    unstarted.plans = (HOME._replace(rollover=True, free_hours=(FreeHours(1320, 360),)),)
    async with running(unstarted) as service:
        (told,) = (await service.get("/api/plans"))["plans"]

    assert (told["used_bytes"], told["cost"]["formatted"], told["cap_reached_at"]) == (0, "€10.00", None)


async def test_the_cycle_changes_at_local_midnight(known: RunningService) -> None:
    known.pass_time(9 * 3600 + 1800)
    known.machine.move("eth0", 5, 0)
    known.pass_time()

    (yen,) = (await known.get("/api/plans?plan=yen"))["plans"]

    assert yen["cycle"]["from"] == "2026-06-13"
    assert yen["last_cycle"]["used_bytes"] + yen["used_bytes"] == RECEIVED + SENT + 5
    assert yen["last_cycle"]["used_bytes"] >= RECEIVED + SENT


async def test_a_service_that_starts_again_tells_of_no_threshold_twice(
    unstarted: RunningService, caplog: pytest.LogCaptureFixture
) -> None:
    usage = Usage(Counts(RECEIVED, SENT), 0, Speeds())
    unstarted.write_before(slots={(TODAY, interface("eth0")): usage})
    unstarted.plans = (HOME._replace(cap_bytes=23 * GIGABYTE),)
    for lines in (2, 2):
        async with running(unstarted) as service:
            page = (await service.ask("/metrics")).text

        assert caplog.text.count("% are reached") == lines
        reached = [line for line in page.splitlines() if line.startswith("netledger_plan_threshold_reached{")]
        assert [line[-3:] for line in reached] == ["1.0", "1.0", "0.0"]


async def test_a_start_waits_for_no_noting(
    unstarted: RunningService, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy_seconds = 2
    monkeypatch.setattr("exporter.ledger.files.BUSY_SECONDS", busy_seconds)
    usage = Usage(Counts(RECEIVED, SENT), 0, Speeds())
    unstarted.write_before(slots={(TODAY, interface("eth0")): usage})
    thresholds = tuple(range(10, 90, 10))
    unstarted.plans = (HOME._replace(cap_bytes=23 * GIGABYTE, alert_at=thresholds),)

    with contextlib.closing(sqlite3.connect(unstarted.ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.perf_counter()
        await unstarted.start()
        seconds = time.perf_counter() - began
        other.execute("ROLLBACK")
    page = (await unstarted.ask("/metrics")).text
    await unstarted.stop()

    assert seconds < len(thresholds) * busy_seconds
    assert caplog.text.count("% are reached") == page.count("netledger_plan_threshold_reached{") == len(thresholds)
