"""What every meter promises, over the real sampler, writer and ledger: collected by test_meters.py for each."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from exporter.ledger.upkeep.retention import Keep, Retention
from reports.ledger.shape import GONE
from tests.meters.worlds import measure

if TYPE_CHECKING:
    from tests.meters.worlds import Metered, MeterWorld

DAY = 86_400
KEEP = Keep(30 * DAY, 400 * DAY, 10**9)


class MeterContract:
    """One meter alone in a ledger; `metered` and `world` are fixtures.

    `is_remembered`: what a process has read and not posted is read again after its death.
    `is_given`: it reads nothing that could fail or be late, and its events say themselves when they were.
    """

    is_remembered = True
    is_given = False

    def test_what_moves_is_in_the_ledger_once(self, metered: Metered, world: MeterWorld) -> None:
        world.start()
        for amount in (5, 70, 900):
            metered.move("one", amount)
            world.run(2)
            world.commit()

        assert world.received(metered.spec) == 975
        assert world.received(metered.spec, "one", "slot") == 975
        assert world.faults() == []

    def test_a_posting_applied_twice_changes_nothing(self, metered: Metered, world: MeterWorld) -> None:
        world.start()
        metered.move("one", 5)
        world.run()
        posting = world.sampler.take()
        assert posting is not None

        world.writer.post(posting)
        world.writer.post(posting)

        assert world.received(metered.spec) == 5

    @pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "stopped"])
    def test_a_restart_loses_nothing_and_counts_nothing_twice(
        self, metered: Metered, world: MeterWorld, *, is_killed: bool
    ) -> None:
        world.start()
        metered.move("one", 5)
        world.run()
        world.commit()
        metered.move("one", 30)
        world.run()
        world.crash() if is_killed else world.stop()
        metered.move("one", 200)
        world.machine.wait(3)

        world.start()

        assert world.received(metered.spec) == (205 if is_killed and not self.is_remembered else 235)
        assert world.faults() == []

    def test_usage_and_checkpoint_commit_together_or_not_at_all(self, metered: Metered, world: MeterWorld) -> None:
        world.start()
        metered.move("one", 5)
        world.run()
        world.writer.connection.execute(
            "CREATE TRIGGER refused BEFORE UPDATE ON meter BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
        with pytest.raises(sqlite3.IntegrityError):
            world.commit()
        world.writer.connection.execute("DROP TRIGGER refused")
        world.crash()

        world.start()

        assert world.received(metered.spec) == (5 if self.is_remembered else 0)
        assert world.faults() == []

    def test_a_time_in_which_it_failed_is_a_gap_and_its_bytes_are_estimated(
        self, metered: Metered, world: MeterWorld
    ) -> None:
        world.start()
        if self.is_given:
            return
        metered.fail("gone")
        world.run(60)
        assert not world.view(metered.spec).health.is_up
        metered.move("one", 40)
        metered.fail("")

        world.run()
        world.commit()

        assert world.view(metered.spec).health.is_up
        assert world.received(metered.spec) == 40
        assert world.rows("SELECT meter, cause FROM gap") == [(metered.spec.name, "stalled")]
        estimated = world.rows(f"SELECT sum(estimated_bytes) FROM {metered.spec.table('day')}")  # noqa: S608
        assert estimated == [(40,)]

    def test_one_that_is_long_gone_is_folded_into_gone_of_its_own_meter(
        self, metered: Metered, world: MeterWorld
    ) -> None:
        world.start()
        metered.move("one", 40)
        world.run()
        world.commit()
        metered.leave("one")
        world.run()
        world.machine.wait((metered.spec.fold_days + 1) * DAY)
        world.run()
        world.commit()

        gone = Retention(world.writer, world.path).tidy(KEEP, world.machine.seconds).gone
        world.sampler.forget(gone)

        assert {subject.meter for subject in gone} == {metered.spec.name}
        assert world.received(metered.spec, GONE) == world.received(metered.spec) == 40
        dimensions = ", ".join(metered.spec.dimensions)
        query = f"SELECT {dimensions} FROM {metered.spec.subjects} WHERE {metered.spec.foldable} = ?"  # noqa: S608
        rows = world.rows(query, GONE)
        assert rows
        for folded in rows:
            values = dict(zip(metered.spec.dimensions, folded, strict=True))
            assert all((value == GONE) != (name in metered.spec.lasting) for name, value in values.items())

    def test_another_zone_cuts_its_days_anew(self, metered: Metered, world: MeterWorld) -> None:
        world.start()
        for _ in range(20):
            metered.move("one", 100)
            world.machine.wait(3600)
            world.run()
            world.commit()
        world.stop()
        world.zone = ZoneInfo("Pacific/Kiritimati")

        world.start()

        assert world.received(metered.spec) == world.received(metered.spec, table="slot") == 2000
        assert world.faults() == []

    def test_a_clock_that_was_set_takes_its_usage_along(self, metered: Metered, world: MeterWorld) -> None:
        world.start()
        world.machine.set_clock(3 * DAY)
        metered.move("one", 20)
        world.run()
        world.commit()
        world.machine.set_clock(-3 * DAY)
        world.run()
        world.commit()

        ((last,),) = world.rows(f"SELECT max(slot) FROM {metered.spec.table('slot')} WHERE {measure(metered.spec)} > 0")  # noqa: S608
        assert last <= world.machine.seconds
        assert world.received(metered.spec) == 20

    def test_rows_say_which_posting_touched_them_last(self, metered: Metered, world: MeterWorld) -> None:
        world.start()
        metered.move("one", 5)
        world.run()
        world.commit()
        ((before,),) = world.rows("SELECT max(posting) FROM meter")
        metered.move("two", 7)
        world.run()
        world.commit()

        first = metered.spec.dimensions[0]
        query = f"""
            SELECT DISTINCT k.{first} FROM {metered.spec.table("slot")} AS u
            JOIN {metered.spec.subjects} AS k USING (subject)
            WHERE u.posting > ? AND u.{measure(metered.spec)} > 0
        """  # noqa: S608
        assert world.rows(query, before) == [("two",)]
