"""The journal equals a dictionary model."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from exporter.metering.clock import SECOND
from exporter.metering.clock_repair import Realign
from exporter.metering.journal import Journal
from exporter.metering.postings import Gap, Incident, Speeds
from exporter.metering.readings import Counts, Subject

SUBJECTS = (Subject("interface", "eth0"), Subject("interface", "wlan0"))
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
        if entry.kind == "estimated":
            journal.add_estimated(entry.subject, counts, began=began, ended=ended)
        else:
            journal.add(entry.subject, counts, began=began, ended=ended, with_minutes=entry.kind == "minutes")
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
        held[subject, "receive"] += usage.counts.receive_bytes
        held[subject, "transmit"] += usage.counts.transmit_bytes
        held[subject, "estimated"] += usage.estimated_bytes
    for (start, subject), usage in journal.minutes.items():
        assert start <= after
        held[subject, "by minute"] += usage.counts.receive_bytes
    assert +held == +model


@given(ENTRIES)
def test_the_minutes_of_a_slot_add_up_to_it(entries: list[Entry]) -> None:
    journal = _filled([entry._replace(kind="minutes") for entry in entries])

    sums: Counter[tuple[int, Subject]] = Counter()
    for (start, subject), usage in journal.minutes.items():
        sums[start - start % 900, subject] += usage.counts.bytes
    assert +sums == +Counter({key: usage.counts.bytes for key, usage in journal.slots.items()})


def test_peaks_keep_the_highest_of_each() -> None:
    journal = Journal()

    journal.note_peaks(SUBJECTS[0], 960, Speeds(5, 1, 6), with_minutes=True)
    journal.note_peaks(SUBJECTS[0], 960, Speeds(2, 9, 11), with_minutes=True)

    assert journal.slots[900, SUBJECTS[0]].peaks == Speeds(5, 9, 11)
    assert journal.minutes[960, SUBJECTS[0]].peaks == Speeds(5, 9, 11)


def test_gaps_and_incidents_go_back_with_the_clock() -> None:
    journal = Journal()
    journal.gaps.append(Gap(5000, 5100, "down", 0))
    journal.incidents.append(Incident(5100, "eth0", "reset"))

    journal.shift(Realign(3000, 1000))

    assert journal.gaps == [Gap(3000, 3000, "down", 0)]
    assert journal.incidents == [Incident(3000, "eth0", "reset")]


def test_a_cleared_journal_leaves_the_posting_its_rows() -> None:
    journal = _filled([Entry(SUBJECTS[0], 7, 0, DAY, 1, "minutes")])
    taken = journal.slots

    journal.clear()

    assert not journal.slots
    assert sum(usage.counts.bytes for usage in taken.values()) == 7
