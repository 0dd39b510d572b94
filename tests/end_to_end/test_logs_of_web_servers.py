"""Logs that nginx, Apache and Caddy write themselves, rotated under load: what clients sent is what is counted."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import http.client
import json
import shutil
import socket
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from click.testing import CliRunner

from exporter.cli.root import netledger
from exporter.ledger.schema import migrate
from exporter.meters.requests.intake import Intake
from exporter.meters.requests.logs.following import LogFollower
from exporter.meters.requests.logs.formats import apache, nginx
from exporter.meters.requests.logs.formats.named import format_of
from exporter.session.environment import Environment
from tests.exporter.cli.small_ledger import write_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from exporter.meters.requests.events import Batch

CLIENTS, REQUESTS, ROTATIONS = 6, 150, 4
TIMED = f"{apache.COMBINED} %D %I"

NGINX = """
user {user}; daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 2;
events {{ worker_connections 64; }}
http {{
  log_format timed '{format}';
  access_log {folder}/access.log timed;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; location /missing {{ return 404; }} location / {{ return 200 "ok"; }} }}
}}
"""
APACHE = """
ServerRoot {folder}
ServerName localhost
PidFile {folder}/pid
Listen 127.0.0.1:{port}
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
User www-data
Group www-data
LogFormat "{format}" timed
CustomLog {folder}/access.log timed
DocumentRoot {folder}/www
RedirectMatch 404 ^/missing
RedirectMatch 410 ^/items/
"""
CADDY = """
{{
  admin off
  auto_https off
}}
http://127.0.0.1:{port} {{
  log {{
    output file {folder}/access.log {{
      roll_size 1MiB
    }}
  }}
  respond /missing/* "no" 404
  respond "ok"
}}
"""
CADDY_AGENT = "x" * 5000
"""Caddy rotates its log itself, by size: by 1 MiB at least."""


class Sent(NamedTuple):
    """What clients asked for and were answered, and the bytes of all bodies."""

    answers: Counter[tuple[str, str, int]]
    body_bytes: int


class RecordingIntake(Intake):
    """An intake whose every batch is in the ledger at once."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: Counter[tuple[str, str, int]] = Counter()
        self.timed = self.with_request_bytes = self.body_bytes = self.refused = 0

    async def add(self, batch: Batch) -> None:
        self.add_soon(batch)
        own = [event for event in batch.events if event.path != "*"]  # Apache's to itself
        self.counted.update((event.method, event.path or event.route, event.code) for event in own)
        self.timed += sum(event.duration is not None for event in own)
        self.with_request_bytes += sum(event.request_bytes > 0 for event in own)
        self.body_bytes += sum(event.response_bytes for event in own)
        self.refused += batch.refused


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def _serving(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command) as server:
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.05)
            yield server
        finally:
            server.terminate()
            server.wait(20)


def _ask(port: int, client: int, agent: str) -> Sent:
    """Requests over connections of their own, as a server that opens its log anew may close one."""
    answers: Counter[tuple[str, str, int]] = Counter()
    body_bytes = 0
    for number in range(REQUESTS):
        method = "HEAD" if number % 7 == 0 else "GET"
        path = f"/missing/{client}-{number}" if number % 5 == 0 else f"/items/{client}-{number}"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request(method, path + "?q=%22", headers={"User-Agent": agent})
        answer = connection.getresponse()
        body_bytes += len(answer.read())
        answers[method, path, answer.status] += 1
        connection.close()
    return Sent(answers, body_bytes)


def _counted_and_sent(
    folder: Path, port: int, log_format: str, rotate: Callable[[int], object], agent: str = 'a "quoted" \\ agent'
) -> tuple[RecordingIntake, Sent]:
    """Load and rotate at once, while the log is followed."""
    intake, path = RecordingIntake(), folder / "access.log"
    follower = LogFollower("shop", path, format_of(log_format), intake)

    async def turns() -> Sent:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(CLIENTS) as pool:
            asking = [loop.run_in_executor(pool, _ask, port, client, agent) for client in range(CLIENTS)]
            for rotation in range(ROTATIONS):
                await follower.turn()
                await asyncio.to_thread(rotate, rotation)
                await asyncio.sleep(0.2)
            each = await asyncio.gather(*asking)
        sent = Sent(sum((one.answers for one in each), Counter()), sum(one.body_bytes for one in each))
        deadline = loop.time() + 20
        while sum(intake.counted.values()) < sum(sent.answers.values()) and loop.time() < deadline:
            if not await follower.turn():
                await asyncio.sleep(0.05)
        while await follower.turn():
            pass
        return sent

    try:
        return intake, asyncio.run(turns())
    finally:
        follower.close()


def _renaming(folder: Path, reopen: list[str]) -> Callable[[int], object]:
    """A rotation as logrotate does it, with the command that has the log opened anew."""

    def rotate(rotation: int) -> None:
        (folder / "access.log").rename(folder / f"access.log.{ROTATIONS - rotation}")
        subprocess.run(reopen, check=True)

    return rotate


def _check(intake: RecordingIntake, sent: Sent) -> None:
    assert intake.counted == sent.answers
    assert intake.timed == sum(sent.answers.values())
    assert intake.body_bytes == sent.body_bytes
    assert not intake.refused


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_rotated_under_load_is_counted_exactly(tmp_path: Path) -> None:
    port, config = _free_port(), tmp_path / "nginx.conf"
    # Its workers open the log again, in a folder that is ours alone
    config.write_text(
        NGINX.format(folder=tmp_path, port=port, user=getpass.getuser(), format=nginx.TIMED), encoding="utf-8"
    )
    command = ["nginx", "-c", str(config), "-e", str(tmp_path / "error.log")]

    with _serving(command, port):
        intake, sent = _counted_and_sent(tmp_path, port, "timed", _renaming(tmp_path, [*command, "-s", "reopen"]))

    _check(intake, sent)
    assert intake.with_request_bytes == intake.timed


@pytest.mark.skipif(shutil.which("apache2") is None, reason="Apache is not installed")
def test_apache_rotated_under_load_is_counted_exactly(tmp_path: Path) -> None:
    port, config = _free_port(), tmp_path / "apache.conf"
    (tmp_path / "www").mkdir()
    quoted = TIMED.replace('"', '\\"')
    config.write_text(APACHE.format(folder=tmp_path, port=port, format=quoted), encoding="utf-8")
    command = ["apache2", "-f", str(config)]

    with _serving([*command, "-DFOREGROUND"], port):
        intake, sent = _counted_and_sent(tmp_path, port, TIMED, _renaming(tmp_path, [*command, "-k", "graceful"]))

    _check(intake, sent)
    assert intake.with_request_bytes == intake.timed


@pytest.mark.skipif(shutil.which("caddy") is None, reason="Caddy is not installed")
def test_caddy_that_rotates_and_compresses_under_load_is_counted_and_imported_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    port, config = _free_port(), tmp_path / "Caddyfile"
    config.write_text(CADDY.format(folder=tmp_path, port=port), encoding="utf-8")

    with _serving(["caddy", "run", "--adapter", "caddyfile", "--config", str(config)], port):
        intake, sent = _counted_and_sent(tmp_path, port, "caddy", lambda _: None, CADDY_AGENT)
        rotated = _compressed(tmp_path)

    _check(intake, sent)
    assert rotated
    imported = _imported([*rotated, tmp_path / "access.log"], tmp_path / "ledger.db")
    assert sum(each["requests"] for each in imported) == sum(sent.answers.values())
    assert {(each["format"], each["refused"], each["problem"]) for each in imported} == {("caddy", 0, "")}


def _compressed(folder: Path) -> list[Path]:
    """Rotated logs of Caddy, once it has compressed them all."""
    for _ in range(200):
        rotated = sorted(folder.glob("access-*.log*"))
        if all(path.suffix == ".gz" for path in rotated):
            break
        time.sleep(0.05)
    return rotated


def _imported(logs: list[Path], ledger: Path) -> list[dict[str, Any]]:
    """What `netledger requests import` says of each file, into a ledger of its own."""
    migrate(ledger.with_name("template.db"))
    write_ledger(ledger, ledger.with_name("template.db"), int(time.time()))
    environment = Environment(environ={"NETLEDGER_LEDGER_PATH": str(ledger)})
    command = ["requests", "import", *map(str, logs), "--service", "shop", "--json"]
    done = CliRunner().invoke(netledger, command, obj=environment)
    assert done.exit_code == 0, done.output
    files: list[dict[str, Any]] = json.loads(done.stdout)["files"]
    return files
