"""The journal equals a dictionary model."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from exporter.metering.clock import SECOND
from exporter.metering.clock_repair import Realign
from exporter.metering.counters.readings import Counts
from exporter.metering.counters.speeds import Speeds
from exporter.metering.journal import Journal
from exporter.metering.postings import Incident
from exporter.metering.samples import Change, Peak
from exporter.metering.subjects import Subject
from reports.ledger.shape import INTERFACE

SUBJECTS = (Subject("interface", ("eth0",)), Subject("interface", ("wlan0",)))
DAY = 86_400


class Entry(NamedTuple):
    """One delta."""

    subject: Subject
    receive: int
    transmit: int
    ended: int
    length: int
    kind: str


ENTRIES = st.lists(
    st.builds(
        Entry,
        st.sampled_from(SUBJECTS),
        st.integers(0, 10**12),
        st.integers(0, 10**12),
        st.integers(DAY, 2 * DAY),
        st.integers(0, 7200),
        st.sampled_from(["minutes", "slots", "estimated"]),
    ),
    max_size=20,
)


def _filled(entries: list[Entry]) -> Journal:
    journal = Journal()
    for entry in entries:
        counts = Counts(entry.receive, entry.transmit)
        ended, began = entry.ended * SECOND, (entry.ended - entry.length) * SECOND
        change = Change(entry.subject, counts, entry.kind == "estimated", entry.kind == "minutes")
        journal.add(entry.subject, change, began, ended, INTERFACE.bytes_in)
    return journal


@given(ENTRIES, st.integers(0, 2 * DAY), st.integers(0, DAY))
def test_the_journal_equals_a_dictionary_model(entries: list[Entry], after: int, seconds: int) -> None:
    model: Counter[tuple[Subject, str]] = Counter()
    for entry in entries:
        model[entry.subject, "receive"] += entry.receive
        model[entry.subject, "transmit"] += entry.transmit
        model[entry.subject, "estimated"] += entry.receive + entry.transmit if entry.kind == "estimated" else 0
        model[entry.subject, "by minute"] += entry.receive if entry.kind == "minutes" else 0

    journal = _filled(entries)
    journal.shift(Realign(after, seconds))

    held: Counter[tuple[Subject, str]] = Counter()
    for (start, subject), usage in journal.slots.items():
        assert start <= after
        assert start % 900 == 0
        held[subject, "receive"] += usage.amounts[0]
        held[subject, "transmit"] += usage.amounts[1]
        held[subject, "estimated"] += usage.estimated_bytes
    for (start, subject), usage in journal.minutes.items():
        assert start <= after
        held[subject, "by minute"] += usage.amounts[0]
    assert +held == +model


@given(ENTRIES)
def test_the_minutes_of_a_slot_add_up_to_it(entries: list[Entry]) -> None:
    journal = _filled([entry._replace(kind="minutes") for entry in entries])

    sums: Counter[tuple[int, Subject]] = Counter()
    for (start, subject), usage in journal.minutes.items():
        sums[start - start % 900, subject] += sum(usage.amounts[:2])
    assert +sums == +Counter({key: sum(usage.amounts[:2]) for key, usage in journal.slots.items()})


def test_peaks_keep_the_highest_of_each() -> None:
    journal = Journal()

    for speeds in (Speeds(5, 1, 6), Speeds(2, 9, 11)):
        journal.note_peak(SUBJECTS[0], Peak(SUBJECTS[0], 960, speeds, by_minute=True), Counts())

    assert journal.slots[900, SUBJECTS[0]].peaks == Speeds(5, 9, 11)
    assert journal.minutes[960, SUBJECTS[0]].peaks == Speeds(5, 9, 11)


def test_incidents_go_back_with_the_clock() -> None:
    journal = Journal()
    journal.incidents.append(Incident(5100, "eth0", "reset"))

    journal.shift(Realign(3000, 1000))

    assert journal.incidents == [Incident(3000, "eth0", "reset")]


def test_what_is_taken_leaves_the_journal_and_other_meters_wait() -> None:
    journal = _filled([Entry(SUBJECTS[0], 7, 0, DAY, 1, "minutes")])
    other = Subject("request", ("shop",))
    journal.add(other, Change(other, (1,)), 0, SECOND, lambda _: (0, 0))

    taken = journal.take_slots({"interface"})

    assert {subject for _, subject in journal.slots} == {other}
    assert sum(sum(usage.amounts[:2]) for usage in taken.values()) == 7
