"""Old rows go, days and totals stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.ledger.upkeep.retention import SHORTEST_SLOTS, Keep, Removed, Retention

if TYPE_CHECKING:
    from tests.worlds.books import Books

DAY = 86_400
ROOMY = Keep(30 * DAY, 400 * DAY, 10**12)


def _tidy(books: Books, keep: Keep = ROOMY) -> Removed:
    return Retention(books.writer, books.path).tidy(keep, books.machine.seconds)


def _days_of_traffic(books: Books, days: int) -> None:
    for number in range(days):
        books.machine.wait(DAY - 2)
        books.sample()
        books.machine.move("eth0", 1000 + number, 1)
        books.machine.wait(2)
        books.sample()
    books.commit()


def test_old_minutes_and_slots_go_and_every_day_stays(books: Books) -> None:
    books.start()
    _days_of_traffic(books, 100)
    held, total = books.rows("SELECT * FROM interface_day"), books.lifetime("eth0")

    removed = _tidy(books, Keep(3 * DAY, 80 * DAY, 10**12))

    assert (removed.minutes, removed.slots) == (97, 20)
    assert books.rows("SELECT * FROM interface_day") == held
    assert books.lifetime("eth0") == total
    assert books.audit().difference == 0


def test_a_file_too_large_keeps_less_and_never_less_than_two_cycles(books: Books) -> None:
    books.start()
    _days_of_traffic(books, 100)
    held = books.rows("SELECT * FROM interface_day")

    _tidy(books, Keep(DAY, 400 * DAY, 1))

    assert books.rows("SELECT * FROM interface_day") == held
    ((oldest, count),) = books.rows("SELECT min(slot), count(*) FROM interface_slot")
    assert books.machine.seconds - SHORTEST_SLOTS <= oldest
    assert count == 62


def test_a_shorter_setting_than_the_shortest_is_never_lengthened(books: Books) -> None:
    books.start()
    _days_of_traffic(books, 40)
    retention = Retention(books.writer, books.path)

    retention.clean_up(Keep(3600, 10 * DAY, 10**12), books.machine.seconds, is_aggressive=True)

    assert books.rows("SELECT count(*) FROM interface_slot") == [(10,)]
    ((oldest,),) = books.rows("SELECT min(minute) FROM interface_minute")
    assert oldest >= books.machine.seconds - 3600


@pytest.mark.parametrize(("days", "is_folded"), [(29, False), (31, True)])
def test_an_uncounted_interface_folds_into_gone_after_thirty_days(books: Books, days: int, *, is_folded: bool) -> None:
    books.machine.create("veth0", is_physical=False)
    books.machine.create("veth1", is_physical=False)
    books.start()
    books.machine.move("veth0", 11, 1)
    books.machine.move("veth1", 200, 2)
    books.machine.move("eth0", 3000, 3)
    books.run(1)
    books.machine.delete("veth0")
    books.machine.delete("veth1")
    books.run(1)
    books.commit()
    books.machine.wait(days * DAY)
    books.sample()
    books.commit()
    total = books.lifetime_of_all()

    removed = _tidy(books)

    assert len(removed.gone) == (2 if is_folded else 0)
    assert books.lifetime("(gone)") == ((211, 3) if is_folded else (0, 0))
    assert books.lifetime_of_all() == books.lifetime_by_slots() == total
    assert books.lifetime("eth0") == (3000, 3)
    assert books.audit().difference == 0


@pytest.mark.parametrize("is_told", [True, False], ids=["told to the sampler", "not yet told"])
def test_an_interface_that_returns_after_it_was_folded_is_booked_again(books: Books, *, is_told: bool) -> None:
    books.machine.create("tun0", is_physical=False)
    books.start()
    books.machine.move("tun0", 100)
    books.run(1)
    books.machine.delete("tun0")
    books.run(1)
    books.commit()
    books.machine.wait(31 * DAY)
    books.sample()
    books.commit()
    gone = _tidy(books).gone
    if is_told:
        books.sampler.forget(gone)

    books.machine.create("tun0", is_physical=False)
    books.machine.move("tun0", 7)
    books.run(1)
    books.commit()

    assert books.lifetime_of_all() == (107, 0)
    assert books.lifetime("tun0") == (7, 0)
    if is_told:
        assert books.audit().difference == 0


def test_counted_interfaces_are_never_folded(books: Books) -> None:
    books.start()
    books.machine.move("eth0", 5)
    books.run(1)
    books.machine.delete("eth0")
    books.run(1)
    books.commit()
    books.machine.wait(400 * DAY)
    books.sample()
    books.commit()

    assert _tidy(books).gone == ()
    assert books.lifetime("eth0") == (5, 0)


def test_vacuum_gives_pages_back(books: Books) -> None:
    books.start()
    _days_of_traffic(books, 300)
    books.writer.checkpoint_log(truncate=True)
    before = books.path.stat().st_size
    retention = Retention(books.writer, books.path)
    retention.tidy(Keep(DAY, 62 * DAY, 10**12), books.machine.seconds)

    retention.vacuum()

    assert books.path.stat().st_size < before
    assert books.audit().difference == 0
