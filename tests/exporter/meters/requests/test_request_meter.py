"""The request meter: what was acknowledged is in the ledger once, with its times, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exporter.meters.requests.events import Batch, Event, EventCounts
from exporter.meters.requests.intake import MOST_PENDING, MOST_ROUTES, MOST_SERVICES, BusyError, Intake, UnpostedError
from exporter.meters.requests.meter import RequestMeter
from exporter.meters.requests.state import BOUNDS
from reports.ledger.shape import ALL, COMPLEMENT, OTHER, REQUEST
from reports.ledger.sketches import decoded, quantiles
from tests.meters.requests import event
from tests.worlds.request_world import MERGE_SECONDS, RequestWorld

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worlds.fake_machine import Machine

Parts = tuple[int, str, int, int | None]
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("give"),
            st.lists(
                st.tuples(
                    st.integers(0, 86_000),
                    st.sampled_from(["/a", "/b/{id}"]),
                    st.sampled_from([200, 404, 500]),
                    st.one_of(st.none(), st.integers(0, 10**7)),
                ),
                min_size=1,
                max_size=5,
            ),
        ),
        st.tuples(st.sampled_from(["sample", "commit", "commit alone", "kill", "wait", "restart"]), st.none()),
    ),
    max_size=15,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
@example(
    steps=[
        ("give", [(0, "/a", 200, None)]),
        ("sample", None),
        ("give", [(0, "/a", 200, None)]),
        ("commit", None),
        ("give", [(0, "/a", 200, None)]),
        ("kill", None),
    ]
)
def test_what_is_acknowledged_is_in_the_ledger_once(
    open_requests: Callable[[], RequestWorld],
    machine: Machine,
    steps: list[tuple[str, list[tuple[int, str, int, int | None]]]],
) -> None:
    world = open_requests()
    posted: list[Event] = []
    waiting: list[Event] = []

    def note_posted() -> None:
        posted.extend(waiting)
        waiting.clear()

    for step, parts in steps:
        if step == "give":
            made = [event(machine.seconds - ago, route=r, code=c, duration=d) for ago, r, c, d in parts]
            world.give(*made)
            waiting.extend(made)
        elif step == "sample":
            world.run()
        elif step == "commit":
            world.run()
            world.commit()
            note_posted()
        elif step == "commit alone":
            world.commit_alone()
            note_posted()
        elif step == "wait":
            world.run(MERGE_SECONDS)
        elif step == "kill":
            waiting.clear()
            world.kill()
        else:
            world.stop()
            note_posted()
            world.intake = Intake()
            world.start()
    world.run(2 * MERGE_SECONDS)
    world.commit()
    note_posted()

    expected = Counter((each.service, each.method, each.route, str(each.code)) for each in posted)
    assert world.sums("day") == world.sums("slot") == expected
    timed = sum(each.duration is not None for each in posted)
    assert world.timed("day") == world.timed("slot") == timed
    assert world.rows("SELECT count(*) FROM request_log") == [(len(posted),)]
    assert world.rows("SELECT count(*) FROM request_recent") == [(0,)]
    assert world.faults() == []


def test_times_and_bytes_are_kept_by_subject(world: RequestWorld, machine: Machine) -> None:
    world.give(
        event(machine.seconds, duration=3000, request_bytes=5, response_bytes=70),
        event(machine.seconds, duration=1000, request_bytes=5, response_bytes=70),
        event(machine.seconds, duration=None),
        event(machine.seconds, code=503, duration=2000),
    )
    world.run(MERGE_SECONDS)
    world.commit()

    query = """
        SELECT requests, errors, request_bytes, response_bytes, timed_requests, duration_microseconds,
          longest_microseconds, shortest_complement FROM request_by_day WHERE code = ?
    """
    assert world.rows(query, "200") == [(3, 0, 10, 140, 2, 4000, 3000, COMPLEMENT - 1000)]
    assert world.rows(query, "503") == [(1, 1, 0, 0, 1, 2000, 2000, COMPLEMENT - 2000)]
    for method, route in (("GET", "/items/{id}"), (ALL, ALL)):
        ((sketch,),) = world.rows(
            "SELECT duration_sketch FROM request_by_day WHERE code = ? AND method = ? AND route = ?", ALL, method, route
        )
        assert quantiles(decoded(sketch), (50,)) == [pytest.approx(2000, rel=0.01)]


def test_counts_of_a_histogram_are_added_as_requests_are(world: RequestWorld, machine: Machine) -> None:
    at = machine.seconds * 1_000_000
    world.intake.add_soon(
        Batch(counts=[EventCounts("shop", at, "GET", "/a", 200, 3, 1, 2, 900, {100: 1, 400: 2}, 100, 400)])
    )
    world.run(MERGE_SECONDS)
    world.commit()

    assert world.sums() == Counter({("shop", "GET", "/a", "200"): 3})
    assert world.timed("day") == 3


def test_routes_beyond_the_most_are_other(world: RequestWorld, machine: Machine) -> None:
    world.give(*(event(machine.seconds, route=f"/{n}") for n in range(MOST_ROUTES + 7)))
    world.run()
    world.commit()
    world.kill()
    world.give(event(machine.seconds, route="/late"), event(machine.seconds, route="/1"))
    world.run()
    world.commit()

    sums = world.sums()
    assert sums["shop", "GET", OTHER, "200"] == 8
    assert sums["shop", "GET", "/1", "200"] == 2
    assert world.rows("SELECT count(*) FROM request_log WHERE path = '/late'") == [(1,)]


def test_services_beyond_the_most_are_other(world: RequestWorld, machine: Machine) -> None:
    for number in range(MOST_SERVICES + 3):
        world.give(event(machine.seconds, service=f"service-{number:03}"))
    world.give(event(machine.seconds, service="late"), event(machine.seconds, service="service-001"))
    world.run()
    world.commit()

    sums = world.sums()
    assert sums[OTHER, "GET", "/items/{id}", "200"] == 4
    assert sums["service-001", "GET", "/items/{id}", "200"] == 2
    assert len({service for service, *_ in sums}) == MOST_SERVICES + 1


def test_requests_of_subjects_beyond_the_most_are_in_the_log_too(
    open_requests: Callable[[], RequestWorld], machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RequestMeter, "spec", REQUEST._replace(most_subjects=3))
    world = open_requests()
    for number in range(6):
        world.give(event(machine.seconds, route=f"/{number}"))
        world.run()
        world.commit()

    assert sum(world.sums().values()) == 6
    assert world.sums()[OTHER, OTHER, OTHER, OTHER] >= 3
    query = "SELECT coalesce(nullif(path, ''), route) FROM request_log JOIN request_subject USING (subject) ORDER BY 1"
    assert [path for (path,) in world.rows(query)] == [f"/{number}" for number in range(6)]


def test_counters_of_subjects_beyond_the_most_are_those_of_other(
    world: RequestWorld, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RequestMeter, "spec", REQUEST._replace(most_subjects=3))
    world.kill()
    for number in range(12):
        world.give(event(machine.seconds, route=f"/{number % 6}"))
        world.run()
        world.commit()
        assert len(world.state.sums) <= 4
    before = dict(world.state.sums)
    assert {key: sums[0] for key, sums in before.items()} == dict(world.sums())
    assert before[(OTHER,) * 4][0] > 0
    assert sum(sums[0] for sums in before.values()) == 12
    assert len(world.state.times) <= 4
    assert sum(map(sum, world.state.times.values())) == 12

    world.kill()

    assert dict(world.state.sums) == before


def test_counters_show_what_the_ledger_holds(world: RequestWorld, machine: Machine) -> None:
    key = ("shop", "GET", "/items/{id}", "200")
    world.give(event(machine.seconds, duration=30_000))
    world.run(MERGE_SECONDS)
    assert key not in world.state.sums

    world.commit()
    assert world.state.sums[key][0] == 1
    assert world.state.figures.accepted == 1
    world.kill()

    assert world.state.sums[key][0] == 1
    assert not world.state.times


def test_a_histogram_counts_by_bound(world: RequestWorld, machine: Machine) -> None:
    world.give(*(event(machine.seconds, duration=int(seconds * 1e6)) for seconds in (0.001, 0.03, 0.03, 60)))
    world.run(MERGE_SECONDS)

    counts = world.state.times["shop", "GET", "/items/{id}"]
    assert (counts[0], counts[BOUNDS.index(0.05)], counts[-1], sum(counts)) == (1, 2, 1, 4)
    assert world.state.seconds["shop", "GET", "/items/{id}"] == pytest.approx(60.061)


async def test_who_gives_waits_for_the_posting(world: RequestWorld, machine: Machine) -> None:
    adding = asyncio.create_task(world.intake.add(Batch([event(machine.seconds)], service="shop", id="one")))
    await asyncio.sleep(0)
    world.run()
    await asyncio.sleep(0)
    assert not adding.done()

    world.commit()
    await adding

    assert world.rows("SELECT service, id FROM request_batch") == [("shop", "one")]
    assert world.intake.has("shop", "one")


@pytest.mark.parametrize("sample", ["alone", "all"])
async def test_what_is_taken_while_a_posting_is_written_waits_for_the_next(
    world: RequestWorld, machine: Machine, sample: str
) -> None:
    first = asyncio.create_task(world.intake.add(Batch([event(machine.seconds)])))
    await asyncio.sleep(0)
    world.run()
    posting = world.sampler.take()
    second = asyncio.create_task(world.intake.add(Batch([event(machine.seconds, route="/second")])))
    await asyncio.sleep(0)
    world.sampler.sample_only(REQUEST.name) if sample == "alone" else world.run()

    assert posting is not None
    world.writer.post(posting)
    world.sampler.note_posted()
    await first
    await asyncio.sleep(0)

    assert not second.done()
    assert sum(world.sums().values()) == 1
    world.commit()
    await second
    assert sum(world.sums().values()) == 2


async def test_who_gives_hears_of_a_ledger_that_cannot_be_written(world: RequestWorld, machine: Machine) -> None:
    adding = asyncio.create_task(world.intake.add(Batch([event(machine.seconds)])))
    await asyncio.sleep(0)
    world.run()
    world.intake.note_failed()

    with pytest.raises(UnpostedError):
        await adding
    world.commit()
    assert sum(world.sums().values()) == 1


async def test_more_than_may_wait_is_refused(world: RequestWorld, machine: Machine) -> None:
    world.give(*[event(machine.seconds)] * MOST_PENDING)

    with pytest.raises(BusyError):
        await world.intake.add(Batch([event(machine.seconds)]))
    assert world.intake.figures.dropped == 1
    world.run()
    world.commit()
    assert sum(world.sums().values()) == MOST_PENDING


def test_a_posting_of_events_leaves_the_other_meters_alone(world: RequestWorld, machine: Machine) -> None:
    machine.move("eth0", 1000)
    world.give(event(machine.seconds))
    machine.wait(1)
    world.commit_alone()
    before = world.received(world.meters[0].spec)

    world.run()
    world.commit()

    assert (before, world.received(world.meters[0].spec)) == (0, 1000)
    assert sum(world.sums().values()) == 1


def test_a_sample_of_events_says_nothing_of_the_machine(world: RequestWorld, machine: Machine) -> None:
    machine.wait(30)
    world.commit_alone()

    assert world.sampler.seconds_since_sample == pytest.approx(30)
