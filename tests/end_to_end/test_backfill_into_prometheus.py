"""Ten years of a ledger in a real Prometheus that scrapes a real netledger: exact, and without a seam."""

from __future__ import annotations

import json
import subprocess
import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from exporter.backfill.promtool import blocks_in
from reports.past.samples import FAMILIES
from tests.bench.seeding import DAY
from tests.end_to_end.metric_servers import prometheus, victoria_metrics
from tests.end_to_end.namespaces import run
from tests.end_to_end.world import UPLINK, eventually
from tests.end_to_end.years_of_history import seed_years
from tests.worlds import vnstat_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.metric_servers import MetricServer
    from tests.end_to_end.service_under_test import Netledger
    from tests.end_to_end.world import World

pytestmark = [pytest.mark.namespaces, pytest.mark.prometheus]

COUNTERS = [
    f"netledger_interface_{way}_{unit}_total" for way in ("receive", "transmit") for unit in ("bytes", "packets")
]
NEIGHBOUR = "neighbour:7373"
LAST_YEAR = datetime.now(UTC).year - 1


@pytest.fixture
def netledger(world: World) -> Netledger:
    """A service with ten years of its uplink and of an interface that is gone; nothing moves."""
    made = world.netledger(ledger={"path": str(world.folder / "years.db"), "commit_interval": "1s", "timezone": "UTC"})
    seed_years(made.ledger, (UPLINK, "wlan9"), 3650, slot_days=40)
    made.start()
    return made


def scraped_for_a_while(server: MetricServer, world: World, netledger: Netledger) -> None:
    """Let something move, and wait until the server has all of it."""
    kernel, ledger = world.machine.counter(UPLINK), netledger.lifetime(UPLINK)
    for _ in range(3):
        world.uplink.move(receive=50, transmit=10)
    world.wait_until_quiet()
    expected = ledger + (world.machine.counter(UPLINK) - kernel)
    query = f'netledger_interface_receive_bytes_total{{device="{UPLINK}"}}'
    eventually(lambda: expected.receive in server.ask(query).values(), "the live counter is scraped")


def months_of_last_year(netledger: Netledger) -> dict[str, float]:
    """What the ledger says, as the text of a series' labels."""
    rows = netledger.query(
        "SELECT device, month, receive_bytes FROM usage_by_month WHERE month LIKE :year", year=f"{LAST_YEAR}-%"
    )
    return {f"device={device} month={month}": received for device, month, received in rows}


def backfilled(netledger: Netledger, *arguments: str) -> dict[str, object]:
    """What it tells; other commands have less time, and are not waiting for another program."""
    command = netledger._command("backfill", "--json", *arguments)
    environ = netledger._environment()
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, env=environ)
    assert done.returncode == 0, done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


def test_ten_years_in_prometheus_are_the_ledgers_and_have_no_seam(
    world: World, netledger: Netledger, tmp_path: Path
) -> None:
    server = prometheus(world.machine, tmp_path / "prometheus", retention="20y")
    world.on_close(server.stop)
    server.start()
    scraped_for_a_while(server, world, netledger)

    told = backfilled(netledger, "--prometheus", server.url, "--into", str(server.data))
    server.stop()
    server.start()
    scraped_for_a_while(server, world, netledger)

    months = f'max_over_time(netledger_interface_monthly_receive_bytes{{month=~"{LAST_YEAR}-.."}}[3y])'
    december = datetime(LAST_YEAR, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
    expected = months_of_last_year(netledger)
    assert len(expected) == 24
    assert server.ask(months) == expected
    to_date = server.ask('netledger_interface_period_receive_bytes{period="month"}', december)
    assert sorted(to_date.values()) == sorted(v for key, v in expected.items() if key.endswith("-12"))
    assert_no_reset(server)
    assert _counted(server, told) == told["samples"]
    for device in (UPLINK, "wlan9"):
        held = netledger.lifetime(device)
        assert grown(server, "receive", device) == held.receive
        assert grown(server, "transmit", device) == held.transmit


def grown(server: MetricServer, way: str, device: str) -> float:
    """What a counter came to from its first sample in the past, 0, to its last live one."""
    series = f'netledger_interface_{way}_bytes_total{{device="{device}"}}[11y]'
    (difference,) = server.ask(f"max_over_time({series}) - min_over_time({series})").values()
    return difference


def assert_no_reset(server: MetricServer) -> None:
    """Neither at the seam nor anywhere else; of each counter there are both interfaces."""
    for name in COUNTERS:
        assert list(server.ask(f"resets({name}[11y])").values()) == [0.0, 0.0]


def _counted(server: MetricServer, told: dict[str, object]) -> float:
    """Samples until the last one that was backfilled, at which every family has some: all live ones come later."""
    last = datetime.fromisoformat(str(told["last"])).timestamp()
    names = [label.removeprefix("__name__=") for label in server.ask('count by (__name__) ({job="netledger"})', last)]
    assert len(names) == FAMILIES
    return sum(sum(server.ask(f"sum(count_over_time({name}[11y]))", last).values()) for name in names)


def test_a_prometheus_is_not_given_what_it_would_delete_or_could_not_join(
    world: World, netledger: Netledger, tmp_path: Path
) -> None:
    server = prometheus(world.machine, tmp_path / "prometheus", retention="15d")
    world.on_close(server.stop)
    live_since = int(time.time()) - 3 * DAY
    make_scraped(server, live_since)
    server.start()
    scraped_for_a_while(server, world, netledger)
    into = ("--prometheus", server.url, "--into", str(server.data))

    too_old = netledger.command("backfill", *into)
    other = netledger.command("backfill", "--label", "instance=elsewhere:7373", *into)
    other_machine = netledger.command("backfill", "--label", f"instance={NEIGHBOUR}", *into)

    assert (too_old.returncode, other.returncode, other_machine.returncode) == (1, 1, 1)
    assert "is another ledger: it begins on another day than this one" in other_machine.stderr
    assert f"{server.url} keeps 15d" in too_old.stderr
    assert "--storage.tsdb.retention.time=15y first" in too_old.stderr
    assert "use --label instance=127.0.0.1:7373 --label job=netledger" in other.stderr
    assert sum(block.samples for block in blocks_in(server.data)) < 1000, "its own alone"

    recent = ("--from", too_old.stderr.split("--from ")[1].strip(), *into)
    last = datetime.fromisoformat(str(backfilled(netledger, *recent)["last"])).timestamp()
    netledger.falsify(
        "UPDATE interface_day SET receive_bytes = receive_bytes + 1000000000000000"
        " WHERE day = (SELECT min(day) FROM interface_day)"
    )
    grown_past = netledger.command("backfill", *recent)

    assert live_since - 900 <= last < live_since
    assert grown_past.returncode == 1
    assert "history was added since, and Prometheus would see a counter reset" in grown_past.stderr


def make_scraped(server: MetricServer, at: int) -> None:
    """A first live sample in the past, of this machine and of another, and the counter that it found."""
    labels = f'job="netledger",instance="127.0.0.1:7373",device="{UPLINK}"'
    text = server.data.with_name("live.om")
    text.write_text(
        f'netledger_last_sample_timestamp_seconds{{job="netledger",instance="127.0.0.1:7373"}} {at} {at}\n'
        f'netledger_last_sample_timestamp_seconds{{job="netledger",instance="{NEIGHBOUR}"}} {at} {at}\n'
        f'netledger_ledger_start_timestamp_seconds{{job="netledger",instance="{NEIGHBOUR}"}} {at} {at}\n'
        f"netledger_interface_transmit_errors_total{{{labels}}} 0 {at}\n# EOF\n",
        encoding="utf-8",
    )
    run("promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", str(text), str(server.data))


def test_two_years_in_victoriametrics_are_the_ledgers(world: World, netledger: Netledger, tmp_path: Path) -> None:
    server = victoria_metrics(world.machine, tmp_path / "victoria", retention="100y")
    world.on_close(server.stop)
    server.start()
    scraped_for_a_while(server, world, netledger)

    told = backfilled(netledger, "--format", "victoriametrics", "--to", server.url, "--from", f"{LAST_YEAR}-01-01")

    months = f'max_over_time(netledger_interface_monthly_receive_bytes{{month=~"{LAST_YEAR}-.."}}[3y])'
    assert {_without_name(key): value for key, value in server.ask(months).items()} == months_of_last_year(netledger)
    assert_no_reset(server)
    assert _counted(server, told) == told["samples"]


def _without_name(labels: str) -> str:
    """VictoriaMetrics keeps names where Prometheus drops them."""
    return labels.removeprefix("__name__=netledger_interface_monthly_receive_bytes ")


def test_a_victoriametrics_of_one_month_is_not_given_ten_years(
    world: World, netledger: Netledger, tmp_path: Path
) -> None:
    server = victoria_metrics(world.machine, tmp_path / "victoria", retention="1")
    world.on_close(server.stop)
    server.start()

    done = netledger.command("backfill", "--format", "victoriametrics", "--to", server.url)

    assert done.returncode == 1
    assert f"{server.url} keeps 1 month," in done.stderr
    assert "-retentionPeriod=15y first" in done.stderr


@pytest.mark.parametrize("is_victoria", [False, True], ids=["prometheus", "victoriametrics"])
def test_imported_months_are_steps_before_the_ledgers_own(
    is_victoria: bool,  # noqa: FBT001 - two servers
    world: World,
    netledger: Netledger,
    tmp_path: Path,
) -> None:
    """A year of vnStat before the ten years: months whose days are not known, and 62 days."""
    begins = datetime.now(UTC).year - 12
    vnstat_file.create(tmp_path / "vnstat.db")
    moved = vnstat_file.add(
        tmp_path / "vnstat.db", UPLINK, vnstat_file.hours_of(date(begins, 1, 1), date(begins, 12, 31))
    )
    make = victoria_metrics if is_victoria else prometheus
    server = make(world.machine, tmp_path / "server", retention="100y" if is_victoria else "20y")
    world.on_close(server.stop)
    server.start()
    assert netledger.command("import", str(tmp_path / "vnstat.db")).returncode == 0
    if is_victoria:
        backfilled(netledger, "--format", "victoriametrics", "--to", server.url)
    else:
        scraped_for_a_while(server, world, netledger)
        backfilled(netledger, "--prometheus", server.url, "--into", str(server.data))
        server.stop()
        server.start()
        scraped_for_a_while(server, world, netledger)

    counter = f'netledger_interface_receive_bytes_total{{device="{UPLINK}"}}'
    march = sum(each.received for each in moved if each.at.month == 3)
    end = datetime(begins, 4, 1, tzinfo=UTC).timestamp()
    assert list(server.ask(f"resets({counter}[15y])").values()) == [0.0]
    (grown_by,) = server.ask(f"max_over_time({counter}[15y]) - min_over_time({counter}[15y])").values()
    assert grown_by == netledger.lifetime(UPLINK).receive + sum(each.received for each in moved)
    to_date = server.ask(f'netledger_interface_period_receive_bytes{{period="month",device="{UPLINK}"}}', end - 1)
    assert list(to_date.values()) == [march]
    assert list(server.ask(f"count_over_time({counter}[31d])", end - 1).values()) == [1.0]
    assert list(server.ask(f"count_over_time({counter}[20d])", end - 1).values()) == []
