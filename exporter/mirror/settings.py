"""The section `mirror` of the settings."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

from exporter.settings import rules
from exporter.settings.schema import Section

if TYPE_CHECKING:
    from types import ModuleType

MOST_DAYS = 36_500
SCHEMA_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")
SQL_WORDS = """
all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
returning right select session_user similar some symmetric system_user table tablesample then to trailing true union
unique user using variadic verbose when where window with information_schema
"""
"""Names that PostgreSQL 13 to 18 take for a schema in quotes only, and the one that they have themselves."""
DAYS = re.compile(r"days (\d{1,5})", re.ASCII)
ALL = "all"


def _read_url(raw: object) -> str:
    """No error holds a part of the address: a password is one."""
    text, address = rules.one_text(raw), _address_module()
    try:
        address.parse_address(text)
    except address.AddressError as error:
        raise rules.RuleError(str(error)) from None
    return text


def _masked(url: str) -> str:
    return str(_address_module().masked(url))


def _address_module() -> ModuleType:
    """Loaded where there is an address: without one no command pays for its parser."""
    return import_module("exporter.mirror.address")


def _read_schema(raw: object) -> str:
    text = _read_schema_name(raw)
    if text in SQL_WORDS.split():
        raise rules.RuleError(f"{text!r} is a word of SQL")
    return text


def _read_history(raw: object) -> int:
    text = rules.one_text(raw)
    found = DAYS.fullmatch(text)
    if found and 1 <= int(found[1]) <= MOST_DAYS:
        return int(found[1])
    if text != ALL:
        raise rules.RuleError(f"{rules.clipped(text)} is unknown")
    return 0


_read_schema_name = rules.matching(SCHEMA_NAME, "is no such name")
URL = rules.Rule(
    "an address such as postgresql://user:password@host:5432/database?sslmode=verify-full", _read_url, _masked
)
SCHEMA = rules.Rule(
    "a name of up to 63 small letters, digits and _, which begins neither with a digit nor pg_ and is no word of SQL",
    _read_schema,
)
HISTORY = rules.Rule(
    f"all, or days N with N from 1 to {MOST_DAYS}", _read_history, lambda days: f"days {days}" if days else ALL
)


class Mirror(Section, frozen=True):
    """The copy of the ledger in PostgreSQL, where several machines have theirs; off without an address."""

    url: Annotated[
        str | None, rules.optional(URL), "Address of the server; NEON_DB_URL counts where nothing else sets it."
    ] = None
    interval: Annotated[float, rules.seconds("10s", "1d"), "Time between two copies."] = 60.0
    name: Annotated[str | None, rules.optional(rules.TEXT), "Name of this machine there; by default its host name."] = (
        None
    )
    schema: Annotated[str, SCHEMA, "Schema of the tables."] = "netledger"
    history: Annotated[int, HISTORY, "How far back quarter hours are copied (0: all); days are copied always."] = 0

    def __repr__(self) -> str:
        shown = _masked(self.url) if self.url else None
        return (
            f"Mirror(url={shown!r}, interval={self.interval}, name={self.name!r}, schema={self.schema!r}, "
            f"history={self.history})"
        )
