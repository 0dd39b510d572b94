"""The one writer of the ledger: what a posting that failed leaves behind."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from exporter.metering.counters.readings import Counts
from exporter.metering.postings import SubjectFacts, Usage
from exporter.meters.interfaces.state import interface

if TYPE_CHECKING:
    from tests.worlds.books import Books


def test_a_new_subject_of_a_posting_that_failed_gets_its_own_number_in_the_next(books: Books) -> None:
    books.start()
    books.machine.create("tun0")
    books.machine.move("tun0", 100)
    books.run(1)
    posting = books.sampler.take()
    assert posting is not None
    (slot, _), *_ = posting.slots
    books.writer.connection.execute(
        "CREATE TRIGGER refused BEFORE INSERT ON interface_day BEGIN INSERT INTO nowhere VALUES (1); END"
    )
    with pytest.raises(sqlite3.OperationalError):
        books.writer.post(posting)
    books.writer.connection.execute("DROP TRIGGER refused")

    wan9, (part,) = interface("wan9"), posting.meters
    facts = {wan9: SubjectFacts(1, 1, (0, 0)), **part.checkpoint.facts}
    more = part._replace(checkpoint=part.checkpoint._replace(facts=facts))
    slots = {**posting.slots, (slot, wan9): Usage(Counts(7, 7))}
    books.writer.post(posting._replace(meters=(more,), slots=slots))

    assert books.lifetime("tun0") == (100, 0)
    assert books.lifetime("wan9") == (7, 7)
