from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.ledger.writing.poster import CommitHealth
from exporter.metering.counters.readings import Counts
from exporter.metering.counters.speeds import Speeds
from exporter.metering.totals import DayRow
from exporter.meters.interfaces.state import interface as subject_of
from exporter.metrics.exposition import Exposition
from exporter.metrics.families.service import Build
from reports.calendar.history_length import HistoryLength
from tests.fixtures.collected_families import collect
from tests.fixtures.metrics_states import (
    FAILING,
    NOW,
    TODAY,
    FakeMirror,
    history,
    interface,
    interface_families,
    live_plan,
    lived_in,
    snapshot,
    state,
    totals,
    with_view,
)

if TYPE_CHECKING:
    from exporter.metrics.families.registry import Families
    from exporter.metrics.state import MetricsState
    from tests.conftest import Golden

BUILD = Build("1.2.3", "abc1234", "main", "3.11.2")
OURS = interface_families(process=False, build=BUILD)
ALL = interface_families(history=HistoryLength(of_all=True), process=False, build=BUILD)

# The promise to dashboards and rules: every metric and its labels.
PROMISED = {
    "netledger_interface_receive_bytes_total": {"device"},
    "netledger_interface_transmit_bytes_total": {"device"},
    "netledger_interface_receive_packets_total": {"device"},
    "netledger_interface_transmit_packets_total": {"device"},
    "netledger_interface_receive_errors_total": {"device"},
    "netledger_interface_transmit_errors_total": {"device"},
    "netledger_interface_receive_drops_total": {"device"},
    "netledger_interface_transmit_drops_total": {"device"},
    "netledger_interface_receive_bytes_per_second": {"device"},
    "netledger_interface_transmit_bytes_per_second": {"device"},
    "netledger_interface_peak_receive_bytes_per_second": {"device"},
    "netledger_interface_peak_transmit_bytes_per_second": {"device"},
    "netledger_interface_info": {"device", "counted", "kind", "uplink"},
    "netledger_interface_up": {"device"},
    "netledger_interface_link_speed_bytes_per_second": {"device"},
    "netledger_interface_period_receive_bytes": {"device", "period"},
    "netledger_interface_period_transmit_bytes": {"device", "period"},
    "netledger_period_start_timestamp_seconds": {"period"},
    "netledger_period_end_timestamp_seconds": {"period"},
    "netledger_interface_daily_receive_bytes": {"device", "date"},
    "netledger_interface_daily_transmit_bytes": {"device", "date"},
    "netledger_interface_monthly_receive_bytes": {"device", "month"},
    "netledger_interface_monthly_transmit_bytes": {"device", "month"},
    "netledger_machine_receive_bytes_total": set(),
    "netledger_machine_transmit_bytes_total": set(),
    "netledger_machine_receive_bytes_per_second": set(),
    "netledger_machine_transmit_bytes_per_second": set(),
    "netledger_machine_period_receive_bytes": {"period"},
    "netledger_machine_period_transmit_bytes": {"period"},
    "netledger_machine_daily_receive_bytes": {"date"},
    "netledger_machine_daily_transmit_bytes": {"date"},
    "netledger_machine_monthly_receive_bytes": {"month"},
    "netledger_machine_monthly_transmit_bytes": {"month"},
    "netledger_ledger_start_timestamp_seconds": set(),
    "netledger_plan_used_bytes": {"plan"},
    "netledger_plan_forecast_bytes": {"plan"},
    "netledger_plan_forecast_low_bytes": {"plan"},
    "netledger_plan_forecast_high_bytes": {"plan"},
    "netledger_plan_last_cycle_used_bytes": {"plan"},
    "netledger_plan_last_cycle_used_by_now_bytes": {"plan"},
    "netledger_plan_cap_bytes": {"plan"},
    "netledger_plan_left_bytes": {"plan"},
    "netledger_plan_used_ratio": {"plan"},
    "netledger_plan_allowed_per_day_bytes": {"plan"},
    "netledger_plan_threshold_reached": {"plan", "threshold_percent"},
    "netledger_plan_cap_reached_timestamp_seconds": {"plan"},
    "netledger_plan_cycle_start_timestamp_seconds": {"plan"},
    "netledger_plan_cycle_end_timestamp_seconds": {"plan"},
    "netledger_plan_cost": {"plan", "currency"},
    "netledger_plan_forecast_cost": {"plan", "currency"},
    "netledger_plan_forecast_cost_low": {"plan", "currency"},
    "netledger_plan_forecast_cost_high": {"plan", "currency"},
    "netledger_last_sample_timestamp_seconds": set(),
    "netledger_meter_up": {"meter"},
    "netledger_meter_read_duration_seconds": {"meter"},
    "netledger_gap_seconds_total": {"meter"},
    "netledger_meter_failures_total": {"meter"},
    "netledger_gap_open": {"meter"},
    "netledger_http_auth_failures_total": set(),
    "netledger_counter_resets_total": {"meter", "device", "cause"},
    "netledger_discarded_bytes_total": {"meter", "device", "reason"},
    "netledger_ledger_size_bytes": set(),
    "netledger_ledger_rows": {"table"},
    "netledger_ledger_disk_size_bytes": set(),
    "netledger_ledger_disk_free_bytes": set(),
    "netledger_ledger_last_commit_timestamp_seconds": set(),
    "netledger_ledger_commit_failures_total": set(),
    "netledger_ledger_degraded": set(),
    "netledger_ledger_unposted_bytes": set(),
    "netledger_build_info": {"version", "revision", "branch", "python"},
    "netledger_ledger_commit_duration_seconds_bucket": {"le"},
    "netledger_ledger_commit_duration_seconds_count": set(),
    "netledger_ledger_commit_duration_seconds_sum": set(),
    "netledger_on_battery": set(),
    "netledger_sample_interval_seconds": set(),
    "netledger_update_available": set(),
    "netledger_mirror_up": set(),
    "netledger_mirror_lag_seconds": set(),
    "netledger_mirror_interval_seconds": set(),
    "netledger_mirror_rows_behind": set(),
    "netledger_mirror_rows_sent_total": set(),
    "netledger_mirror_last_success_timestamp_seconds": set(),
    "netledger_mirror_error": {"kind"},
}

# "counter" is what resets here, not the type of the metric; promtool cannot know.
KNOWN_LINT = "netledger_counter_resets_total metric name should not include type 'counter'\n"

Series = dict[tuple[str, ...], float]


def page(shown: MetricsState, told: Families = OURS) -> str:
    return Exposition(told).render(shown).body.decode()


def series(text: str, name: str) -> Series:
    """Values of one metric by its label values, in the order of the label names."""
    return {
        tuple(sample.labels[label] for label in sorted(sample.labels)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def test_the_page_is_the_promised_one(golden: Golden) -> None:
    golden("metrics.txt", page(lived_in()))


def test_every_promised_metric_is_told_with_its_labels() -> None:
    told = {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(page(lived_in()))
        for sample in family.samples
    }

    assert told == PROMISED


def test_every_family_has_a_type_and_a_help_that_is_a_sentence() -> None:
    for family in collect(OURS, lived_in()):
        assert re.fullmatch(r"[A-Z].{10,}\.", family.documentation), family.name
        assert family.type in {"counter", "gauge", "info", "histogram"}


@pytest.mark.prometheus
@pytest.mark.parametrize(
    "told", [interface_families(), interface_families(history=HistoryLength(of_all=True))], ids=["counted", "all"]
)
def test_promtool_finds_nothing_to_say_but_of_one_promised_name(told: Families) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("checking the page needs promtool (Debian package prometheus)")
    body = Exposition(told).render(lived_in()).body

    done = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, check=False)

    assert (done.stderr + done.stdout).decode() == KNOWN_LINT


def test_the_process_tells_of_itself_unless_told_not_to() -> None:
    with_process = page(lived_in(), interface_families())

    assert series(with_process, "process_resident_memory_bytes")[()] > 1_000_000
    assert series(with_process, "python_gc_collections_total").keys() == {("0",), ("1",), ("2",)}
    assert len(series(with_process, "python_info")) == 1
    assert "process_" not in page(lived_in())


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("eth0", "eth0"),
        ('a"b', 'a\\"b'),
        ("a\\b", "a\\\\b"),
        ("a\nb", "a\\nb"),
        ("🦆", "🦆"),
        ("a\u2028b\x0b", "a\u2028b\x0b"),
        ("{}=,# ", "{}=,# "),
        (b"\xff\xfe".decode("utf-8", "surrogateescape"), "\\\\xff\\\\xfe"),
    ],
)
def test_any_name_that_the_kernel_takes_is_escaped(name: str, escaped: str) -> None:
    text = page(state(snapshot([interface(name, lifetime=Counts(5))])))

    assert f'netledger_interface_receive_bytes_total{{device="{escaped}"}} 5.0\n' in text


def test_a_failing_meter_costs_what_only_a_look_can_tell() -> None:
    working, failing = lived_in(), lived_in()
    failing = failing._replace(snapshot=with_view(failing.snapshot, health=FAILING))

    lost = {family.name for family in collect(OURS, working)} - {family.name for family in collect(OURS, failing)}

    assert lost == {
        "netledger_interface",
        "netledger_interface_up",
        "netledger_interface_link_speed_bytes_per_second",
        "netledger_interface_receive_bytes_per_second",
        "netledger_interface_transmit_bytes_per_second",
        "netledger_machine_receive_bytes_per_second",
        "netledger_machine_transmit_bytes_per_second",
    }
    assert series(page(working), "netledger_meter_up") == {("interface",): 1}
    assert series(page(failing), "netledger_meter_up") == {("interface",): 0}


def test_a_counted_interface_that_is_gone_is_down_and_keeps_its_bytes() -> None:
    text = page(state(snapshot([interface("usb0", counted=True, gone=True, lifetime=Counts(7))])))

    assert series(text, "netledger_interface_up") == {("usb0",): 0}
    assert series(text, "netledger_interface_receive_bytes_total") == {("usb0",): 7}
    assert series(text, "netledger_interface_receive_bytes_per_second") == {}
    assert series(text, "netledger_interface_info") == {}


@pytest.mark.parametrize(
    ("mirror", "shown"),
    [
        (None, {}),
        (FakeMirror(), {"up": 0, "error": 1, "last_success_timestamp_seconds": NOW - 1800.5, "rows_behind": 84}),
        (FakeMirror(is_up=True, kind="", rows_behind=0), {"up": 1, "last_success_timestamp_seconds": NOW - 1800.5}),
        (FakeMirror(last_success=0, kind="unreachable"), {"up": 0, "error": 1, "rows_behind": 84}),
    ],
    ids=["off", "refused", "well", "never reached"],
)
def test_a_mirror_is_told_only_where_there_is_one(mirror: FakeMirror | None, shown: dict[str, float]) -> None:
    text = page(lived_in()._replace(mirror=mirror))

    found = {
        name: next(iter(series(text, f"netledger_mirror_{name}").values()), None)
        for name in ("up", "error", "last_success_timestamp_seconds", "rows_behind")
    }
    assert {name: value for name, value in found.items() if value} == {k: v for k, v in shown.items() if v}
    assert ("netledger_mirror_up" in text) is (mirror is not None)
    assert set(series(text, "netledger_mirror_error")) == ({(mirror.kind,)} if mirror and mirror.kind else set())


def test_link_speed_is_told_only_where_somebody_knows_it() -> None:
    text = page(state(snapshot([interface("eth0", speed=125_000_000), interface("wlan0")])))

    assert series(text, "netledger_interface_link_speed_bytes_per_second") == {("eth0",): 125_000_000}


def test_peaks_are_those_of_today() -> None:
    rows = [
        DayRow(subject_of("eth0"), TODAY, 1, 1, Speeds(500, 40, 510)),
        DayRow(subject_of("wlan0"), TODAY - timedelta(days=1), 1, 1, Speeds(900, 90, 910)),
    ]

    text = page(state(snapshot([interface("eth0"), interface("wlan0")]), totals_held=totals(rows)))

    assert series(text, "netledger_interface_peak_receive_bytes_per_second") == {("eth0",): 500, ("wlan0",): 0}
    assert series(text, "netledger_interface_peak_transmit_bytes_per_second") == {("eth0",): 40, ("wlan0",): 0}


def test_periods_are_told_of_counted_interfaces_unless_all_are_asked_for() -> None:
    shown = lived_in()

    assert {labels[0] for labels in series(page(shown), "netledger_interface_period_receive_bytes")} == {"eth0", "usb0"}
    told = {labels[0] for labels in series(page(shown, ALL), "netledger_interface_period_receive_bytes")}
    assert told == {"eth0", "usb0", "wg0", 'a"b\\c\nd🦆'}


@pytest.mark.parametrize(
    ("length", "days", "months"), [(HistoryLength(0, 0), 0, 0), (HistoryLength(7, 0), 8, 0), (HistoryLength(), 32, 24)]
)
def test_the_history_is_as_long_as_the_settings_say(length: HistoryLength, days: int, months: int) -> None:
    shown = state(
        snapshot([interface("eth0", counted=True)]), totals_held=totals(history("eth0", first=date(2024, 1, 1)))
    )

    text = page(shown, interface_families(history=length, process=False))

    for subject in ("interface", "machine"):
        assert len(series(text, f"netledger_{subject}_daily_receive_bytes")) == days
        assert len(series(text, f"netledger_{subject}_monthly_receive_bytes")) == months
        assert len(series(text, f"netledger_{subject}_period_receive_bytes")) == 4


def test_periods_of_the_machine_are_the_counted_interfaces_added_up() -> None:
    rows = [
        DayRow(subject_of(name), TODAY - timedelta(days=ago), amount, 10 * amount, Speeds())
        for name, ago, amount in [("eth0", 0, 1), ("wlan0", 0, 2), ("wg0", 0, 400), ("eth0", 30, 100), ("wlan0", 1, 20)]
    ]
    shown = [interface("eth0", counted=True), interface("wlan0", counted=True), interface("wg0")]

    text = page(state(snapshot(shown), totals_held=totals(rows)))

    assert series(text, "netledger_machine_period_receive_bytes") == {
        ("day",): 3,
        ("week",): 23,
        ("month",): 23,
        ("year",): 123,
    }
    days = series(text, "netledger_machine_daily_transmit_bytes")
    assert (days["2026-10-23",], days["2026-11-21",], days["2026-11-22",]) == (1000, 200, 30)
    assert series(text, "netledger_machine_monthly_receive_bytes") == {("2026-10",): 100, ("2026-11",): 23}


def test_periods_to_date_begin_at_local_midnights() -> None:
    rows = [
        DayRow(subject_of("eth0"), date(2026, month, day), 2**n, 0, Speeds())
        for n, (month, day) in enumerate([(11, 22), (11, 21), (11, 16), (11, 15), (11, 1), (10, 31), (1, 1)])
    ]

    text = page(state(snapshot([interface("eth0", counted=True)]), totals_held=totals(rows)))

    assert series(text, "netledger_interface_period_receive_bytes") == {
        ("eth0", "day"): 0b1,
        ("eth0", "week"): 0b111,
        ("eth0", "month"): 0b11111,
        ("eth0", "year"): 0b1111111,
    }
    kolkata = ZoneInfo("Asia/Kolkata")
    assert series(text, "netledger_period_start_timestamp_seconds") == {
        ("day",): datetime(2026, 11, 22, tzinfo=kolkata).timestamp(),
        ("week",): datetime(2026, 11, 16, tzinfo=kolkata).timestamp(),
        ("month",): datetime(2026, 11, 1, tzinfo=kolkata).timestamp(),
        ("year",): datetime(2026, 1, 1, tzinfo=kolkata).timestamp(),
    }
    assert series(text, "netledger_period_end_timestamp_seconds") == {
        ("day",): datetime(2026, 11, 23, tzinfo=kolkata).timestamp(),
        ("week",): datetime(2026, 11, 23, tzinfo=kolkata).timestamp(),
        ("month",): datetime(2026, 12, 1, tzinfo=kolkata).timestamp(),
        ("year",): datetime(2027, 1, 1, tzinfo=kolkata).timestamp(),
    }


def test_the_last_31_finished_days_and_today_are_told() -> None:
    rows = history("eth0", first=date(2024, 1, 1))

    text = page(state(snapshot([interface("eth0", counted=True)]), totals_held=totals(rows)))

    days = [labels[0] for labels in series(text, "netledger_interface_daily_receive_bytes")]
    assert days == [(TODAY - timedelta(days=n)).isoformat() for n in range(31, -1, -1)]
    assert series(text, "netledger_interface_daily_transmit_bytes").keys() == {(day, "eth0") for day in days}


def test_the_last_24_months_are_told_with_the_current_one() -> None:
    rows = history("eth0", first=date(2024, 1, 1))

    text = page(state(snapshot([interface("eth0", counted=True)]), totals_held=totals(rows)))

    months = [labels[1] for labels in series(text, "netledger_interface_monthly_receive_bytes")]
    assert months == [
        *(f"2024-{month:02}" for month in (12,)),
        *(f"2025-{month:02}" for month in range(1, 13)),
        *(f"2026-{month:02}" for month in range(1, 12)),
    ]


def test_days_without_traffic_are_zero_since_the_first_that_had_some() -> None:
    rows = [DayRow(subject_of("eth0"), TODAY - timedelta(days=3), 70, 7, Speeds())]

    text = page(state(snapshot([interface("eth0", counted=True)]), totals_held=totals(rows)))

    assert series(text, "netledger_interface_daily_receive_bytes") == {
        ("2026-11-19", "eth0"): 70,
        ("2026-11-20", "eth0"): 0,
        ("2026-11-21", "eth0"): 0,
        ("2026-11-22", "eth0"): 0,
    }
    assert series(text, "netledger_interface_monthly_receive_bytes") == {("eth0", "2026-11"): 70}


def test_the_first_day_is_remembered_when_old_days_are_forgotten() -> None:
    held = totals([DayRow(subject_of("eth0"), date(2026, 8, 1), 70, 7, Speeds())])

    text = page(state(snapshot([interface("eth0", counted=True)]), totals_held=held))

    assert list(series(text, "netledger_interface_daily_receive_bytes").values()) == [0] * 32
    assert list(series(text, "netledger_interface_monthly_receive_bytes").values()) == [70, 0, 0, 0]


def test_the_ledger_begins_with_the_first_local_day_that_moved_a_byte() -> None:
    shown = [interface("eth0", counted=True)]
    rows = [*history("eth0", first=date(2025, 3, 9)), *history("wlan0", first=date(2025, 3, 8))]

    name = "netledger_ledger_start_timestamp_seconds"
    assert series(page(state(snapshot(shown))), name) == {}
    kolkata = ZoneInfo("Asia/Kolkata")
    begun = series(page(state(snapshot(shown), totals_held=totals(rows))), name)
    assert begun == {(): datetime(2025, 3, 8, tzinfo=kolkata).timestamp()}


def test_an_interface_that_has_never_moved_a_byte_begins_today() -> None:
    text = page(state(snapshot([interface("eth0", counted=True)])))

    assert series(text, "netledger_interface_daily_receive_bytes") == {("2026-11-22", "eth0"): 0}
    assert series(text, "netledger_interface_monthly_receive_bytes") == {("eth0", "2026-11"): 0}


def test_there_is_no_last_commit_before_the_first() -> None:
    name = "netledger_ledger_last_commit_timestamp_seconds"

    before = page(state(snapshot([]), commit_health=CommitHealth()))
    after = page(state(snapshot([]), commit_health=CommitHealth(last_commit=NOW)))

    assert series(before, name) == {}
    assert series(after, name) == {(): NOW}


def test_what_a_plan_may_come_to_is_never_less_than_it_has_used() -> None:
    text = page(state(snapshot([]), plans=(live_plan(cap=700 * 10**9, used=650 * 10**9),)))

    told = {name: series(text, f"netledger_plan_{name}_bytes")[("home",)] for name in ("forecast", "forecast_low")}
    assert told == {"forecast": 650e9, "forecast_low": 650e9}
    assert series(text, "netledger_plan_forecast_high_bytes") == {("home",): 680e9}
    assert series(text, "netledger_plan_forecast_cost_low") == {("INR", "home"): 65.0}
    assert series(text, "netledger_plan_forecast_cost_high") == {("INR", "home"): 68.0}


def test_a_forecast_that_cannot_be_made_yet_has_no_series() -> None:
    status = live_plan("new", used=100_000_005)._replace(forecast=None, counted_seconds=120)

    text = page(state(snapshot([]), plans=(live_plan("home"), status.with_used(5, {}))))

    for name in ("bytes", "low_bytes", "high_bytes", "cost", "cost_low", "cost_high"):
        assert {labels[-1] for labels in series(text, f"netledger_plan_forecast_{name}")} == {"home"}
    assert series(text, "netledger_plan_used_bytes")[("new",)] == 5


def test_what_a_day_may_use_shrinks_with_every_byte_and_ends_at_the_cap() -> None:
    used = [350 * 10**9, 499_999_999_990, 500 * 10**9, 501 * 10**9]

    pages = [page(state(snapshot([]), plans=(live_plan(used=amount),))) for amount in used]

    told = [series(text, "netledger_plan_allowed_per_day_bytes")[("home",)] for text in pages]
    assert told == [10**10, 0, 0, 0]


def test_a_plan_without_a_cap_allows_nothing_and_forbids_nothing() -> None:
    text = page(state(snapshot([]), plans=(live_plan(cap=None),)))

    assert series(text, "netledger_plan_allowed_per_day_bytes") == {}
    assert series(text, "netledger_plan_last_cycle_used_bytes") == {("home",): 488e9}
    assert series(text, "netledger_plan_last_cycle_used_by_now_bytes") == {("home",): 251e9}


def test_an_open_gap_is_told() -> None:
    shown = lived_in()
    open_gap = shown._replace(snapshot=with_view(shown.snapshot, is_gap_open=True))

    assert series(page(shown), "netledger_gap_open") == {("interface",): 0}
    assert series(page(open_gap), "netledger_gap_open") == {("interface",): 1}


def test_midnight_moves_the_days_within_one_sample() -> None:
    midnight = int(datetime(2026, 11, 22, 18, 30, tzinfo=UTC).timestamp())
    held = totals([DayRow(subject_of("eth0"), TODAY, 70, 7, Speeds())])
    shown = snapshot([interface("eth0", counted=True)])
    exposition = Exposition(OURS)

    before = exposition.render(state(shown, totals_held=held, now=midnight - 1)).body.decode()
    after = exposition.render(state(shown, totals_held=held, now=midnight)).body.decode()

    day = ("eth0", "day")
    assert series(before, "netledger_interface_period_receive_bytes")[day] == 70
    assert series(after, "netledger_interface_period_receive_bytes")[day] == 0
    assert series(after, "netledger_interface_daily_receive_bytes")["2026-11-22", "eth0"] == 70
    assert series(after, "netledger_interface_daily_receive_bytes")["2026-11-23", "eth0"] == 0
