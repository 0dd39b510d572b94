"""A plan that machines share, by a ledger whose interfaces are the machines: the parts add up to what is used."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from reports.billing.plans import FreeHours, Plan
from reports.billing.sharing import MachinePart, Sharing, shared_status, unread_status
from reports.billing.status import plan_status
from reports.formats.json import plans as shapes

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.billing.plans import Counts
    from reports.billing.status import PlanStatus
    from tests.worlds.written_ledger import WrittenLedger

    NewLedger = Callable[[ZoneInfo], WrittenLedger]

BERLIN = ZoneInfo("Europe/Berlin")
GB = 10**9
HOME = Plan(name="home", hosts=("all",), cap_bytes=100 * GB)
NOW = datetime(2026, 4, 9, 18, 0, tzinfo=BERLIN).timestamp()
READ_AT = int(NOW) - 30
# The written ledger counts devices of such names.
MEMBERS = (("eth-desk", None), ("eth-nas", READ_AT - 60), ("eth-phone", READ_AT - 7200))


def at(day: int, hour: int = 12) -> int:
    return int(datetime(2026, 4, day, hour, tzinfo=BERLIN).timestamp())


@pytest.fixture
def group(new_ledger: NewLedger) -> WrittenLedger:
    """Three machines, of which one has moved nothing this month; the last day of March is another cycle."""
    ledger = new_ledger(BERLIN)
    march = int(datetime(2026, 3, 31, 12, tzinfo=BERLIN).timestamp())
    ledger.write({at(2): (5 * GB, GB), at(3, 2): (2 * GB, 0), at(9): (GB, 0)}, device="eth-desk")
    ledger.write({march: (9 * GB, 0), at(3, 2): (3 * GB, 4 * GB), at(8): (20 * GB, 10 * GB)}, device="eth-nas")
    ledger.write({march: (GB, GB)}, device="eth-phone")
    return ledger


def status(ledger: WrittenLedger, plan: Plan = HOME) -> PlanStatus:
    with ledger.reading() as reader:
        return shared_status(reader, plan, NOW, MEMBERS, Sharing(own="eth-desk", read_at=READ_AT))


def test_all_machines_are_billed_together_and_each_has_its_part(group: WrittenLedger) -> None:
    found = status(group)

    assert found.used == 46 * GB
    assert found.left == 54 * GB
    assert found.sharing
    assert found.sharing.machines == (
        MachinePart("eth-nas", 37 * GB, READ_AT - 60),
        MachinePart("eth-desk", 9 * GB, None),
        MachinePart("eth-phone", 0, READ_AT - 7200),
    )
    assert found.sharing.behind_seconds(NOW) == 7230


@pytest.mark.parametrize("counts", ["both", "receive", "transmit", "larger"])
@pytest.mark.parametrize("free", [(), (FreeHours(0, 6 * 60),)])
def test_the_parts_add_up_to_what_is_used(group: WrittenLedger, counts: Counts, free: tuple[FreeHours, ...]) -> None:
    found = status(group, HOME._replace(counts=counts, free_hours=free))

    assert found.sharing
    assert found.used > 0
    assert sum(each.used or 0 for each in found.sharing.machines) == found.used


def test_json_tells_shares_and_ages(group: WrittenLedger) -> None:
    found = shapes.plan(status(group), BERLIN, NOW).sharing

    assert found
    assert [(each.name, each.this, each.share_percent, each.behind_seconds) for each in found.machines] == [
        ("eth-nas", False, 80.4, 90),
        ("eth-desk", True, 19.6, 0),
        ("eth-phone", False, 0.0, 7230),
    ]
    assert (found.hosts, found.behind_seconds) == (["all"], 7230)


def test_own_bytes_since_are_of_the_own_machine(group: WrittenLedger) -> None:
    sharing = status(group).sharing

    assert sharing
    added = sharing.with_own(5)
    assert [each.used for each in added.machines] == [37 * GB, 9 * GB + 5, 0]


@pytest.mark.parametrize(("is_own", "used"), [(True, 46 * GB), (False, 0)])
def test_before_the_mirror_was_read_only_this_machine_is_known(
    group: WrittenLedger, *, is_own: bool, used: int
) -> None:
    with group.reading() as reader:
        found = unread_status(reader, HOME, NOW, is_own=is_own, problem="away")

    assert found.used == used
    assert found.plan == HOME
    assert found.sharing == Sharing(problem="away")


def test_a_plan_of_this_machine_alone_has_no_word_of_others(group: WrittenLedger) -> None:
    with group.reading() as reader:
        found = shapes.plan(plan_status(reader, HOME._replace(hosts=()), NOW), BERLIN, NOW)

    assert not found.sharing
