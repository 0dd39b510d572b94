"""The audit proves to the user that the ledger holds what the kernel counted."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from exporter.metering.counters.readings import Counts

if TYPE_CHECKING:
    from reports.usage.audit import AuditLine
    from tests.worlds.books import Books


def _line(books: Books, device: str) -> AuditLine:
    return next(line for line in books.audit().lines if line.device == device)


def test_kernel_and_ledger_agree_since_the_same_instant(books: Books) -> None:
    books.start()
    began = books.machine.seconds
    books.machine.move("eth0", 700, 30)
    books.run(1)
    books.commit()
    books.machine.move("eth0", 11, 2)

    line = _line(books, "eth0")

    assert (line.kernel, line.ledger, line.discarded, line.difference) == ((700, 30), (700, 30), (0, 0), 0)
    assert (line.since, line.waiting, line.is_counted) == (began, 13, True)


def test_gaps_since_the_epoch_began_are_listed(books: Books) -> None:
    books.start()
    books.stop()
    books.machine.wait(600)
    books.machine.move("eth0", 5)
    books.start()

    assert [(gap.cause, gap.bytes) for gap in books.audit().gaps] == [("down", 5)]


def test_a_wrapped_counter_still_adds_up(books: Books) -> None:
    books.machine.create("usb0", bits=32, counts=Counts(receive_bytes=2**32 - 50))
    books.start()
    books.machine.move("usb0", 150)
    books.run(1)
    books.commit()

    line = _line(books, "usb0")

    assert (line.kernel, line.ledger, line.waiting) == ((150, 0), (150, 0), 0)


def test_discarded_bytes_are_shown_and_explain_the_difference(books: Books) -> None:
    books.start()
    books.machine.move("eth0", 10**15, 3)
    books.run(1)
    books.commit()

    line = _line(books, "eth0")

    assert (line.ledger, line.discarded, line.difference) == ((0, 3), (10**15, 0), 0)


def test_an_interface_that_is_gone_is_compared_to_its_last_reading(books: Books) -> None:
    books.machine.create("ppp0")
    books.start()
    books.machine.move("ppp0", 44)
    books.machine.delete("ppp0")
    books.run(1)
    books.commit()

    line = _line(books, "ppp0")

    assert (line.kernel, line.ledger, line.waiting) == ((44, 0), (44, 0), None)


def test_a_renamed_counter_is_accounted_for_under_its_new_name(books: Books) -> None:
    books.start()
    books.machine.rename("eth0", "lan0")
    books.machine.move("lan0", 9)
    books.run(1)
    books.commit()

    assert [line.device for line in books.audit().lines] == ["lan0"]
    assert books.audit().difference == 0


def test_bytes_that_somebody_took_out_of_the_ledger_are_found(books: Books) -> None:
    books.start()
    books.machine.move("eth0", 700, 30)
    books.run(1)
    books.stop()
    with contextlib.closing(sqlite3.connect(books.path)) as connection:
        connection.execute(
            "UPDATE interface_day SET receive_bytes = receive_bytes - 1, transmit_bytes = transmit_bytes + 1"
        )
        connection.commit()

    assert books.audit().difference == 2


def test_a_step_that_could_be_another_is_named(books: Books) -> None:
    books.machine.create("usb0", bits=32)
    books.start()
    books.stop()
    books.machine.move("usb0", 3 * 2**32 + 5_000_000)
    books.machine.wait(3600)
    books.start()

    audit = books.audit()

    assert audit.difference == 0
    assert [(doubt.subject, doubt.bytes) for doubt in audit.doubts] == [("usb0", 5_000_000)]
