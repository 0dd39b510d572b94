from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import bcrypt
import pytest

from tests.exporter.cli.service_process import Service, fetch

if TYPE_CHECKING:
    from pathlib import Path

WAIT_SECONDS = 10


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_prints_its_address_and_ends_well_at_a_signal(service: Service, number: signal.Signals) -> None:
    url = service.start()
    assert service.head == (
        f"netledger listens on {url}\nledger: {service.ledger}\n"
        "meters: interface, application (not measured), request\n"
    )
    assert fetch(url, "/api/health")["status"] == "running"

    ended = service.stop(number)

    assert (ended.code, ended.stdout, ended.stderr) == (0, "", "")
    assert service.command("status").code == 3


def test_a_hangup_takes_good_settings_over(service: Service) -> None:
    url = service.start()
    assert fetch(url, "/api/v1/stats/bandwidth")["period_seconds"] == 12 * 3600
    service.configure(average={"window": "1h"})

    service.send(signal.SIGHUP)

    url = service.next_address()
    assert fetch(url, "/api/v1/stats/bandwidth")["period_seconds"] == 3600
    assert service.stop().code == 0


@pytest.mark.parametrize(
    ("section", "keys", "reason"),
    [
        ("average", {"window": "1 fortnight"}, "average.window"),
        ("server", {"host": "0.0.0.0"}, "can be reached from other machines"),
    ],
)
def test_a_hangup_refuses_bad_settings_and_goes_on(
    service: Service, section: str, keys: dict[str, object], reason: str
) -> None:
    service.start()
    service.configure(**{section: keys})

    service.send(signal.SIGHUP)

    url = service.next_address()
    assert fetch(url, "/api/v1/stats/bandwidth")["period_seconds"] == 12 * 3600
    ended = service.stop()
    assert ended.code == 0
    assert "the settings are not taken over: " in ended.stderr
    assert reason in ended.stderr


@pytest.mark.parametrize("text", ["", "basic_auth_users: {ann", "nonsense: 1\n"])
def test_a_hangup_while_the_web_config_is_written_opens_no_door_and_ends_nothing(service: Service, text: str) -> None:
    users = f"basic_auth_users:\n  ann: {bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n"
    file = service.folder / "web.yml"
    file.write_text(users)
    service.start(f"--web.config.file={file}")
    file.write_text(text)
    service.configure(server={"host": "0.0.0.0", "port": 0})

    service.send(signal.SIGHUP)

    service.next_address("0.0.0.0")
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.request("GET", "/api/today")
    assert connection.getresponse().status == 401
    connection.close()
    ended = service.stop()
    assert ended.code == 0
    assert "the last good web config stays in force" in ended.stderr


def test_a_second_instance_is_refused_naming_process_and_ledger(service: Service) -> None:
    service.start()

    refused = service.command("run")

    assert (refused.code, refused.stdout) == (1, "")
    assert refused.stderr == (
        f"netledger: process {service.pid} already writes {service.ledger}: "
        "stop it, or give this one another ledger.path\n"
    )


def test_a_taken_port_is_one_sentence(service: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])

        refused = service.command("run", NETLEDGER_SERVER_PORT=port)

    assert (refused.code, refused.stdout) == (1, "")
    assert refused.stderr == (
        f"netledger: 127.0.0.1:{port} is taken by another program: "
        "stop it, or set server.port (NETLEDGER_SERVER_PORT)\n"
    )


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            {"NETLEDGER_SERVER_HOST": "192.0.2.1", "NETLEDGER_AUTH_API_KEYS": "long-enough"},
            "is no address of this machine",
        ),
        ({"NETLEDGER_SERVER_HOST": "0.0.0.0"}, "can be reached from other machines, and no key is set"),
        ({"NETLEDGER_LEDGER_PATH": "/dev/null/ledger.db"}, "ledger.path: /dev/null is no folder"),
        ({"NETLEDGER_LEDGER_TIMEZONE": "Mars/Base"}, "Mars/Base is no time zone"),
    ],
)
def test_what_keeps_it_from_starting_is_one_line(service: Service, environ: dict[str, str], expected: str) -> None:
    refused = service.command("run", **environ)

    assert (refused.code, refused.stdout) == (1, "")
    assert expected in refused.stderr
    assert refused.stderr.count("\n") == 1


WEB_CONFIGS = {
    "": 1,
    "basic_auth_users:\n  ann: $2b$04$abcdefghijklmnopqrstuuA7cO7ST7zjJRgfhBCtsdWqfxVaVxBTG\n": 0,
    "http_server_config:\n  http2: true\n": 1,
    "no_such_key: 1\n": 1,
}


@pytest.mark.parametrize("text", WEB_CONFIGS)
def test_check_refuses_what_run_refuses_in_the_same_words(service: Service, text: str) -> None:
    file = service.folder / "web.yml"
    file.write_text(text, encoding="utf-8")
    service.configure(server={"host": "0.0.0.0"})

    checked = service.command("config", "check", "--web.config.file", str(file))

    assert checked.code == WEB_CONFIGS[text]
    if checked.code:
        refused = service.command("run", "--web.config.file", str(file))
        assert refused.code == 1
        assert refused.stderr.removeprefix("netledger: ") == checked.stderr


def test_every_problem_keeps_it_from_starting_and_is_said_at_once(service: Service) -> None:
    service.configure(server={"host": "192.0.2.1"}, ledger={"path": str(service.folder)})

    checked, refused = service.command("config", "check"), service.command("run")

    assert (checked.code, refused.code) == (1, 1)
    assert refused.stderr == f"netledger: {checked.stderr}"
    assert [line.split()[0] for line in checked.stderr.splitlines()] == ["server.host", "ledger.path:", "server.host:"]


def test_a_plan_that_alerts_nobody_is_a_line_of_the_log(service: Service) -> None:
    settings = json.loads(service.settings_file.read_text(encoding="utf-8"))
    settings["plans"] = [{"name": "home", "cap": "1 GB", "notify": {"command": ["/no/such/program"]}}]
    service.settings_file.write_text(json.dumps(settings), encoding="utf-8")
    service.start()

    lines = service.stop().stderr.splitlines()

    assert [line for line in lines if "/no/such/program" in line] == [
        "WARNING plan home: notify.command: there is no program /no/such/program that this user may run"
    ]


def test_a_service_that_cannot_be_reached_costs_a_reader_its_last_seconds_only(service: Service) -> None:
    service.start()
    total = service.command("summary", "--json").stdout
    with socket.socket() as deaf:  # bound, and nobody listens
        deaf.bind(("127.0.0.1", 0))
        lock = service.ledger.with_name("ledger.db.lock")
        lock.write_text(
            f'{{"pid": {service.pid}, "url": "http://127.0.0.1:{deaf.getsockname()[1]}"}}', encoding="utf-8"
        )

        done = service.command("summary", "--json")

    assert (done.code, done.stdout) == (0, total)
    assert done.stderr.startswith("without the last seconds: the service at http://127.0.0.1:")
    assert done.stderr.endswith(" did not answer: Connection refused\n")


def test_after_a_kill_the_lock_is_free_and_it_starts_again(service: Service) -> None:
    service.start()
    os.kill(service.pid, signal.SIGKILL)
    ends = time.monotonic() + WAIT_SECONDS
    while service.command("status").code != 3:
        assert time.monotonic() < ends
    assert service.ended().code == -signal.SIGKILL

    assert service.start().startswith("http://127.0.0.1:")


def test_a_log_for_programs_has_the_facts_of_a_start(service: Service, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "netledger.log"
    service.configure(applications={"meter": "sock_diag"})
    command = service._command("run", "--log.format", "json", "--log.file", str(log))
    process = subprocess.Popen(command, env=service._environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        ends = time.monotonic() + WAIT_SECONDS
        while not (log.exists() and "meters" in log.read_text(encoding="utf-8")) and time.monotonic() < ends:
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=WAIT_SECONDS)

    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert (process.returncode, stdout, stderr) == (0, b"", b"")
    assert [line["msg"] for line in lines][:3] == ["netledger listens", "ledger", "meters"]
    assert lines[1]["path"] == str(service.ledger)
    assert "not visible" in {line["msg"] for line in lines}
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_level_is_one_of_prometheus(service: Service) -> None:
    done = service.command("run", "--log.level", "loud")

    assert done.code == 2
    assert "'debug', 'info', 'warn', 'error'" in done.stderr
