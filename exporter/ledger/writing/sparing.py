"""A posting with a value that no ledger can hold: whose it is, and the posting without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.clock import SECOND
from exporter.metering.postings import Incident

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.metering.postings import Posting
    from exporter.metering.readings import Subject


def subjects_of(posting: Posting) -> set[Subject]:
    """Everybody who has a row in it."""
    used = {subject for _, subject in (*posting.slots, *posting.minutes)}
    return used | posting.subjects.keys() | posting.checkpoints.keys()


def part_of(posting: Posting, subjects: set[Subject]) -> Posting:
    """The rows of these subjects alone."""
    return posting._replace(
        slots={key: usage for key, usage in posting.slots.items() if key[1] in subjects},
        minutes={key: usage for key, usage in posting.minutes.items() if key[1] in subjects},
        checkpoints={subject: held for subject, held in posting.checkpoints.items() if subject in subjects},
        subjects={subject: facts for subject, facts in posting.subjects.items() if subject in subjects},
        counter_bases=None
        if posting.counter_bases is None
        else {subject: base for subject, base in posting.counter_bases.items() if subject in subjects},
    )


def without(posting: Posting, refused: Mapping[Subject, str], told: Mapping[Subject, str]) -> Posting:
    """The posting without the rows of those that were refused, each with an incident that says why.

    `told` are the reasons that are known already: they are no news, and only bytes are noted.
    """
    at = posting.state.wall // SECOND
    moved = dict.fromkeys(refused, 0)
    for (_, subject), usage in posting.slots.items():
        if subject in refused:
            moved[subject] += usage.counts.bytes
    incidents = tuple(
        Incident(at, subject.name, "not booked", moved[subject], f"the ledger cannot hold it: {reason}", is_news)
        for subject, reason in refused.items()
        if (is_news := told.get(subject) != reason) or moved[subject]
    )
    rest = part_of(posting, subjects_of(posting) - refused.keys())
    return rest._replace(incidents=(*posting.incidents, *incidents))
