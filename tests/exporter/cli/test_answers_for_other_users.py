"""A command of a user who may not read the ledger is answered by the service that keeps it."""

from __future__ import annotations

import http.server
import json
import os
import re
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.exporter.cli.service_process import Ended, fetch
from tests.privileges import has_many_users

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.exporter.cli.service_process import Service

READING: tuple[tuple[str, ...], ...] = (
    (),
    ("today",),
    ("today", "--interface", "wg0"),
    ("yesterday",),
    ("--interface", "w*0"),
    ("week",),
    ("month", "2026-05"),
    ("year",),
    ("range", "--from", "2026-01-30", "--to", "2026-02-02"),
    ("summary",),
    ("records",),
    ("hours",),
    ("hours", "--map"),
    ("minutes", "--step", "15m"),
    ("days", "--last", "3"),
    ("months",),
    ("years", "--interface", "wg0"),
    ("top", "--last", "2"),
    ("plan",),
    ("plan", "default"),
    ("cost", "--per-gb", "5", "--period", "year"),
    ("forecast",),
    ("interfaces",),
    ("image", "summary", "--output", "-"),
)
RUN = "`netledger run`"


@pytest.fixture
def ask(service: Service, tmp_path: Path) -> Callable[..., Ended]:
    """Commands of a user with no ledger of his own, and no settings but what he is told of."""
    home = tmp_path / "home"
    home.mkdir()

    def call(*arguments: str, **environ: str) -> Ended:
        given = {"NETLEDGER_SERVER_PORT": str(service.port), "NETLEDGER_LEDGER_PATH": str(home / "ledger.db")}
        done = subprocess.run(
            [sys.executable, "-m", "exporter", *arguments],
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
            env={"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
            | given
            | environ,
        )
        assert not list(home.iterdir()), "asking makes no files"
        return Ended(done.returncode, done.stdout, done.stderr)

    return call


def without_clock(printed: str) -> str:
    """What does not move while two commands are called: averages until now do."""
    lines = (line for line in printed.splitlines() if "until" not in line and "hours are known" not in line)
    return re.sub(r"\d+\.\d\d (?=\S?bit/s)", "", "\n".join(lines))


def test_tables_are_those_of_the_services_own_user(service: Service, ask: Callable[..., Ended]) -> None:
    service.start()

    for arguments in READING:
        own, other = service.command(*arguments), ask(*arguments)

        assert (other.code, other.stderr) == (0, "")
        assert without_clock(other.stdout) == without_clock(own.stdout), arguments


def test_json_is_that_of_the_api(service: Service, ask: Callable[..., Ended]) -> None:
    url = service.start()
    paths = {"today": "/api/today", "week": "/api/week", "year": "/api/year", "summary": "/api/summary"}
    paths |= {"records": "/api/records", "cost": "/api/cost", "interfaces": "/api/interfaces"}

    told = {command: json.loads(ask(command, "--json").stdout) for command in paths}

    assert told == {command: fetch(url, path) for command, path in paths.items()}


def test_an_export_is_that_of_the_service(service: Service, ask: Callable[..., Ended], tmp_path: Path) -> None:
    service.start()
    path = tmp_path / "days.csv"

    printed, kept = ask("export", "--format", "csv"), ask("export", "--format", "csv", "--output", str(path))

    assert (printed.code, kept.code) == (0, 0)
    assert printed.stdout == service.command("export", "--format", "csv").stdout
    assert path.read_text(encoding="utf-8") == printed.stdout
    assert ask("export", "--interface", "nope").code == 2


def test_a_healthy_service_is_seen_and_a_stopped_one_too(service: Service, ask: Callable[..., Ended]) -> None:
    url = service.start()

    running, line = ask("status", "--json"), ask("live", "--count", "1", "--json")
    service.stop()
    stopped, started = ask("status"), ask("live", "--count", "1")

    told = json.loads(running.stdout)
    assert (running.code, told["pid"], told["url"], told["status"]) == (0, None, url, "running")
    assert json.loads(line.stdout)["bytes_received"] == 0
    assert (stopped.code, started.code) == (3, 3)
    assert RUN in started.stderr


def test_a_wrong_question_is_refused_in_the_services_words(service: Service, ask: Callable[..., Ended]) -> None:
    service.start()

    for arguments in (("today", "--interface", "nope"), ("hours", "--from", "x"), ("plan", "nope")):
        own, other = service.command(*arguments), ask(*arguments)

        assert (other.code, other.stdout) == (2, "")
        assert other.stderr.splitlines()[-1] == own.stderr.splitlines()[-1]


def test_where_a_key_is_needed_it_is_said_what_to_set(service: Service, ask: Callable[..., Ended]) -> None:
    service.configure(auth={"api_keys": ["a-secret-key"]})
    service.start()

    refused, answered = ask("today"), ask("today", NETLEDGER_AUTH_API_KEYS="a-secret-key")

    assert refused.code == 1
    assert "asks for a key" in refused.stderr
    assert "NETLEDGER_AUTH_API_KEYS" in refused.stderr
    assert RUN not in refused.stderr
    assert (answered.code, answered.stderr) == (0, "")
    assert "Total" in answered.stdout
    assert ask("status").code == 1


@pytest.mark.parametrize("arguments", [("audit",), ("ledger", "info"), ("ledger", "backup"), ("ledger", "verify")])
def test_what_needs_the_file_says_so_and_starts_no_second_service(
    service: Service, ask: Callable[..., Ended], arguments: tuple[str, ...]
) -> None:
    url = service.start()

    done = ask(*arguments)

    assert (done.code, done.stdout) == (1, "")
    assert url in done.stderr
    assert "this command needs the file: call it as the user who runs that one" in done.stderr
    assert RUN not in done.stderr


def test_doctor_says_what_it_can(service: Service, ask: Callable[..., Ended]) -> None:
    url = service.start()

    findings: list[dict[str, Any]] = json.loads(ask("doctor", "--json").stdout)["findings"]

    about = {found["topic"]: found for found in findings}
    assert (about["service"]["level"], about["ledger"]["level"]) == ("fact", "limit")
    assert url in about["service"]["text"]
    assert not [found for found in findings if RUN in found["remedy"]]


class _Stranger(http.server.BaseHTTPRequestHandler):
    """Some other program's web server, with an API of its own."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status": "ok"}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[int]:
    """A port where something else answers."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Stranger)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_where_something_else_answers_it_is_said_so(ask: Callable[..., Ended], stranger: int) -> None:
    done = ask("today", NETLEDGER_SERVER_PORT=str(stranger))

    assert done.code == 1
    assert f"what answers at 127.0.0.1:{stranger} is not netledger" in done.stderr


@pytest.mark.parametrize("host", ["127.0.0.9", "::1", "localhost"])
def test_a_closed_port_is_no_stranger(ask: Callable[..., Ended], host: str) -> None:
    done = ask("today", NETLEDGER_SERVER_PORT="1", NETLEDGER_SERVER_HOST=host, NETLEDGER_AUTH_API_KEYS="long-enough")

    assert done.stderr.endswith("yet: start one with `netledger run`\n")


def test_where_nobody_answers_it_is_said_how_to_start(service: Service, ask: Callable[..., Ended]) -> None:
    service.start()
    service.stop()

    assert ask("today").stderr.endswith("yet: start one with `netledger run`\n")


@pytest.mark.skipif(not has_many_users(), reason="only root of the machine can become somebody else")
def test_a_user_who_may_not_see_the_systems_ledger_and_settings_is_answered(service: Service, tmp_path: Path) -> None:
    service.start()
    own = service.command("today")
    service.ledger.parent.chmod(0o700)
    closed = tmp_path / "system.yaml"
    closed.write_text("auth: {api_keys: [a-secret-key]}")
    closed.chmod(0o600)
    # The child takes another user on in this interpreter, which nobody else may be able to start.
    program = (
        "import exporter.cli.usage, reports.formats.json.cost, exporter.settings.loading as loading, pathlib, os, sys; "
        "from exporter.cli.root import netledger; "
        f"loading.SYSTEM_FILE = pathlib.Path({str(closed)!r}); sys.argv[1:] = ['today']; "
        "os.setgroups([]); os.setgid(65534); os.setuid(65534); netledger()"
    )

    other = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        cwd="/",
        env={
            "HOME": "/nonexistent",
            "NETLEDGER_LEDGER_PATH": str(service.ledger),
            "NETLEDGER_SERVER_PORT": str(service.port),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
    )

    assert (other.returncode, other.stderr) == (0, "")
    assert without_clock(other.stdout) == without_clock(own.stdout)
