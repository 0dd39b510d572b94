"""A real Alertmanager with the shipped configuration: what a person is told, and how often."""

from __future__ import annotations

import http.server
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from tests.prometheus.rule_files import FOLDER, alerts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
needs_alertmanager = pytest.mark.skipif(
    ALERTMANAGER is None, reason="Alertmanager is not installed (Debian package prometheus-alertmanager)"
)
pytestmark = [pytest.mark.prometheus, needs_alertmanager]
PATIENCE_SECONDS = 20


class Alertmanager(NamedTuple):
    """Alertmanager, and the messages that its receiver got."""

    url: str
    messages: list[dict[str, Any]]

    def raise_alerts(self, *alerts: dict[str, str]) -> None:
        body = json.dumps([{"labels": {"job": "netledger", **labels}} for labels in alerts]).encode()
        request = urllib.request.Request(  # noqa: S310 - ours, on loopback
            f"{self.url}/api/v2/alerts", body, {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310

    def state(self, name: str) -> set[str]:
        """The states of all alerts of a name: active, suppressed."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=5) as answer:  # noqa: S310
            return {alert["status"]["state"] for alert in json.load(answer) if alert["labels"]["alertname"] == name}


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def eventually(holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/-/ready", timeout=5).close()  # noqa: S310
    except OSError:
        return False
    return True


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    messages: list[dict[str, Any]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Tests are silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = yaml.safe_load((FOLDER / "alertmanager.yml").read_text(encoding="utf-8"))
    config["receivers"][0]["webhook_configs"] = [{"url": f"http://127.0.0.1:{server.server_port}/"}]
    config["route"] |= {"group_wait": "1s", "group_interval": "1s"}
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    port = free_port()
    arguments = ("--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address=")
    assert ALERTMANAGER is not None
    process = subprocess.Popen(
        [ALERTMANAGER, *arguments, f"--web.listen-address=127.0.0.1:{port}"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: answers(url))
        yield Alertmanager(url, messages)
    finally:
        process.terminate()
        process.wait()
        server.shutdown()
        server.server_close()


def test_a_fleet_that_is_down_is_one_message(alertmanager: Alertmanager) -> None:
    down = [{"alertname": "NetledgerDown", "instance": f"host{number}:7373"} for number in range(500)]

    alertmanager.raise_alerts({"alertname": "NetledgerManyDown"}, *down)

    eventually(lambda: alertmanager.messages)
    assert {alert["labels"]["alertname"] for message in alertmanager.messages for alert in message["alerts"]} == {
        "NetledgerManyDown"
    }
    assert alertmanager.state("NetledgerDown") == {"suppressed"}


def test_machines_that_are_down_without_being_many_are_listed_in_one_message(alertmanager: Alertmanager) -> None:
    down = [{"alertname": "NetledgerDown", "instance": f"host{number}:7373"} for number in range(3)]

    alertmanager.raise_alerts(*down)

    eventually(lambda: alertmanager.messages)
    assert [len(message["alerts"]) for message in alertmanager.messages] == [3]


A, B = {"instance": "a:7373"}, {"instance": "b:7373"}


@pytest.mark.parametrize(
    ("source", "kept_back", "told"),
    [
        ({"alertname": "NetledgerDown", **A}, {"alertname": "NetledgerLedgerDegraded", **A}, B),
        ({"alertname": "NetledgerGapOpen", **A}, {"alertname": "NetledgerMeterDown", **A}, B),
        ({"alertname": "NetledgerMeterDown", **A}, {"alertname": "NetledgerSampleStale", **A}, B),
        ({"alertname": "NetledgerCommitsFailing", **A}, {"alertname": "NetledgerLedgerDegraded", **A}, B),
        (
            {"alertname": "NetledgerCapReached", **A, "plan": "home"},
            {"alertname": "NetledgerCapThreshold", **A, "plan": "home", "threshold_percent": "90"},
            {"plan": "mobile"},
        ),
        (
            {"alertname": "NetledgerCapReached", **A, "plan": "home"},
            {"alertname": "NetledgerCapThreshold", **A, "plan": "home", "threshold_percent": "80"},
            {"threshold_percent": "120"},
        ),
        ({"alertname": "NetledgerMirrorIdentity", **A}, {"alertname": "NetledgerMirrorDown", **A}, B),
        ({"alertname": "NetledgerMirrorDown", **A}, {"alertname": "NetledgerMirrorBehind", **A}, B),
        (
            {"alertname": "NetledgerRequestErrorsFast", **A, "service": "shop"},
            {"alertname": "NetledgerRequestErrorsSlow", **A, "service": "shop"},
            {"service": "blog"},
        ),
    ],
    ids=lambda labels: labels.get("alertname", ""),
)
def test_what_follows_from_another_alert_is_kept_back(
    alertmanager: Alertmanager, source: dict[str, str], kept_back: dict[str, str], told: dict[str, str]
) -> None:
    alertmanager.raise_alerts(source, kept_back, kept_back | told)

    eventually(lambda: len(alertmanager.messages) > 1)
    sent = [alert["labels"] for message in alertmanager.messages for alert in message["alerts"]]
    expected = [{"job": "netledger", **labels} for labels in (source, kept_back | told)]
    assert sorted(map(str, map(sorted, map(dict.items, sent)))) == sorted(
        str(sorted(labels.items())) for labels in expected
    )


def test_a_machine_that_does_not_answer_keeps_what_it_told_of_its_cap(alertmanager: Alertmanager) -> None:
    down, reached = {"alertname": "NetledgerDown", **A}, {"alertname": "NetledgerCapReached", **A, "plan": "home"}

    alertmanager.raise_alerts(down, reached)

    eventually(lambda: len(alertmanager.messages) > 1)
    assert alertmanager.state("NetledgerCapReached") == {"active"}


def test_every_alert_of_the_configuration_exists() -> None:
    config = yaml.safe_load((FOLDER / "alertmanager.yml").read_text(encoding="utf-8"))
    names = {rule["alert"] for rule in alerts()}
    matchers = [
        text for rule in config["inhibit_rules"] for text in (*rule["source_matchers"], *rule["target_matchers"])
    ]
    named = {
        name
        for text in matchers
        if text.startswith("alertname")
        for name in text.partition('"')[2].rstrip('"').split("|")
    }

    assert {name for name in named if not name.endswith(".*")} <= names
    assert all(any(found.startswith(name[:-2]) for found in names) for name in named if name.endswith(".*"))
