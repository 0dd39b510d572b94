"""Logs that nginx and Apache write themselves, rotated under load: what clients sent is what is counted."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import http.client
import shutil
import socket
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from exporter.meters.requests.intake import Intake
from exporter.meters.requests.logs.following import LogFollower
from exporter.meters.requests.logs.formats import apache, nginx
from exporter.meters.requests.logs.formats.named import format_of

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


class RecordingIntake(Intake):
    """An intake whose every batch is in the ledger at once."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: Counter[tuple[str, str, int]] = Counter()
        self.timed = self.refused = 0

    async def add(self, batch: Batch) -> None:
        self.add_soon(batch)
        self.counted.update((event.method, event.path or event.route, event.code) for event in batch.events)
        self.timed += sum(event.duration is not None and event.request_bytes > 0 for event in batch.events)
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


def _ask(port: int, client: int) -> Counter[tuple[str, str, int]]:
    """Requests over one connection that is opened anew where the server closes it; what was answered."""
    answered: Counter[tuple[str, str, int]] = Counter()
    for number in range(REQUESTS):
        method = "HEAD" if number % 7 == 0 else "GET"
        path = f"/missing/{client}-{number}" if number % 5 == 0 else f"/items/{client}-{number}"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request(method, path + "?q=%22", headers={"User-Agent": 'a "quoted" \\ agent'})
        answer = connection.getresponse()
        answer.read()
        answered[method, path, answer.status] += 1
        connection.close()
    return answered


def _counted_and_sent(
    folder: Path, port: int, log_format: str, reopen: Callable[[], object]
) -> tuple[RecordingIntake, Counter[tuple[str, str, int]]]:
    """Load and rotate at once, while the log is followed."""
    intake, path = RecordingIntake(), folder / "access.log"
    follower = LogFollower("shop", path, format_of(log_format), intake)

    async def turns() -> Counter[tuple[str, str, int]]:
        loop, sent = asyncio.get_running_loop(), Counter[tuple[str, str, int]]()
        with ThreadPoolExecutor(CLIENTS) as pool:
            asking = [loop.run_in_executor(pool, _ask, port, client) for client in range(CLIENTS)]
            for rotation in range(ROTATIONS):
                await follower.turn()
                path.rename(folder / f"access.log.{ROTATIONS - rotation}")
                await asyncio.to_thread(reopen)
                await asyncio.sleep(0.2)
            for each in await asyncio.gather(*asking):
                sent += each
        deadline = loop.time() + 20
        while sum(intake.counted.values()) < sum(sent.values()) and loop.time() < deadline:
            if not await follower.turn():
                await asyncio.sleep(0.05)
        while await follower.turn():
            pass
        return sent

    try:
        return intake, asyncio.run(turns())
    finally:
        follower.close()


def _check(intake: RecordingIntake, sent: Counter[tuple[str, str, int]]) -> None:
    counted = Counter({key: count for key, count in intake.counted.items() if key[1] != "*"})  # Apache's to itself
    assert counted == sent
    assert intake.timed >= sum(sent.values())
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
        found = _counted_and_sent(
            tmp_path, port, "timed", lambda: subprocess.run([*command, "-s", "reopen"], check=True)
        )

    _check(*found)


@pytest.mark.skipif(shutil.which("apache2") is None, reason="Apache is not installed")
def test_apache_rotated_under_load_is_counted_exactly(tmp_path: Path) -> None:
    port, config = _free_port(), tmp_path / "apache.conf"
    (tmp_path / "www").mkdir()
    quoted = TIMED.replace('"', '\\"')
    config.write_text(APACHE.format(folder=tmp_path, port=port, format=quoted), encoding="utf-8")
    command = ["apache2", "-f", str(config)]

    with _serving([*command, "-DFOREGROUND"], port):
        found = _counted_and_sent(
            tmp_path, port, TIMED, lambda: subprocess.run([*command, "-k", "graceful"], check=True)
        )

    _check(*found)
