"""The dashboard of the mirror: its SQL, as Grafana sends it to a real PostgreSQL, adds up to what Python does."""

from __future__ import annotations

import copy
import re
import time
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from exporter.mirror.rights import groups_of, quoted, statements
from exporter.mirror.tables import creation
from grafana.kit.sql import EVERY_HOST, OTHER
from tests.grafana.dashboard_files import ROOT, Dashboard
from tests.grafana.fields import Frame, missing_columns
from tests.grafana.mirror_world import DAY, EPOCH, SCHEMA, MirrorWorld, mirror_world, month_of, sums
from tests.grafana.sql_macros import Choice, UnknownMacroError, expanded, filling
from tests.grafana.time_ranges import Range, range_of
from tests.worlds.server_process import ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.grafana.dashboard_files import Panel
    from tests.grafana.mirror_world import Machine, Moved
    from tests.worlds.postgresql import Database, PostgreSQL

DRAWN = 10
SLOW = 30
"""Seconds that an answer may take."""
WEEK = 7


@pytest.fixture(scope="module")
def world(postgresql: PostgreSQL) -> Iterator[MirrorWorld]:
    with postgresql.fresh_database() as database:
        yield mirror_world(database)


def panel(dashboard: Dashboard, title: str) -> Panel:
    return next(each for each in dashboard.panels if each.place.panel == title)


def choices(*hosts: str) -> dict[str, Choice]:
    """All machines without any."""
    host = Choice(hosts, is_multi=True) if hosts else Choice(raw=EVERY_HOST)
    return {"host": host, "schema": Choice([SCHEMA])}


def asked(dashboard: Dashboard, title: str, world: MirrorWorld, *hosts: str) -> list[dict[str, Any]]:
    """The rows of a panel's query for the dashboard's own range."""
    found = panel(dashboard, title)
    shown = range_of(dashboard, found, world.now)
    return world.ask(expanded(found.queries[0].expression, choices(*hosts), shown))


def steadily(world: MirrorWorld, ask: Callable[[], Any]) -> Any:
    """An answer during which no machine's day has changed, and a moment of that day."""
    for _ in range(3):
        before = [machine.day(time.time()) for machine in world.machines]
        answer = ask()
        if before == [machine.day(time.time()) for machine in world.machines]:
            return answer
    raise AssertionError("a day ends three times")


def of(machines: tuple[Machine, ...], rows: tuple[Moved, ...], key: Callable[[Machine], Any]) -> dict[str, int]:
    """Bytes of each machine in the rows that have its key."""
    wanted = {machine.host: key(machine) for machine in machines}
    return {row.host: row.total for row in rows if wanted.get(row.host) == row.key}


SOME = (slice(None), slice(0, 1), slice(0, 3))


@pytest.mark.parametrize("part", SOME, ids=["all", "one", "three"])
def test_totals_are_those_of_each_machines_own_day_month_and_year(
    part: slice, machines: Dashboard, world: MirrorWorld
) -> None:
    chosen = world.machines[part]
    hosts = [] if part == slice(None) else [machine.host for machine in chosen]

    def figures() -> tuple[dict[str, int], float]:
        titles = ("Machines", "Silent for a week", "Today", "This month", "This year", "Ever")
        found = {title: next(iter(asked(machines, title, world, *hosts)[0].values())) for title in titles}
        return found, time.time()

    told, moment = steadily(world, figures)

    month = of(chosen, world.months, lambda machine: month_of(machine.day(moment)))
    assert told == {
        "Machines": len(chosen),
        "Silent for a week": sum(moment - machine.sent_at > WEEK * DAY for machine in chosen),
        "Today": sum(of(chosen, world.days, lambda machine: machine.day(moment)).values()),
        "This month": sum(month.values()),
        "This year": sum(
            row.total
            for machine in chosen
            for row in world.months
            if row.host == machine.host and row.key // 100 == month_of(machine.day(moment)) // 100
        ),
        "Ever": sum(of(chosen, world.months, lambda _: 0).values()),
    }


def test_each_machine_has_its_row_the_busiest_of_the_month_first(machines: Dashboard, world: MirrorWorld) -> None:
    rows, moment = steadily(world, lambda: (asked(machines, "Each machine", world), time.time()))

    today = of(world.machines, world.days, lambda machine: machine.day(moment))
    month = of(world.machines, world.months, lambda machine: month_of(machine.day(moment)))
    ever = of(world.machines, world.months, lambda _: 0)
    newest = {row.host: row.key + 900 for row in world.slots}
    expected = [
        {
            "machine": machine.label,
            "last seen": machine.sent_at * 1000,
            "behind": pytest.approx(moment - min(machine.sent_at, newest.get(machine.host, moment)), abs=SLOW),
            "today": today[machine.host],
            "this month": month[machine.host],
            "ever": ever[machine.host],
            "share": pytest.approx(month[machine.host] / sum(month.values())),
            "system": "linux",
            "version": "",
            "zone": machine.zone,
        }
        for machine in sorted(world.machines, key=lambda machine: -month[machine.host])
    ]
    assert rows == expected
    assert sum(row["share"] for row in rows) == pytest.approx(1)


def test_a_machine_that_sends_the_oldest_first_is_behind(machines: Dashboard, world: MirrorWorld) -> None:
    behind = world.machines[1]
    older = [row.key for row in world.slots if row.host == behind.host][-20]
    cut = f"DELETE FROM {SCHEMA}.interface_slot WHERE host = '{behind.host}' AND slot > {older}"  # noqa: S608 - our own text
    found = panel(machines, "Each machine").queries[0].expression
    sql = expanded(found, choices(behind.host), range_of(machines, None, world.now))

    answer = world.database.execute("BEGIN", cut, _behind(sql), "ROLLBACK")

    assert float(answer) == pytest.approx(time.time() - older - 900, abs=SLOW)


@pytest.mark.parametrize("days", [1, 7, 60])
def test_speeds_are_averages_of_the_counted_interfaces(days: int, machines: Dashboard, world: MirrorWorld) -> None:
    found = panel(machines, "Traffic by machine")
    shown = _last(found, world, days)
    sql = found.queries[0].expression

    rows = world.ask(expanded(sql, choices(), shown))

    drawn = _busiest(world, shown)
    expected: dict[tuple[str, int], float] = defaultdict(float)
    for row in world.slots:
        if row.host in drawn and shown.start - shown.start % shown.step <= row.key <= shown.end:
            expected[drawn[row.host], int(row.key // shown.step * shown.step)] += row.total * 8 / shown.step
    assert {(row["metric"], int(row["time"])): row["value"] for row in rows} == pytest.approx(expected)
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
    assert rows[0].keys() == {"time", "metric", "value"}, "a third column that is no metric becomes a label"
    assert filling(sql), "a machine that is off is 0, or the others would be stacked on a hole"


def test_days_are_drawn_by_machine_and_all_others_together(machines: Dashboard, world: MirrorWorld) -> None:
    rows = asked(machines, "Days by machine", world)

    shown = range_of(machines, panel(machines, "Days by machine"), world.now)
    drawn = _busiest(world, shown)
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for row in world.days:
        if shown.start // DAY <= row.key <= shown.end // DAY:
            day = (EPOCH + timedelta(days=row.key)).isoformat()
            expected[day, drawn.get(row.host, OTHER)] += row.total
    assert {(row["day"], row["machine"]): row["Value"] for row in rows} == expected
    assert len(drawn) == DRAWN
    assert [row["day"] for row in rows] == sorted(row["day"] for row in rows)


def test_months_are_drawn_whatever_the_range_is(machines: Dashboard, world: MirrorWorld) -> None:
    rows = asked(machines, "Months by machine", world)

    months = [row for row in world.months if row.key]
    labels = {machine.host: machine.label for machine in world.machines}
    drawn = list(sums(months))[:DRAWN]
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for row in months:
        name = labels[row.host] if row.host in drawn else OTHER
        expected[f"{row.key // 100}-{row.key % 100:02}", name] += row.total
    assert {(row["month"], row["machine"]): row["Value"] for row in rows} == expected


def test_applications_of_one_name_are_added_up_over_the_machines(machines: Dashboard, world: MirrorWorld) -> None:
    rows = asked(machines, "Applications of all machines", world)

    shown = range_of(machines, None, world.now)
    moved: dict[str, list[Moved]] = defaultdict(list)
    for row in world.applications:
        if row.key[0] != "postgres" and shown.start // DAY <= row.key[1] <= shown.end // DAY:
            moved[row.key[0]].append(row)
    everything = sum(row.total for each in moved.values() for row in each)
    expected = [
        {
            "application": name,
            "machines": len({row.host for row in each}),
            "received": sum(row.receive for row in each),
            "transmitted": sum(row.transmit for row in each),
            "total": sum(row.total for row in each),
            "share": pytest.approx(sum(row.total for row in each) / everything),
        }
        for name, each in sorted(moved.items(), key=lambda item: -sum(row.total for row in item[1]))
    ]
    assert rows == expected
    assert len(rows) == 2, "loopback is in no sum"


def test_machines_are_offered_by_names_that_differ(machines: Dashboard, world: MirrorWorld) -> None:
    variable = machines.variable("host")
    assert variable is not None

    offered = world.ask(expanded(variable.query, choices(), range_of(machines, None, world.now)))

    assert {row["__text"]: row["__value"] for row in offered} == {each.label: each.host for each in world.machines}
    assert len(offered) == len(world.machines)


def test_the_schemas_that_have_a_mirror_are_offered(machines: Dashboard, world: MirrorWorld) -> None:
    variable = machines.variable("schema")
    assert variable is not None
    world.database.execute("CREATE SCHEMA other_tables", "CREATE TABLE other_tables.host (host uuid)")

    offered = world.ask(variable.query)

    assert offered == [{"table_schema": SCHEMA}]


@pytest.mark.parametrize("part", SOME, ids=["all", "one", "three"])
def test_every_panel_has_rows_and_the_fields_that_it_names(
    part: slice, machines: Dashboard, world: MirrorWorld
) -> None:
    hosts = [] if part == slice(None) else [machine.host for machine in world.machines[part]]
    empty: list[str] = []
    missing: list[str] = []

    for found in machines.panels:
        rows = asked(machines, found.place.panel, world, *hosts)
        if not rows or all(value is None for row in rows for value in row.values()):
            empty.append(str(found.place))
        elif found.type == "table":
            missing.extend(missing_columns(found, [Frame(frozenset(rows[0]))]))

    assert not empty
    assert not missing


def test_an_empty_mirror_has_an_answer_to_everything(machines: Dashboard, database_of_each: Database) -> None:
    database_of_each.execute(*creation(SCHEMA))
    shown = range_of(machines, None, time.time())

    answers = [
        database_of_each.execute(expanded(query.expression, choices(), shown)) for query in machines.panel_queries
    ]

    assert len(answers) == len(machines.panels)
    assert set(answers) <= {"", "0"}


def test_the_documented_login_of_grafana_reads_all_and_changes_nothing(machines: Dashboard, world: MirrorWorld) -> None:
    database, groups = world.database, groups_of(SCHEMA, world.database.name)
    database.execute(*(f"CREATE ROLE {quoted(group)}" for group in groups), *statements(SCHEMA, groups))
    (documented,) = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "fleet.md").read_text(encoding="utf-8"), re.DOTALL)
    login = f"grafana_{database.name}"
    database.execute(documented.replace('"netledger.fleet.reader"', quoted(groups.reader)).replace("grafana", login))

    for query in machines.panel_queries:
        sql = expanded(query.expression, choices(), range_of(machines, None, world.now))
        read, owned = (database.execute(sql, user=user).splitlines() for user in (login, "owner"))
        assert len(read) == len(owned)
        assert read == owned or query.place.panel == "Each machine", "which has the age of its rows"
    for denied in (f"TRUNCATE {SCHEMA}.host_day", f"DROP TABLE {SCHEMA}.host", f"CREATE TABLE {SCHEMA}.mine ()"):
        with pytest.raises(ServerError, match=r"permission denied|must be owner"):
            database.execute(denied, user=login)


def test_without_groups_a_login_may_read_the_tables_as_documented(machines: Dashboard, postgresql: PostgreSQL) -> None:
    with postgresql.fresh_database() as database:
        login = f"grafana_{database.name}"
        database.execute(*creation(SCHEMA), f"CREATE ROLE {login} LOGIN")
        (documented,) = re.findall(r"`(GRANT USAGE [^`]+)`", (ROOT / "docs" / "fleet.md").read_text(encoding="utf-8"))
        database.execute(documented.replace("grafana", login))

        shown = range_of(machines, None, time.time())
        for query in machines.panel_queries:
            database.execute(expanded(query.expression, choices(), shown), user=login)


@pytest.mark.parametrize(
    ("sql", "becomes"),
    [
        ("$__unixEpochFilter(slot)", "slot >= 100000 AND slot <= 186400"),
        ("$__unixEpochFrom() + $__unixEpochTo()", "100000 + 186400"),
        ("$__unixEpochGroup(slot, '5m')", "floor((slot)/300)*300"),
        ("$__unixEpochGroupAlias(slot+1, $__interval, 0)", 'floor((slot+1)/900)*900 AS "time"'),
        ("$__timeGroup(at,'1h')", "floor(extract(epoch from at)/3600)*3600"),
        ("$__timeFilter(at)", "at BETWEEN '1970-01-02T03:46:40Z' AND '1970-01-03T03:46:40Z'"),
        ("$__interval_ms", "900000"),
        ("IN (${host:sqlstring})", "IN ('o''brien','b')"),
        ("IN ($host)", "IN ('o''brien','b')"),
        ('"${schema}".host', '"netledger".host'),
        ("$unknown", "$unknown"),
    ],
)
def test_a_macro_becomes_what_grafana_documents(sql: str, becomes: str) -> None:
    chosen = {"host": Choice(["o'brien", "b"], is_multi=True), "schema": Choice(["netledger"])}

    assert expanded(sql, chosen, Range(100_000, 186_400, 900)) == becomes


@pytest.mark.parametrize("sql", ["$__unixEpochGrup(slot, 5m)", "$__timeGroup(at)", "$__unixEpochGroup(a, five)"])
def test_a_macro_that_is_none_is_refused(sql: str) -> None:
    with pytest.raises(UnknownMacroError):
        expanded(sql, {}, Range(100_000, 186_400, 900))


def test_a_name_of_all_machines_is_no_text(machines: Dashboard) -> None:
    """Grafana puts a custom All in as it is: within quotes it would be no machine."""
    sql = panel(machines, "Machines").queries[0].expression

    assert "host IN (host)" in expanded(sql, choices(), range_of(machines, None, time.time()))


def _behind(sql: str) -> str:
    return f"SELECT behind FROM ({sql}) AS answer"  # noqa: S608 - our own text


def _last(found: Panel, world: MirrorWorld, days: int) -> Range:
    raw = copy.deepcopy(dict(found.raw))
    board = Dashboard({"time": {"from": f"now-{days}d", "to": "now"}, "panels": [raw]})
    return range_of(board, found, world.now)


def _busiest(world: MirrorWorld, shown: Range) -> dict[str, str]:
    """Labels of the machines that moved most on the days of a range."""
    days = [row for row in world.days if shown.start // DAY <= row.key <= shown.end // DAY]
    labels = {machine.host: machine.label for machine in world.machines}
    return {host: labels[host] for host in list(sums(days))[:DRAWN]}
