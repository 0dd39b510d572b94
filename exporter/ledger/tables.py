"""The tables and views of a meter, made from its spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.ledger.shape import MeterSpec


def tables_of(spec: MeterSpec) -> dict[str, str]:
    """Statements that create a meter's tables, by their names."""
    usage = {spec.table(grain): _usage(spec, grain) for grain in spec.grains}
    return {spec.subjects: _subjects(spec), **usage, spec.movable: _movable(spec)}


def views_of(spec: MeterSpec) -> dict[str, str]:
    """Statements that create a meter's views, by their names: usage with the dimensions and facts of its subject."""
    return {**{spec.view(grain): _by_grain(spec, grain) for grain in spec.grains}, spec.view("month"): _by_month(spec)}


def merged(spec: MeterSpec, grain: str) -> list[str]:
    """SQL that merges rows of a grain into one: an aggregate for each of its columns."""
    added = (f"sum({name})" for name in spec.added(grain))
    return [*added, *(f"max({name})" for name in spec.peaks), *(f"sketch_sum({name})" for name in spec.sketches)]


def _subjects(spec: MeterSpec) -> str:
    dimensions = "".join(f", {name} TEXT NOT NULL" for name in spec.dimensions)
    return f"""CREATE TABLE {spec.subjects} (
  subject INTEGER PRIMARY KEY REFERENCES subject (id){dimensions}{_numbers(spec.facts)},
  UNIQUE ({", ".join(spec.dimensions)})
) STRICT"""


def _usage(spec: MeterSpec, grain: str) -> str:
    return f"""CREATE TABLE {spec.table(grain)} (
  {grain} INTEGER NOT NULL, subject INTEGER NOT NULL REFERENCES subject (id){_measures(spec, grain)},
  posting INTEGER NOT NULL DEFAULT 0, PRIMARY KEY ({grain}, subject)
) STRICT, WITHOUT ROWID"""


def _movable(spec: MeterSpec) -> str:
    return f"""CREATE TABLE {spec.movable} (
  grain TEXT NOT NULL, subject INTEGER NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL,
  back INTEGER NOT NULL DEFAULT 0, is_moved INTEGER NOT NULL DEFAULT 1{_measures(spec, "slot")}
) STRICT"""


def _by_grain(spec: MeterSpec, grain: str) -> str:
    time = f"u.{grain} AS started, datetime(u.{grain}, 'unixepoch') AS started_utc"
    if grain == "day":
        time = "u.day, date(u.day * 86400, 'unixepoch') AS date"
    return f"""CREATE VIEW {spec.view(grain)} AS
  SELECT {time}{_listed("k", (*spec.dimensions, *spec.facts))}{_listed("u", spec.columns(grain))}
  FROM {spec.table(grain)} AS u JOIN {spec.subjects} AS k ON k.subject = u.subject"""  # noqa: S608 - names of the spec


def _by_month(spec: MeterSpec) -> str:
    """Without sketches: only netledger's own connections can merge those, and any program may read this view."""
    columns = [name for name in spec.columns("day") if name not in spec.sketches]
    totals = "".join(f", {total} AS {name}" for name, total in zip(columns, merged(spec, "day"), strict=False))
    return f"""CREATE VIEW {spec.view("month")} AS
  SELECT strftime('%Y-%m', u.day * 86400, 'unixepoch') AS month{_listed("k", (*spec.dimensions, *spec.facts))}{totals},
         count(*) AS days
  FROM {spec.table("day")} AS u JOIN {spec.subjects} AS k ON k.subject = u.subject
  GROUP BY month, u.subject"""  # noqa: S608 - names of the spec


def _measures(spec: MeterSpec, grain: str) -> str:
    sketches = "".join(f", {name} BLOB NOT NULL DEFAULT x''" for name in spec.sketches)
    return _numbers((*spec.added(grain), *spec.peaks)) + sketches


def _listed(alias: str, names: Iterable[str]) -> str:
    return "".join(f", {alias}.{name}" for name in names)


def _numbers(names: Iterable[str]) -> str:
    return "".join(f", {name} INTEGER NOT NULL DEFAULT 0" for name in names)
