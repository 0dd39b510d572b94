"""Where counters of /metrics began again: the lifetime sums of subjects, kept after a backup took a ledger's place."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from exporter.ledger.writing.statements import COUNTER_BASE, PUT_STATE
from exporter.metering.subjects import Subject

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from reports.ledger.shape import MeterSpec

    Bases = Mapping[Subject, tuple[int, ...]]


def read_bases(connection: sqlite3.Connection, spec: MeterSpec) -> Bases:
    """Bases of a meter's subjects; one that cannot be read is left out."""
    columns = ", ".join(f"k.{dimension}" for dimension in spec.dimensions)
    query = f"""
        SELECT {columns}, b.value FROM state AS b JOIN {spec.name}_subject AS k ON b.name = ? || k.subject
    """  # noqa: S608 - names of our own schema
    bases = {}
    for *key, value in connection.execute(query, (COUNTER_BASE,)):
        with contextlib.suppress(ValueError, TypeError):
            bases[Subject(spec.name, tuple(map(str, key)))] = _amounts(value, len(spec.sums))
    return bases


def write_bases(connection: sqlite3.Connection, bases: Bases, id_of: Callable[[Subject], int]) -> None:
    """Write bases; one of a subject that the ledger cannot hold is left out."""
    for subject, base in bases.items():
        with contextlib.suppress(ValueError):
            connection.execute(PUT_STATE, (f"{COUNTER_BASE}{id_of(subject)}", " ".join(map(str, base))))


def _amounts(text: str, count: int) -> tuple[int, ...]:
    amounts = tuple(map(int, text.split()))
    if len(amounts) != count:
        raise ValueError(f"{text!r} is no base")
    return amounts
