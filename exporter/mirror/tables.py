"""The tables of a mirror, made from the specs, in the SQL that PostgreSQL and what speaks as it have in common.

Every key begins with the host, so that a distributed engine keeps a machine's rows together. What is not used, since
Citus, CockroachDB, YugabyteDB or a pooler in transaction mode has it otherwise or not at all: sequences, triggers,
functions, foreign keys, partitions, temporary tables, session settings, session locks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.ledger.shape import INTERFACE, SPECS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.ledger.shape import MeterSpec

GRAINS = ("slot", "day")
"""Rows of minutes stay in the ledger: they last a month there, and no answer for several machines asks for them."""

BYTES = ("receive_bytes", "transmit_bytes", "estimated_bytes")


class MirrorTable(NamedTuple):
    """A table: `key` are its columns after the host that a row is found by, `types` those of all columns but the host.

    `fill` is the percentage of a page that new rows take, where rows are updated: the rest lets them stay there (0: all
    of it). `indexes` are further ones, each a list of columns.
    """

    name: str
    key: tuple[str, ...]
    types: Mapping[str, str]
    fill: int = 0
    indexes: tuple[tuple[str, ...], ...] = ()

    def __hash__(self) -> int:
        """By the name: no two tables share one."""
        return hash(self.name)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns but the host, in their order."""
        return tuple(self.types)

    @property
    def values(self) -> tuple[str, ...]:
        """The columns that are no part of the key."""
        return tuple(name for name in self.types if name not in self.key)

    def statement(self, schema: str) -> str:
        """The statement that creates the table if there is none."""
        columns = "".join(f", {name} {kind} NOT NULL" for name, kind in self.types.items())
        options = f" WITH (fillfactor = {self.fill})" if self.fill else ""
        key = ", ".join(("host", *self.key))
        table = f"CREATE TABLE IF NOT EXISTS {schema}.{self.name}"
        return f"{table} (host uuid NOT NULL{columns}, PRIMARY KEY ({key})){options}"

    def index_statements(self, schema: str) -> Iterator[str]:
        """Statements that create the further indexes if there are none."""
        for columns in self.indexes:
            name = "_".join((self.name, "by", columns[0]))
            yield f"CREATE INDEX IF NOT EXISTS {name} ON {schema}.{self.name} ({', '.join((*columns, 'host'))})"


def subject_table(spec: MeterSpec) -> MirrorTable:
    """The subjects of a meter: their dimensions and facts."""
    types = {"subject": "bigint"} | dict.fromkeys(spec.dimensions, "text") | dict.fromkeys(spec.facts, "bigint")
    return MirrorTable(spec.subjects, ("subject",), types)


def usage_table(spec: MeterSpec, grain: str) -> MirrorTable:
    """The rows of a meter and grain, as the ledger has them."""
    measures = dict.fromkeys((*spec.added(grain), *spec.peaks), "bigint") | dict.fromkeys(spec.sketches, "bytea")
    types = {grain: "bigint", "subject": "bigint"} | measures | {"posting": "bigint"}
    return MirrorTable(spec.table(grain), (grain, "subject"), types, fill=90 if grain == "slot" else 70)


HOSTS = MirrorTable(
    "host",
    (),
    {
        "name": "text",
        "system": "text",
        "version": "text",
        "zone": "text",
        "role": "text",
        "machine": "text",
        "generation": "text",
        "token": "text",
        "posting": "bigint",
        "copying": "text",
        "sent_at": "bigint",
        "slots_since": "bigint",
    },
    fill=50,
    indexes=(("role",),),
)
"""A machine. `role` is the login that made the row: it alone may write this machine's rows. `machine` tells one machine
from another, `generation` one life of a ledger from the next (a restored backup begins one), `token` is what the last
transaction of the sender left. Every row of the ledger up to `posting` is in the mirror (-1: none is for certain);
`copying` says how far a longer copy has come. Times are UTC seconds; quarter hours are kept from `slots_since` on.
Rights look for the hosts of a role with each statement: of 10,000, an index finds them in 0.01 ms, a scan in 3.
"""

IMPORTS = MirrorTable(
    "imported",
    ("source", "subject", "first_day"),
    {"source": "text", "subject": "bigint", "first_day": "bigint", "last_day": "bigint"}
    | dict.fromkeys(INTERFACE.sums, "bigint"),
)
"""History from other programs, of interfaces and of applications, as the ledger has it."""

HOST_DAYS = MirrorTable(
    "host_day", ("day",), {"day": "bigint"} | dict.fromkeys(BYTES, "bigint") | {"posting": "bigint"}, fill=70
)
"""What a machine's counted interfaces moved on a day of its zone, imported days included: rolled up by its sender."""

HOST_MONTHS = MirrorTable(
    "host_month",
    ("month",),
    {"month": "bigint"} | dict.fromkeys(BYTES, "bigint") | {"posting": "bigint"},
    fill=50,
    indexes=(("month",),),
)
"""The same by month (202611), and in the month 0 everything ever, imported spans of several days included."""

NOTICES = MirrorTable(
    "plan_notice", ("plan", "cycle", "what"), {"plan": "text", "cycle": "bigint", "what": "text", "told_by": "text"}
)
"""What was told of a plan that several machines share; `host` is nil, so that one of them tells it for all."""

USAGE = tuple(usage_table(spec, grain) for spec in SPECS for grain in GRAINS)
SUBJECTS = tuple(subject_table(spec) for spec in SPECS)
OWN = (*SUBJECTS, *USAGE, IMPORTS, HOST_DAYS, HOST_MONTHS)
"""Tables whose rows belong to one machine."""

TABLES = (HOSTS, *OWN, NOTICES)


def meter_of(table: MirrorTable) -> str:
    """The name of the meter whose table it is."""
    return table.name.partition("_")[0]


def creation(schema: str) -> Iterator[str]:
    """Statements that make a mirror, or complete one that lacks tables; they may be run any number of times.

    `schema` is a name that the settings' rule has accepted: lower-case letters, digits and underscores.
    """
    yield f"CREATE SCHEMA IF NOT EXISTS {schema}"
    for table in TABLES:
        yield table.statement(schema)
        yield from table.index_statements(schema)
