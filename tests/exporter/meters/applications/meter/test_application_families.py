"""What /metrics shows of applications."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from exporter.metering.counters.readings import Counts
from exporter.metering.period_sums import PeriodRow, PeriodSums
from exporter.metering.snapshots import MeterHealth, MeterView, Snapshot
from exporter.meters.applications.kind import tables
from exporter.meters.applications.state import ApplicationsState, ApplicationUsage
from exporter.meters.applications.traffic import KERNEL, OVERFLOW, Backend
from exporter.metrics.exposition import Exposition
from exporter.metrics.families.registry import Families
from exporter.metrics.tables import Table
from exporter.settings.tree import Settings
from reports.ledger.shape import INTERNET, LAN
from tests.fixtures.metrics_states import HEALTHY, interface, snapshot, state, totals

if TYPE_CHECKING:
    from exporter.metrics.state import MetricsState
    from tests.conftest import Golden

BACKEND = Backend("sock_diag", "ebpf: CAP_BPF is missing", ("UDP and QUIC are not seen",))
USAGE = (
    ApplicationUsage("firefox", INTERNET, "tcp", (68_719_476_736, 4_294_967_296, 51_234_567, 9_876_543, 0, 0)),
    ApplicationUsage("firefox", LAN, "udp", (1, 2, 3, 4, 0, 0)),
    ApplicationUsage('a"b\\c 🦆', "office", "tcp", (5, 0, 1, 0, 0, 0)),
    ApplicationUsage(OVERFLOW, INTERNET, "udp", (70, 7, 1, 1, 0, 0)),
    ApplicationUsage(KERNEL, INTERNET, "icmp", (8, 9, 1, 1, 0, 0)),
)
SHOWN = ApplicationsState(BACKEND, USAGE, (), {INTERNET: (900, 100), LAN: (100, 0)}, 3, 0.0015)


def shown(
    applications: ApplicationsState = SHOWN, *, health: MeterHealth = HEALTHY, machine: tuple[int, int] = (5000, 500)
) -> Snapshot:
    found = snapshot([interface("eth0", counted=True, lifetime=Counts(*machine))])
    return found._replace(meters={**found.meters, "application": MeterView(applications, health)})


def scraped(*states: MetricsState) -> str:
    """The last page of one service, of applications alone."""
    exposition = Exposition(Families(tuple(tables(Settings())), ()))
    pages = [exposition.render(each).body.decode() for each in states]
    return pages[-1]


def lines(page: str) -> list[str]:
    return [line for line in page.splitlines() if not line.startswith("#")]


def test_the_page_is_the_promised_one(golden: Golden) -> None:
    held = totals()
    held.sums.load(date(2026, 11, 22), [PeriodRow("application", "firefox", (1, 2, 30, 40, 500, 600, 7000, 8000))])

    golden("applications/metrics.txt", scraped(state(shown(), totals_held=held)))


def test_while_the_meter_fails_or_none_works_it_is_described_and_nothing_else() -> None:
    failing = MeterHealth(is_up=False, read_seconds=0.1, error="gone")
    none = SHOWN._replace(backend=Backend("none", "applications.meter is off"))

    assert lines(scraped(state(shown(health=failing)))) == [
        'netledger_application_meter_info{backend="sock_diag",reason="ebpf: CAP_BPF is missing"} 1.0'
    ]
    assert lines(scraped(state(shown(none)))) == [
        'netledger_application_meter_info{backend="none",reason="applications.meter is off"} 1.0'
    ]


def test_a_service_without_the_meter_has_no_family_of_it() -> None:
    assert scraped(state(snapshot([interface("eth0", counted=True)]))) == ""


def unattributed(*moments: tuple[tuple[int, int], tuple[int, int]]) -> list[str]:
    """Of these moments: what interfaces and what applications have moved."""
    states = [
        state(shown(SHOWN._replace(counted_by_scope={INTERNET: counted}), machine=machine))
        for machine, counted in moments
    ]
    return [line.split()[-1] for line in lines(scraped(*states)) if "unattributed" in line]


def test_unattributed_is_what_interfaces_moved_and_no_application_and_never_falls() -> None:
    assert unattributed(((5000, 500), (10, 1))) == ["0.0", "0.0"]
    assert unattributed(((5000, 500), (10, 1)), ((5100, 500), (60, 1))) == ["50.0", "0.0"]
    assert unattributed(((5000, 0), (10, 0)), ((5100, 0), (10, 0)), ((5100, 0), (40, 0))) == ["100.0", "0.0"]
    assert unattributed(((5000, 0), (0, 0)), ((5000, 0), (70, 0)), ((5100, 0), (70, 0))) == ["30.0", "0.0"]


def test_a_counter_of_the_machine_that_begins_again_takes_nothing_from_unattributed() -> None:
    assert unattributed(((5000, 0), (0, 0)), ((5100, 0), (0, 0)), ((3, 0), (0, 0)), ((8, 0), (0, 0))) == [
        "105.0",
        "0.0",
    ]


def test_every_family_has_a_help_that_is_a_sentence() -> None:
    columns = [column for table in tables(Settings()) if isinstance(table, Table) for column in table.columns]

    assert all(column.help[0].isupper() and column.help.endswith(".") for column in columns)


WEDNESDAY = date(2025, 12, 31)
THURSDAY, FRIDAY, MONDAY = date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 5)
KEY = ("application", "a")


def test_sums_of_periods_begin_anew_with_their_period_and_weeks_go_over_the_year() -> None:
    sums = PeriodSums()
    sums.add(KEY, WEDNESDAY, 1, 10)
    assert sums.to_date(KEY, WEDNESDAY) == ((1, 10),) * 4
    assert sums.to_date(KEY, THURSDAY) == ((0, 0), (1, 10), (0, 0), (0, 0))

    sums.add(KEY, FRIDAY, 2, 20)
    assert sums.to_date(KEY, FRIDAY) == ((2, 20), (3, 30), (2, 20), (2, 20))
    sums.add(KEY, WEDNESDAY, 4, 40)
    assert sums.to_date(KEY, FRIDAY) == ((2, 20), (7, 70), (2, 20), (2, 20)), "what comes late is in its own periods"

    assert sums.to_date(KEY, MONDAY) == ((0, 0), (0, 0), (2, 20), (2, 20))


def test_names_that_moved_nothing_in_a_current_period_are_forgotten() -> None:
    sums = PeriodSums()
    sums.load(date(2025, 6, 1), [PeriodRow("application", f"p{number}", [1] * 8) for number in range(50)])

    sums.add(KEY, THURSDAY, 1, 1)

    assert set(sums._sums) == {KEY}


def test_the_day_of_the_page_is_of_the_ledgers_zone() -> None:
    held = totals()
    at = int(datetime(2026, 11, 21, 18, 45, tzinfo=UTC).timestamp())  # 00:15 on the 22nd in Kolkata
    held.sums.load(date(2026, 11, 21), [])
    held.sums.add(("application", "firefox"), held.day_of(at), 9, 9)

    page = scraped(state(shown(), totals_held=held))

    assert 'netledger_application_period_receive_bytes{application="firefox",period="day"} 9.0' in page
