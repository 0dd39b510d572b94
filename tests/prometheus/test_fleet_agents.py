"""Agents on machines that no server reaches: the shipped files, run by the real programs into real servers."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from tests.exporter.cli.service_process import Service
from tests.prometheus.rule_files import FOLDER, load, needs_promtool, promtool
from tests.worlds.server_process import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.prometheus

PATIENCE_SECONDS = 30
AWAY_SECONDS = 4
SENT, NOT_SENT = "netledger_machine_receive_bytes_total", "netledger_machine_daily_receive_bytes"
PARTS = ("daily", "monthly", "python_info", "process_open_fds", "scrape_duration_seconds")
RECEIVER = "http://127.0.0.1:8428/api/v1/write"


class Program(NamedTuple):
    """A program: its command, with FOLDER for a folder of its own, URL for the receiver, PORT for its own port."""

    name: str
    command: tuple[str, ...]


AGENTS = (
    Program(
        "prometheus",
        (
            "prometheus",
            "--enable-feature=agent",
            "--config.file=FOLDER/agent.yml",
            "--storage.agent.path=FOLDER/data",
            "--web.listen-address=127.0.0.1:PORT",
        ),
    ),
    Program(
        "vmagent",
        (
            "vmagent",
            "-promscrape.config=FOLDER/vmagent.yml",
            "-remoteWrite.url=URL",
            "-remoteWrite.urlRelabelConfig=FOLDER/vmagent-relabel.yml",
            "-remoteWrite.tmpDataPath=FOLDER/data",
            "-remoteWrite.queues=1",
            "-httpListenAddr=127.0.0.1:PORT",
        ),
    ),
)
RECEIVERS = (
    Program(
        "victoria-metrics",
        (
            "victoria-metrics",
            "-storageDataPath=FOLDER/data",
            "-httpListenAddr=127.0.0.1:PORT",
            "-memory.allowedPercent=10",
            "-search.latencyOffset=0s",
        ),
    ),
    Program(
        "prometheus",
        (
            "prometheus",
            "--web.enable-remote-write-receiver",
            "--config.file=FOLDER/empty.yml",
            "--storage.tsdb.path=FOLDER/data",
            "--web.listen-address=127.0.0.1:PORT",
        ),
    ),
)


class Receiver:
    """A server that is written to; it may be away for a while."""

    def __init__(self, program: Program, folder: Path) -> None:
        folder.mkdir()
        (folder / "empty.yml").write_text("global: {}\n", encoding="utf-8")
        self.port, self._folder = free_port(), folder
        self._command = _filled(program, folder, PORT=str(self.port))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1/write"

    def start(self) -> None:
        self._process = _started(self._command, self._folder)
        _eventually(lambda: self.ask("vector(1)"))

    def stop(self) -> None:
        if self._process is not None:
            _end(self._process)
            self._process = None

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The series of an instant query; none while it does not answer."""
        asked = urllib.parse.urlencode({"query": query, "nocache": 1})
        try:
            self._flush()
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{asked}", timeout=5) as answer:
                found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
                return found
        except OSError:
            return []

    def _flush(self) -> None:
        """What came is found at once: VictoriaMetrics would wait for a second."""
        if self._command[0] == "victoria-metrics":
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/internal/force_flush", timeout=5).close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A netledger that counts loopback, over which it is scraped."""
    folder = tmp_path_factory.mktemp("laptop")
    service = Service(folder, folder / "ledger.db")
    service.configure(interfaces={"include": ["lo"], "counted": ["lo"]})
    try:
        yield service.start().removeprefix("http://")
    finally:
        service.end()


@pytest.fixture(params=RECEIVERS, ids=lambda program: program.name)
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Receiver]:
    _require(request.param)
    found = Receiver(request.param, tmp_path / "receiver")
    try:
        found.start()
        yield found
    finally:
        found.stop()


@pytest.mark.parametrize("agent", AGENTS, ids=lambda program: program.name)
def test_an_agent_sends_what_it_scrapes_and_what_it_could_not_send(
    agent: Program, receiver: Receiver, address: str, tmp_path: Path
) -> None:
    with running(agent, tmp_path / "agent", address, receiver.url):
        _eventually(lambda: receiver.ask(f'{SENT}{{instance="laptop", job="netledger"}}'))
        gone = time.time()
        receiver.stop()
        time.sleep(AWAY_SECONDS)
        back = time.time()
        receiver.start()
        missed = f'up{{instance="laptop"}}[{PATIENCE_SECONDS * 2}s]'
        _eventually(lambda: len(_within(receiver.ask(missed), gone + 1, back)) > 1)

        assert {each["metric"]["instance"] for each in receiver.ask('{__name__=~"netledger_.+"}')} == {"laptop"}
        assert not receiver.ask(f'{{__name__=~".*({"|".join(PARTS)}).*"}}')
        assert not receiver.ask(NOT_SENT)


def test_what_is_not_sent_is_on_the_page(address: str) -> None:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        page = answer.read().decode()

    assert NOT_SENT in page
    assert "process_open_fds" in page


def test_both_agents_leave_out_the_same() -> None:
    (written,) = load(FOLDER / "agent.yml")["remote_write"]

    assert written["url"] == RECEIVER
    assert written["write_relabel_configs"] == load(FOLDER / "vmagent-relabel.yml")
    assert load(FOLDER / "agent.yml")["scrape_configs"] == load(FOLDER / "vmagent.yml")["scrape_configs"]


@needs_promtool
def test_promtool_takes_the_agents_configuration() -> None:
    code, said = promtool("check", "config", "--agent", FOLDER / "agent.yml")

    assert code == 0, said


@pytest.mark.parametrize("agent", AGENTS, ids=lambda program: program.name)
def test_the_head_of_the_file_has_the_command(agent: Program) -> None:
    """Flags of the test but for the address that the agent itself listens on."""
    name = "agent.yml" if agent.name == "prometheus" else "vmagent.yml"
    head = (FOLDER / name).read_text(encoding="utf-8").partition("\nglobal:")[0].replace("\\\n#", "")
    (line,) = (line for line in head.splitlines() if line.startswith(f"#   {agent.command[0]} "))

    told = {flag.partition("=")[0] for flag in line.split() if flag.startswith("-")}
    assert told == {flag.partition("=")[0] for flag in agent.command[1:] if "PORT" not in flag}


@contextmanager
def running(agent: Program, folder: Path, address: str, url: str) -> Iterator[None]:
    """The agent over the shipped files; only addresses and the pace are others."""
    _require(agent)
    folder.mkdir()
    for name in ("agent.yml", "vmagent.yml", "vmagent-relabel.yml"):
        text = (FOLDER / name).read_text(encoding="utf-8")
        text = text.replace("127.0.0.1:7373", address).replace(RECEIVER, url).replace("15s", "1s")
        assert yaml.safe_load(text)
        (folder / name).write_text(text, encoding="utf-8")
    process = _started(_filled(agent, folder, URL=url, PORT=str(free_port())), folder)
    try:
        yield
        assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
    finally:
        _end(process)


def _within(series: list[dict[str, Any]], start: float, end: float) -> list[float]:
    """Times of samples of the stretch."""
    return [at for each in series for at, _ in each["values"] if start <= at <= end]


def _filled(program: Program, folder: Path, **values: str) -> list[str]:
    command = [part.replace("FOLDER", str(folder)) for part in program.command]
    for name, value in values.items():
        command = [part.replace(name, value) for part in command]
    return command


def _require(program: Program) -> None:
    if shutil.which(program.command[0]) is None:
        pytest.skip(f"needs {program.command[0]} (Debian packages prometheus and victoria-metrics)")


def _started(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _eventually(holds: Callable[[], object]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.1)
