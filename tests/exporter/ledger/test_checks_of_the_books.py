"""Damage that SQLite does not notice is found by holding the books against themselves."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.worlds.books import Books


@pytest.fixture
def worked(books: Books) -> Books:
    """Books of nine days, of an interface that is there and of one that has gone; stopped."""
    books.start()
    books.machine.create("tun0", is_physical=False)
    for number in range(9):
        books.machine.move("eth0", 1000 + number, 10)
        if "tun0" in books.machine.interfaces:
            books.machine.move("tun0", 50)
        books.run(2)
        if number == 7:
            books.machine.delete("tun0")
        books.machine.wait(86_400)
        books.sample()
        books.commit()
    books.stop()
    return books


def test_good_books_have_no_fault(worked: Books) -> None:
    assert worked.faults() == []


DAMAGES = {
    "UPDATE interface_day SET receive_bytes = receive_bytes + 4096"
    " WHERE day = (SELECT min(day) FROM interface_day)": "differ by 4,096",
    "UPDATE interface_day SET transmit_bytes = transmit_bytes + 1"
    " WHERE day = (SELECT min(day) FROM interface_day)"
    " AND subject = (SELECT subject FROM interface_subject"
    " WHERE device = 'tun0')": "tun0: its days and its last reading differ by 1 bytes",
    "DELETE FROM interface_day WHERE day = (SELECT min(day) + 1 FROM interface_day)": "its last reading differ",
    "UPDATE interface_slot SET receive_packets = 9"
    " WHERE slot = (SELECT max(slot) FROM interface_slot)": "quarter hours differ",
    "UPDATE interface_slot SET slot = slot + 1"
    " WHERE slot = (SELECT max(slot) FROM interface_slot)": "has an impossible value",
    "UPDATE interface_slot SET peak_speed = -peak_speed - 1"
    " WHERE slot = (SELECT max(slot) FROM interface_slot)": "has an impossible value",
    "UPDATE interface_minute SET minute = minute + 7"
    " WHERE minute = (SELECT max(minute) FROM interface_minute)": "has an impossible value",
    "UPDATE interface_day SET day = 3000000000 WHERE day = (SELECT max(day) FROM interface_day)": "day 3000000000",
    "UPDATE interface_day SET subject = 77"
    " WHERE day = (SELECT max(day) FROM interface_day) AND subject = 1": "a subject that is not there",
    "UPDATE interface_checkpoint SET base_receive_bytes = base_receive_bytes + 9": "differ by 9 bytes",
    "UPDATE state SET value = 'Europe/Berlim' WHERE name = 'timezone'": "the zone of its days is none",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_wrong_value_is_found_and_ends_no_start(worked: Books, damage: str) -> None:
    with contextlib.closing(sqlite3.connect(worked.path)) as connection:
        assert connection.execute(damage).rowcount > 0
        connection.commit()

    assert DAMAGES[damage] in "; ".join(worked.faults())

    worked.start()
    worked.run(1)
    worked.stop()


TEXTS = (
    "UPDATE interface_checkpoint SET epoch = 'boo'",
    "UPDATE interface_checkpoint SET epoch = CAST(x'ff00fe' AS TEXT)",
    "UPDATE subject SET key = CAST(x'65ff' AS TEXT) WHERE id = 1",
    "UPDATE state SET value = 'x 7 \u00b2' WHERE name LIKE 'known:%'",
    "UPDATE state SET value = CAST(x'fffe' AS TEXT)",
    "UPDATE meter SET boot_id = CAST(x'fffe' AS TEXT)",
    "UPDATE meter SET wall = -1",
    "UPDATE meter SET elapsed = 9223372036854775807",
    "UPDATE interface_day SET receive_bytes = 9223372036854775807",
    "UPDATE gap SET began = -9223372036854775807",
    "INSERT INTO incident (at, what, detail, seen) VALUES (-5, CAST(x'fffe' AS TEXT), CAST(x'fffe' AS TEXT), 0)",
    "INSERT INTO state VALUES ('counter_base:1', 'a b'), ('counter_base:z', '1 2 3')",
)


@pytest.mark.parametrize("damage", TEXTS)
def test_no_damaged_text_or_number_ends_a_start(worked: Books, damage: str) -> None:
    with contextlib.closing(sqlite3.connect(worked.path)) as connection:
        connection.execute(damage)
        connection.commit()

    worked.start()
    worked.machine.move("eth0", 5)
    worked.run(1)
    worked.stop()

    assert worked.rows("SELECT max(posting) FROM meter") > [(0,)]
