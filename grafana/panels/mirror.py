"""Of the mirror: machines that Prometheus cannot scrape, what each moved, and what their applications did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.models import common as c

from grafana.kit.cells import portion
from grafana.kit.colours import BAD, GOOD, SOON, always, steps
from grafana.kit.panels import Frame, bars, grid, number, ranking, trend
from grafana.kit.shapes import matrix, option
from grafana.kit.sql import BOTH, IN_RANGE, LOCAL, OTHER, THIS_MONTH, THIS_YEAR, TODAY, busiest, rows, series, table

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.barchart import Panel as Bars
    from grafana_foundation_sdk.builders.stat import Panel as Number
    from grafana_foundation_sdk.builders.table import Panel as Table
    from grafana_foundation_sdk.builders.timeseries import Panel as Trend

    from grafana.kit.sql import Part

MOST_DRAWN = 10
"""Machines with a colour of their own."""
MOST_ROWS, MOST_APPLICATIONS = 1_000, 100
MONTHS = 24
QUARTER_HOUR = "15m"
SILENT_DAYS = 7
NO_MIRROR = "no machine"
NO_SLOTS = "no quarter hours"
NO_METER = "no applications"
LABEL_WIDTH = 60
"""Pixels that a day or a month needs."""


def machines(frame: Frame) -> Number:
    """How many machines are in the mirror."""
    panel = number(frame, "locale", rows("SELECT count(*) AS machines FROM chosen"))
    return panel.color_scheme(always("text")).no_value(NO_MIRROR)


def silent(frame: Frame) -> Number:
    """How many of them have sent nothing for a week."""
    late = f"sent_at < extract(epoch FROM now()) - {SILENT_DAYS} * 86400"
    panel = number(frame, "locale", rows(f"SELECT count(*) FILTER (WHERE {late}) AS silent FROM chosen"))
    return panel.thresholds(steps(GOOD, (1, SOON))).no_value(NO_MIRROR)


def today(frame: Frame) -> Number:
    """Bytes of each machine's own day."""
    return _total(frame, f"local JOIN {table('host_day')} USING (host) WHERE day = {TODAY}", LOCAL)


def month(frame: Frame) -> Number:
    """Bytes of each machine's own month."""
    return _total(frame, f"local JOIN {table('host_month')} USING (host) WHERE month = {THIS_MONTH}", LOCAL)


def year(frame: Frame) -> Number:
    """Bytes of each machine's own year."""
    return _total(frame, f"local JOIN {table('host_month')} USING (host) WHERE month / 100 = {THIS_YEAR}", LOCAL)


def ever(frame: Frame) -> Number:
    """Bytes of all that the machines' ledgers hold."""
    return _total(frame, f"chosen JOIN {table('host_month')} USING (host) WHERE month = 0")


def each(frame: Frame) -> Table:
    """A row a machine, the busiest of the month first."""
    newest = f"(SELECT max(slot) + 900 FROM {table('interface_slot')} AS s WHERE s.host = local.host)"
    moved = {"today": "d", "this month": "m", "ever": "e"}
    columns = ", ".join(f'{name}.receive_bytes + {name}.transmit_bytes AS "{title}"' for title, name in moved.items())
    share = "(m.receive_bytes + m.transmit_bytes) / nullif(sum(m.receive_bytes + m.transmit_bytes) OVER (), 0)"
    sql = f"""SELECT machine, sent_at * 1000 AS "last seen",
  greatest(0, extract(epoch FROM now()) - least(sent_at, {newest}))::bigint AS behind,
  {columns},
  {share} AS share, system, version, zone
FROM local
LEFT JOIN {table("host_day")} AS d ON d.host = local.host AND d.day = {TODAY}
LEFT JOIN {table("host_month")} AS m ON m.host = local.host AND m.month = {THIS_MONTH}
LEFT JOIN {table("host_month")} AS e ON e.host = local.host AND e.month = 0
ORDER BY "this month" DESC NULLS LAST, machine LIMIT {MOST_ROWS}"""
    late = steps(GOOD, (86_400, SOON), (SILENT_DAYS * 86_400, BAD)).build()
    return (
        grid(frame, rows(sql, LOCAL))
        .no_value(NO_MIRROR)
        .unit("decbytes")
        .decimals(1)
        .override_by_name("last seen", [option("unit", "dateTimeFromNow"), option("custom.align", "left")])
        .override_by_name(
            "behind",
            [
                option("unit", "dtdurations"),
                option("decimals", 0),
                option("thresholds", late),
                option("custom.cellOptions", {"type": "color-text"}),
            ],
        )
        .override_by_name("machine", [option("custom.minWidth", 140)])
        .override_by_name("share", [*portion(), option("custom.minWidth", 120)])
    )


def speeds(frame: Frame) -> Trend:
    """Bits per second of the busiest machines on top of each other, by quarter hours."""
    start = "$__unixEpochFrom() - mod($__unixEpochFrom(), $__interval_ms / 1000)"
    sql = f"""SELECT $__unixEpochGroupAlias(slot, $__interval, 0), machine AS metric,
  sum({BOTH}) * 8000.0 / $__interval_ms AS value
FROM busiest JOIN {table("interface_slot")} USING (host) JOIN {table("interface_subject")} USING (host, subject)
WHERE counted = 1 AND slot BETWEEN {start} AND $__unixEpochTo()
GROUP BY 1, machine ORDER BY 1, machine"""
    together = common.StackingConfig().mode(c.StackingMode.NORMAL)
    panel = trend(frame, "bps", series(sql, busiest(MOST_DRAWN, "host_day", IN_RANGE))).interval(QUARTER_HOUR)
    shown = ranking("mean", placement=c.LegendPlacement.RIGHT)
    return panel.stacking(together).fill_opacity(50).line_width(0).min(0).legend(shown).no_value(NO_SLOTS)


def days(frame: Frame) -> Bars:
    """A bar a day, the busiest machines and all others on top of each other.

    In the order of their names, as lines are, so that a machine has one colour in all panels while there are few.
    """
    name = "to_char(DATE '1970-01-01' + day::integer, 'YYYY-MM-DD')"
    return _by_machine(frame, "day", name, IN_RANGE)


def months(frame: Frame) -> Bars:
    """A bar a month, the last two years, the same."""
    first = f"month >= to_char(now() - interval '{MONTHS - 1} months', 'YYYYMM')::bigint"
    return _by_machine(frame, "month", "month / 100 || '-' || lpad((month % 100)::text, 2, '0')", first)


def applications(frame: Frame) -> Table:
    """What applications moved in the range, those of one name on all machines together."""
    received, transmitted = (f"sum({way}_bytes - tunnel_{way}_bytes)" for way in ("receive", "transmit"))
    sql = f"""SELECT application, count(DISTINCT host) AS machines,
  {received} AS received, {transmitted} AS transmitted, {received} + {transmitted} AS total,
  ({received} + {transmitted}) / nullif(sum({received} + {transmitted}) OVER (), 0) AS share
FROM chosen JOIN {table("application_day")} USING (host) JOIN {table("application_subject")} USING (host, subject)
WHERE scope <> 'loopback' AND {IN_RANGE}
GROUP BY application ORDER BY total DESC, application LIMIT {MOST_APPLICATIONS}"""
    return (
        grid(frame, rows(sql))
        .no_value(NO_METER)
        .unit("decbytes")
        .decimals(1)
        .override_by_name("application", [option("custom.minWidth", 160)])
        .override_by_name("machines", [option("unit", "locale"), option("decimals", 0)])
        .override_by_name("share", [*portion(), option("custom.minWidth", 120)])
    )


def _total(frame: Frame, what: str, *parts: Part) -> Number:
    panel = number(frame, "decbytes", rows(f'SELECT sum({BOTH}) AS "{frame.title}" FROM {what}', *parts))
    return panel.color_scheme(always("text")).decimals(1)


def _by_machine(frame: Frame, grain: str, label: str, where: str) -> Bars:
    drawn = busiest(MOST_DRAWN, f"host_{grain}", where)
    sql = f"""SELECT {label} AS {grain}, coalesce(busiest.machine, '{OTHER}') AS machine, sum({BOTH}) AS "Value"
FROM chosen JOIN {table(f"host_{grain}")} AS moved USING (host) LEFT JOIN busiest USING (host)
WHERE {where}
GROUP BY moved.{grain}, 2 ORDER BY moved.{grain}, bool_or(busiest.machine IS NULL), 2"""
    return (
        bars(frame, "decbytes", grain, rows(sql, drawn))
        .transformations(matrix("machine", grain, order=grain))
        .x_tick_label_spacing(LABEL_WIDTH)
    )
