"""A real Prometheus with the repository's configuration and rules scrapes a real netledger."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from tests.exporter.cli.service_process import Service
from tests.grafana.prometheus_server import require_prometheus, running_prometheus
from tests.prometheus.doors import DOORS, REFUSALS, behind_doors
from tests.prometheus.optional_settings import CONFIG
from tests.prometheus.rule_files import FOLDER, RULES, alerts, load, recorded, rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.grafana.prometheus_server import PrometheusServer

pytestmark = pytest.mark.prometheus

PATIENCE_SECONDS = 30
RECORDED = {rule["record"] for rule in recorded()}
OF_A_KNOWN_LINK = {
    "instance_device:netledger_interface_receive_saturation:ratio_rate5m",
    "instance_device:netledger_interface_transmit_saturation:ratio_rate5m",
}
"""What loopback cannot show: it has no speed."""
OF_A_DAY = {
    f"{subject}_{direction}_bytes:increase1d"
    for subject in ("instance:netledger_machine", "instance_device:netledger_interface")
    for direction in ("receive", "transmit")
}

NEEDS_TIME = OF_A_DAY | {
    "instance_plan:netledger_plan_forecast_bytes:ratio_cap",
    "instance_application:netledger_application_bytes:increase1h",
}
"""What a service of a few seconds cannot show: a day, an hour, and a forecast, which wants an hour."""


class Watched(NamedTuple):
    """A netledger, the address it is scraped at, and the Prometheus that does it."""

    service: Service
    address: str
    prometheus: PrometheusServer

    def value(self, query: str) -> float | None:
        """The one value of an instant query now."""
        found = self.prometheus.at(query, time.time())
        return float(found[0]["value"][1]) if found else None

    @property
    def targets(self) -> list[dict[str, Any]]:
        """Everything that is scraped, as the server's page /targets tells it."""
        found: list[dict[str, Any]] = self.prometheus._get("targets")["activeTargets"]
        return found

    def eventually(self, query: str) -> None:
        """Wait until a query finds something."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while self.value(query) is None:
            assert time.monotonic() < ends, f"nothing was found: {query}"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """netledger counts loopback, over which it is scraped, once a second instead of every fifteen."""
    require_prometheus()
    folder = tmp_path_factory.mktemp("watched")
    service = Service(folder, folder / "ledger.db")
    settings = json.loads(service.settings_file.read_text(encoding="utf-8"))
    settings["interfaces"] = {"include": ["lo"], "counted": ["lo"]}
    settings["plans"] = [{"name": "home", "cap": "1 TB"}]
    service.settings_file.write_text(json.dumps(settings), encoding="utf-8")
    try:
        address = service.start().removeprefix("http://")
        config = quickened(folder, address)
        with (
            behind_doors(folder) as jobs,
            running_prometheus(folder, {**config, "scrape_configs": [*config["scrape_configs"], *jobs]}) as prometheus,
        ):
            yield Watched(service, address, prometheus)
    finally:
        service.end()


def quickened(folder: Path, address: str) -> dict[str, Any]:
    """The configuration of the repository, files beside it included; only the pace and the target differ."""
    shutil.copytree(FOLDER / "targets", folder / "targets")
    (folder / "targets" / "netledger.yml").write_text(json.dumps([{"targets": [address]}]), encoding="utf-8")
    (folder / "rules").mkdir()
    for path in RULES.glob("*.yml"):
        document = load(path)
        for group in document["groups"]:
            group["interval"] = "1s"
        (folder / "rules" / path.name).write_text(json.dumps(document), encoding="utf-8")
    config: dict[str, Any] = yaml.safe_load(CONFIG)
    assert config["global"] == {"scrape_interval": "15s", "evaluation_interval": "15s"}
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    return config


def test_the_target_is_found_and_up(watched: Watched) -> None:
    watched.eventually('up{job="netledger"} == 1')

    (target,) = (each for each in watched.targets if each["labels"]["job"] == "netledger")
    assert target["health"] == "up"
    assert target["lastError"] == ""
    assert target["labels"] == {"instance": watched.address, "job": "netledger"}


@pytest.mark.parametrize("name", sorted(RECORDED - OF_A_KNOWN_LINK - NEEDS_TIME))
def test_a_recorded_series_has_values(watched: Watched, name: str) -> None:
    of_the_job = f'{name}{{job="netledger"}}'
    watched.eventually(of_the_job)

    for series in watched.prometheus.at(of_the_job, time.time()):
        assert series["metric"]["instance"] == watched.address
        assert float(series["value"][1]) >= 0
        assert "counted" not in series["metric"]


def test_scraping_itself_is_traffic_that_the_rates_show(watched: Watched) -> None:
    watched.eventually("instance:netledger_machine_receive_bytes:rate5m > 0")


def test_no_rule_fails_and_a_service_that_is_well_raises_no_alert(watched: Watched) -> None:
    watched.eventually("instance:netledger_machine_receive_bytes:rate5m")

    evaluated = [rule for group in watched.prometheus._get("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in evaluated if rule["health"] == "err"} == set()
    assert len(evaluated) == len(alerts()) + len(rules("record"))
    # The way here may have led through a scrape that came too early.
    watched.eventually('absent(ALERTS{alertstate="firing"})')
    watched.eventually("absent(ALERTS)")


def test_disk_and_gap_are_told_of_this_machine(watched: Watched) -> None:
    usage = shutil.disk_usage(watched.service.folder)
    watched.eventually('netledger_ledger_disk_free_bytes{job="netledger"}')

    free = watched.value('netledger_ledger_disk_free_bytes{job="netledger"}')
    assert watched.value('netledger_ledger_disk_size_bytes{job="netledger"}') == usage.total
    assert free == pytest.approx(usage.free, rel=0.2)
    assert watched.value('netledger_gap_open{job="netledger"}') == 0


@pytest.mark.parametrize(("door", "error"), [*((door.name, "") for door in DOORS), *REFUSALS])
def test_the_commented_settings_open_a_service_that_asks_for_them(watched: Watched, door: str, error: str) -> None:
    watched.eventually(f'up{{job="{door}"}} == {int(not error)}')

    (target,) = (each for each in watched.targets if each["labels"]["job"] == door)
    assert error in target["lastError"]
    assert bool(error) is bool(target["lastError"])
