"""A posting with a value that no ledger can hold: its subjects or its meter, and the posting without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.clock import SECOND
from exporter.metering.postings import Incident, MeterCheckpoint
from exporter.metering.samples import EventStore

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from exporter.metering.postings import MeterPosting, Posting
    from exporter.metering.samples import MeterStore
    from exporter.metering.subjects import Subject
    from reports.ledger.shape import MeterSpec


def subjects_of(posting: Posting) -> set[Subject]:
    """Every subject that has a row in it."""
    used = {subject for _, subject in (*posting.slots, *posting.minutes)}
    return used.union(*((*part.checkpoint.facts, *part.checkpoint.subjects) for part in posting.meters))


def part_of(posting: Posting, subjects: Container[Subject]) -> Posting:
    """The rows of these subjects alone."""
    return posting._replace(
        slots={key: usage for key, usage in posting.slots.items() if key[1] in subjects},
        minutes={key: usage for key, usage in posting.minutes.items() if key[1] in subjects},
        meters=tuple(_part_of(part, subjects) for part in posting.meters),
    )


def state_of(posting: Posting, meter: str) -> Posting:
    """What one meter as a whole resumes from, without a row."""
    return part_of(only(posting, {meter}), ())


def only(posting: Posting, meters: Container[str]) -> Posting:
    """The rows, checkpoints and gaps of these meters."""
    return posting._replace(
        slots={key: usage for key, usage in posting.slots.items() if key[1].meter in meters},
        minutes={key: usage for key, usage in posting.minutes.items() if key[1].meter in meters},
        meters=tuple(part for part in posting.meters if part.meter in meters),
    )


def without(
    posting: Posting, refused: Mapping[Subject, str], known: Mapping[Subject, str], specs: Iterable[MeterSpec]
) -> Posting:
    """The posting without the rows of those that were refused, each with an incident that says why.

    `known` are the reasons of earlier postings: they are no news, and only bytes are noted.
    """
    at, meters = posting.clock.wall // SECOND, {spec.name: spec for spec in specs}
    moved = dict.fromkeys(refused, 0)
    for (_, subject), usage in posting.slots.items():
        if subject in refused:
            moved[subject] += sum(meters[subject.meter].bytes_in(usage.amounts))
    incidents = tuple(
        Incident(
            at,
            subject.name,
            "not booked",
            moved[subject],
            f"the ledger cannot hold it: {reason}",
            is_news,
            subject.meter,
        )
        for subject, reason in refused.items()
        if (is_news := known.get(subject) != reason) or moved[subject]
    )
    rest = part_of(posting, subjects_of(posting) - refused.keys())
    return rest._replace(incidents=(*posting.incidents, *incidents))


def lightened(posting: Posting, stores: Iterable[MeterStore]) -> Posting:
    """The posting without what its meters give up where a disk is full; itself where that is nothing."""
    light = {store.spec.name: store.lighter for store in stores if isinstance(store, EventStore)}
    meters = tuple(
        part._replace(checkpoint=light[part.meter](part.checkpoint)) if part.meter in light else part
        for part in posting.meters
    )
    is_same = all(new.checkpoint is old.checkpoint for new, old in zip(meters, posting.meters, strict=True))
    return posting if is_same else posting._replace(meters=meters)


def _part_of(part: MeterPosting, subjects: Container[Subject]) -> MeterPosting:
    facts, held, state = part.checkpoint
    return part._replace(
        checkpoint=MeterCheckpoint(
            {subject: row for subject, row in facts.items() if subject in subjects},
            {subject: kept for subject, kept in held.items() if subject in subjects},
            state,
        )
    )
