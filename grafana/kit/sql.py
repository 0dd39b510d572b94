"""SQL and its targets: every query begins with the chosen machines of the chosen mirror.

What Grafana replaces: https://grafana.com/docs/grafana/latest/datasources/postgres/query-editor/#macros. A macro's
arguments end at the first ")", and a comment in a query is taken out by some versions only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef

if TYPE_CHECKING:
    from collections.abc import Mapping

PLUGIN = "grafana-postgresql-datasource"
DATABASE = DataSourceRef(type_val=PLUGIN, uid="${database}")

EVERY_HOST = "host"
"""Stands in `host IN (...)` where all machines are chosen: true for each, and short also for ten thousand."""
OTHER = "(other)"
"""The name of all machines beyond those that are drawn."""

NAMED = """SELECT host, system, version, zone, sent_at, CASE
    WHEN name = '' THEN left(host::text, 8)
    WHEN count(*) OVER (PARTITION BY name) > 1 THEN name || ' ' || left(host::text, 8)
    ELSE name END AS machine
  FROM "${schema}".host"""
"""Machines under names that differ: those of one name have the first digits of their ids behind it."""

CHOSEN = f"""WITH named AS (
  {NAMED}
), chosen AS (
  SELECT * FROM named WHERE host IN (${{host:sqlstring}})
)"""
"""The chosen machines."""

TODAY = "clock::date - DATE '1970-01-01'"
"""The number of each machine's own day."""
THIS_MONTH = "to_char(clock, 'YYYYMM')::bigint"
THIS_YEAR = "to_char(clock, 'YYYY')::bigint"
BOTH = "receive_bytes + transmit_bytes"
IN_RANGE = "day BETWEEN $__unixEpochFrom() / 86400 AND $__unixEpochTo() / 86400"
"""Days that the dashboard's range has a part of."""


class Part(NamedTuple):
    """A query's own part WITH, behind the chosen machines."""

    name: str
    sql: str


# A zone that the server does not know, since its tzdata is older than the machine's, would fail the whole query.
LOCAL = Part(
    "local",
    """SELECT *, CASE
    WHEN zone IN (SELECT name FROM pg_timezone_names) THEN now() AT TIME ZONE zone
    ELSE now() AT TIME ZONE 'UTC' END AS clock
  FROM chosen""",
)
"""The chosen machines; `clock` is the time in each one's zone."""


class Query(Dataquery):
    """What the PostgreSQL data source saves of a query that is written as SQL."""

    def __init__(self, sql: str, shape: str, ref: str) -> None:
        self._sql, self._shape, self._ref = sql, shape, ref

    def to_json(self) -> Mapping[str, object]:
        """The query as Grafana reads it."""
        return {
            "datasource": DATABASE,
            "editorMode": "code",
            "format": self._shape,
            "rawQuery": True,
            "rawSql": self._sql,
            "refId": self._ref,
        }


class Target(Builder[Dataquery]):
    """A target of SQL, ready made."""

    def __init__(self, sql: str, shape: str, ref: str) -> None:
        self._query = Query(sql, shape, ref)

    def build(self) -> Query:
        """The query."""
        return self._query


def rows(sql: str, *parts: Part, ref: str = "A") -> Target:
    """A target of rows as they come."""
    return Target(_whole(sql, parts), "table", ref)


def series(sql: str, *parts: Part, ref: str = "A") -> Target:
    """A target of lines: columns time (UTC seconds, ascending), metric (the line's name) and value."""
    return Target(_whole(sql, parts), "time_series", ref)


def table(name: str) -> str:
    """A table of the mirror."""
    return f'"${{schema}}".{name}'


def busiest(most: int, name: str, where: str) -> Part:
    """The chosen machines that moved most by the rows of a table."""
    sql = f"""SELECT host, machine FROM chosen JOIN {table(name)} USING (host)
  WHERE {where}
  GROUP BY host, machine ORDER BY sum({BOTH}) DESC, machine LIMIT {most}"""
    return Part("busiest", sql)


def _whole(sql: str, parts: tuple[Part, ...]) -> str:
    further = "".join(f", {part.name} AS (\n  {part.sql}\n)" for part in parts)
    return f"{CHOSEN}{further}\n{sql}"
