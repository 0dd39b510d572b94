"""Clients of a day: counted once each, within bounds, and none that was acknowledged is lost."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.meters.requests.clients import MOST_COUNTS, MOST_HASHES, MOST_SERVICES, DailyClients, new_key
from reports.calendar.days import day_from_number, day_of, day_start
from reports.ledger.cardinality import Distinct
from reports.ledger.clients import ClientCounts, client_counts
from reports.ledger.shape import OTHER
from tests.meters.requests import event
from tests.worlds.books import UTC

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worlds.request_world import RequestWorld

BERLIN = ZoneInfo("Europe/Berlin")
DAY = 86_400
MERGED = 6


def slot(day: date, zone: ZoneInfo = BERLIN) -> int:
    return day_start(day, zone) // 900


def utc_day(seconds: int) -> date:
    return day_of(seconds, UTC)


def held(world: RequestWorld) -> dict[tuple[date, str], tuple[int, dict[str, int]]]:
    """Different clients and the requests of the busiest, by day and service."""
    return {
        (day_from_number(day), service): (Distinct(clients).estimate(), dict(client_counts(busiest).requests))
        for day, service, clients, busiest in world.rows("SELECT * FROM request_client")
    }


def give(world: RequestWorld, *clients: str, ago: int = 0, service: str = "shop") -> None:
    world.give(*(event(world.machine.seconds - ago, client=client, service=service) for client in clients))
    world.run()
    world.commit()


def test_different_clients_and_the_busiest_are_merged_into_their_day(world: RequestWorld) -> None:
    today = utc_day(world.machine.seconds)
    give(world, "192.0.2.1", "198.51.100.1", "192.0.2.2")
    give(world, "192.0.2.1", ago=DAY)
    world.run(MERGED)
    world.commit()
    give(world, "203.0.113.9", "192.0.2.3")
    world.run(MERGED)
    world.commit()

    assert held(world) == {
        (today, "shop"): (3, {"192.0.2.0/24": 3, "198.51.100.0/24": 1, "203.0.113.0/24": 1}),
        (today - timedelta(days=1), "shop"): (1, {"192.0.2.0/24": 1}),
    }
    assert world.state.clients == {"shop": 3}
    assert world.rows("SELECT count(*) FROM request_recent") == [(0,)]


def test_services_that_keep_nothing_have_no_clients(world: RequestWorld) -> None:
    world.stop()
    world.privacy = "none"
    world.start()
    give(world, "192.0.2.1")
    world.run(MERGED)
    world.commit()

    assert held(world) == {}
    assert world.state.clients == {}


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("give"), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 80_000)), min_size=1, max_size=9)
        ),
        st.tuples(st.just("kill"), st.none()),
        st.tuples(st.just("stop"), st.none()),
        st.tuples(st.just("wait"), st.integers(1, 100_000)),
    ),
    max_size=12,
)


@given(STEPS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_acknowledged_client_is_lost_and_no_request_is_counted_twice(
    open_requests: Callable[[], RequestWorld], steps: list[tuple[str, object]]
) -> None:
    world = open_requests()
    truth: dict[date, Counter[str]] = {}
    for step, value in steps:
        if step == "give":
            assert isinstance(value, list)
            for client, ago in value:
                day = utc_day(world.machine.seconds - ago)
                truth.setdefault(day, Counter())[f"10.0.{client}.0/24"] += 1
            world.give(*(event(world.machine.seconds - ago, client=f"10.0.{client}.7") for client, ago in value))
            world.commit_alone()
        elif step == "kill":
            world.kill()
        elif step == "stop":
            world.stop()
            world.start()
        else:
            assert isinstance(value, int)
            world.machine.wait(value)
            world.run()
    world.run(MERGED)
    world.commit()

    found = {day: (count, Counter(busiest)) for (day, _), (count, busiest) in held(world).items()}
    assert found == {day: (len(clients), clients) for day, clients in truth.items()}
    today = truth.get(utc_day(world.machine.seconds), Counter())
    assert world.state.clients == ({"shop": len(today)} if today else {})


def test_today_begins_at_midnight_of_the_ledgers_zone() -> None:
    clients = DailyClients(BERLIN, new_key())
    first, second = date(2026, 3, 28), date(2026, 3, 29)  # of 24 and of 23 hours

    clients.turn_to(day_start(first, BERLIN))
    clients.add(slot(first), "shop", {"a": 1, "b": 1})
    clients.add(slot(second) - 1, "shop", {"c": 1})
    assert clients.today == {"shop": 3}
    clients.turn_to(day_start(second, BERLIN))
    assert clients.today == {}
    clients.add(slot(second), "shop", {"a": 1})

    assert clients.today == {"shop": 1}
    assert [(day_from_number(row.day), Distinct(row.clients).estimate()) for row in clients.take()] == [
        (first, 3),
        (second, 1),
    ]


def test_many_clients_are_estimated_and_the_busiest_stand_out() -> None:
    clients = DailyClients(BERLIN, new_key())
    day = date(2026, 6, 1)
    clients.turn_to(day_start(day, BERLIN))
    found = ClientCounts()

    for number in range(100):
        clients.add(slot(day), "shop", {"busy": 100, **{f"client-{number}-{n}": 1 for n in range(200)}})
        if number % 10 == 9:
            for row in clients.take():
                found = found.plus(row.busiest)

    assert clients.today["shop"] == pytest.approx(20_001, rel=0.03)
    assert max(found.requests, key=found.requests.__getitem__) == "busy"
    assert 10_000 - found.missing <= found.requests["busy"] <= 10_000


def test_memory_is_bounded_for_any_clients_and_services() -> None:
    clients = DailyClients(BERLIN, new_key())
    day = date(2026, 6, 1)
    clients.turn_to(day_start(day, BERLIN))

    for number in range(MOST_SERVICES + 20):
        clients.add(slot(day), f"service-{number}", {f"client-{n}": 1 for n in range(MOST_COUNTS + 50)})
    for number in range(MOST_HASHES // 500 + 2):
        clients.add(slot(day), "service-1", {f"other-{number}-{n}": 1 for n in range(500)})

    assert len(clients._days) == MOST_SERVICES + 1
    assert len(clients._hashes) <= MOST_HASHES
    assert all(len(each.counts) <= MOST_COUNTS for each in clients._days.values())
    clients.take()
    assert len(clients.today) == MOST_SERVICES + 1
    assert OTHER in clients.today


def test_another_day_is_given_up_from_memory_once_it_is_merged() -> None:
    clients = DailyClients(BERLIN, new_key())
    day = date(2026, 6, 2)
    clients.turn_to(day_start(day, BERLIN))
    clients.add(slot(day) - 4, "shop", {"late": 1})
    clients.add(slot(day), "shop", {"now": 1})

    assert len(clients.take()) == 2
    assert not clients
    assert len(clients._days) == 1


def test_damaged_clients_in_the_ledger_end_nothing(world: RequestWorld) -> None:
    give(world, "192.0.2.1")
    world.run(MERGED)
    world.commit()
    world.writer.connection.execute("UPDATE request_client SET clients = x'0203', busiest = 'damaged'")
    world.kill()

    give(world, "198.51.100.1")
    world.run(MERGED)
    world.commit()

    assert list(held(world).values()) == [(1, {"198.51.100.0/24": 1})]
