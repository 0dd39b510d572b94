"""What is asked of a mirror for several machines, as SQL; usage is added up by the server where it can."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from reports.ledger.shape import MeterSpec


@cache
def hosts(schema: str) -> str:
    """All machines, with the bytes of a day ($1, its number), of a month ($2, as 202611) and ever."""
    amounts = ", ".join(
        f"coalesce({part}.receive_bytes, 0) AS {part}_received, coalesce({part}.transmit_bytes, 0) AS {part}_sent"
        for part in ("today", "month", "ever")
    )
    return f"""
        SELECT h.host, h.name, h.system, h.version, h.zone, h.generation, h.posting, h.copying, h.sent_at, {amounts}
        FROM {schema}.host AS h
        LEFT JOIN {schema}.host_day AS today ON today.host = h.host AND today.day = $1::bigint
        LEFT JOIN {schema}.host_month AS month ON month.host = h.host AND month.month = $2::bigint
        LEFT JOIN {schema}.host_month AS ever ON ever.host = h.host AND ever.month = 0
        ORDER BY h.name, h.host
    """


@cache
def counted(schema: str) -> str:
    """The numbers of the interfaces that count of each machine ($1, an array), as one text."""
    return f"""
        SELECT host, string_agg(subject::text, ' ' ORDER BY subject) FROM {schema}.{INTERFACE.subjects}
        WHERE host = ANY($1::uuid[]) AND counted = 1 GROUP BY host
    """


@cache
def imported_stamp(schema: str) -> str:
    """What tells whether imported rows of each machine ($1, an array) are the same as before, as one text."""
    return f"""
        SELECT host, concat(count(*), ' ', sum(receive_bytes + transmit_bytes), ' ', sum(first_day), ' ',
                            sum(last_day), ' ', sum(subject))
        FROM {schema}.imported WHERE host = ANY($1::uuid[]) GROUP BY host
    """


@cache
def changed_times(spec: MeterSpec, grain: str, schema: str) -> str:
    """The times of rows of machines ($1), from a time on ($3), whose posting has a number ($2) or a higher one."""
    return f"""
        SELECT DISTINCT u.{grain}
        FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS c(host, posting, since)
        JOIN {schema}.{spec.table(grain)} AS u ON u.host = c.host AND u.{grain} >= c.since AND u.posting >= c.posting
        ORDER BY 1
    """


@cache
def usage(spec: MeterSpec, grain: str, schema: str) -> str:
    """Rows of machines ($1) at times ($2): the time, the dimensions, and the measures.

    Sketches only netledger can merge: their rows come as they are.
    """
    dimensions = tuple(f"k.{name}" for name in spec.dimensions)
    if spec.sketches:
        measures, group = [f"u.{name}" for name in spec.columns(grain)], ""
    else:
        measures = [f"sum(u.{name})::bigint" for name in spec.added(grain)]
        measures += [f"max(u.{name})" for name in spec.peaks]
        group = f"GROUP BY {', '.join(str(place + 1) for place in range(len(dimensions) + 1))}"
    return f"""
        SELECT {", ".join((f"u.{grain}", *dimensions, *measures))}
        FROM {schema}.{spec.table(grain)} AS u
        JOIN {schema}.{spec.subjects} AS k ON k.host = u.host AND k.subject = u.subject
        WHERE u.host = ANY($1::uuid[]) AND u.{grain} = ANY($2::bigint[]) {group}
    """


@cache
def machine_usage(grain: str, schema: str) -> str:
    """What machines moved at the times at which any row has changed: the time, the number of a machine, the measures.

    $1 to $4 are arrays of what has changed: host, its number, and the posting and the time from which on. $5 and $6 are
    all hosts with their numbers: several that share one are added up. All is 0 where no interface counts any more.
    """
    table, kept = f"{schema}.{INTERFACE.table(grain)}", "FILTER (WHERE k.counted = 1)"
    measures = [f"coalesce(sum(u.{name}) {kept}, 0)::bigint" for name in INTERFACE.added(grain)]
    measures += [f"coalesce(max(u.{name}) {kept}, 0)" for name in INTERFACE.peaks]
    return f"""
        WITH t AS (
          SELECT DISTINCT c.number, u.{grain} AS time
          FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[]) AS c(host, number, posting, since)
          JOIN {table} AS u ON u.host = c.host AND u.{grain} >= c.since AND u.posting >= c.posting
        )
        SELECT t.time, t.number, {", ".join(measures)}
        FROM t JOIN unnest($5::uuid[], $6::bigint[]) AS m(host, number) ON m.number = t.number
        JOIN {table} AS u ON u.host = m.host AND u.{grain} = t.time
        LEFT JOIN {schema}.{INTERFACE.subjects} AS k ON k.host = u.host AND k.subject = u.subject
        GROUP BY t.time, t.number ORDER BY t.time, t.number
    """


@cache
def imported(spec: MeterSpec, schema: str) -> str:
    """What machines ($1) imported of a meter's subjects: source, first and last day, the dimensions, the sums.

    Interfaces that count are added up, and have no dimensions.
    """
    dimensions = () if spec is INTERFACE else tuple(f"k.{name}" for name in spec.dimensions)
    sums = ", ".join(f"sum(i.{name})::bigint" for name in INTERFACE.sums)
    those = "AND k.counted = 1" if spec is INTERFACE else ""
    group = ", ".join(("i.source", "i.first_day", *dimensions))
    return f"""
        SELECT {", ".join(("i.source", "i.first_day", "max(i.last_day)", *dimensions))}, {sums}
        FROM {schema}.imported AS i
        JOIN {schema}.{spec.subjects} AS k ON k.host = i.host AND k.subject = i.subject
        WHERE i.host = ANY($1::uuid[]) {those} GROUP BY {group}
    """
