"""`netledger backfill`: blocks and files that are whole or not there, and refusals that say what to do."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter.backfill.blocks import block_windows
from exporter.backfill.labels import selector, target_labels
from exporter.backfill.promtool import Block, blocks_in
from exporter.backfill.retention import prometheus_seconds, recommended, victoria_seconds
from exporter.settings.tree import Server, Settings
from reports.calendar.days import Span
from tests.exporter.cli.calls import Commands, Terminal
from tests.exporter.cli.small_ledger import NOON, write_ledger
from tests.privileges import has_many_users

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400
HALF_YEAR, TWENTY_DAYS = 4374 * 3600, 486 * 3600

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (Debian: prometheus)")


def script(path: Path, *lines: str) -> Path:
    """A program that is taken for promtool."""
    path.write_text("\n".join([f"#!{sys.executable}", *lines]), encoding="utf-8")
    path.chmod(0o755)
    return path


def samples_of(text: str) -> dict[tuple[str, str], float]:
    """The last value of each series of eth0 by name and period."""
    found = {}
    for family in text_string_to_metric_families(text):  # type: ignore[no-untyped-call]
        for sample in family.samples:
            if sample.labels.get("device") == "eth0":
                found[sample.name, sample.labels.get("period", "")] = sample.value
    return found


def test_the_numbers_are_those_of_the_other_commands(commands: Commands) -> None:
    ever, month = (commands.json(name, "--interface", "eth0") for name in ("summary", "month"))

    found = samples_of(commands("backfill").stdout)

    assert found["netledger_interface_receive_bytes_total", ""] == ever["bytes_received"]
    assert found["netledger_interface_transmit_bytes_total", ""] == ever["bytes_sent"]
    assert found["netledger_interface_period_receive_bytes", "month"] == month["summary"]["bytes_received"]


def test_a_file_holds_what_the_pipe_gets(commands: Commands, tmp_path: Path) -> None:
    target = tmp_path / "past.om"

    piped = commands("backfill")
    told = commands.json("backfill", "--output", str(target))

    assert target.read_bytes() == piped.stdout_bytes
    assert piped.stdout.endswith("# EOF\n")
    assert told["samples"] == piped.stdout.count("\n") - piped.stdout.count("# ")
    assert "--storage.tsdb.retention.time=6y" in piped.stderr
    assert (told["retention"], told["bytes"]) == ("6y", target.stat().st_size)


def test_a_file_that_is_there_is_left_alone_without_force(commands: Commands, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    target.write_text("precious", encoding="utf-8")

    refused = commands("backfill", "--output", str(target))
    held = target.read_text(encoding="utf-8")
    replaced = commands("backfill", "--output", str(target), "--force", "--format", "victoriametrics")

    assert (refused.exit_code, held, replaced.exit_code) == (1, "precious", 0)
    assert json.loads(target.read_text(encoding="utf-8").split("\n")[0])["metric"]["job"] == "netledger"


@needs_promtool
def test_blocks_hold_every_sample_and_nothing_else_is_left(commands: Commands, tmp_path: Path) -> None:
    told = commands.json("backfill", "--into", str(tmp_path / "blocks"))

    listed = subprocess.run(
        ["promtool", "tsdb", "list", str(tmp_path / "blocks")], capture_output=True, text=True, check=True
    )
    assert told["samples"] == sum(int(line.split()[4]) for line in listed.stdout.splitlines()[1:])
    assert sorted(path.name for path in (tmp_path / "blocks").iterdir()) == sorted(
        block["block"] for block in told["blocks"]
    )
    assert told["labels"] == {"job": "netledger", "instance": "127.0.0.1:7373"}


@needs_promtool
@pytest.mark.skipif(not has_many_users(), reason="only root of the machine gives files away")
def test_blocks_belong_to_the_owner_of_the_folder(commands: Commands, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 12345, 23456)

    done = commands("backfill", "--into", str(folder))

    assert done.exit_code == 0
    owners = {(path.stat().st_uid, path.stat().st_gid) for path in folder.rglob("*")}
    assert owners == {(12345, 23456)}


@needs_promtool
def test_in_a_data_folder_the_next_step_is_to_wait(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "data" / "wal").mkdir(parents=True)

    done = commands("backfill", "--into", str(tmp_path / "data"))

    assert "A running Prometheus takes the blocks in within two minutes" in done.stdout


PROMTOOLS = {
    "loses a sample": (
        "import json, pathlib, sys",
        "block = pathlib.Path(sys.argv[-1], 'B' * 26)",
        "block.mkdir(exist_ok=True)",
        "(block / 'meta.json').write_text(json.dumps({'minTime': 0, 'maxTime': 1, 'stats': {'numSamples': 7}}))",
    ),
    "refuses": ("import sys", "print('getting min and max timestamp: no', file=sys.stderr)", "sys.exit(1)"),
}


@pytest.mark.parametrize(
    ("name", "words"),
    [("loses a sample", "promtool took 7: nothing was put in"), ("refuses", "(exit code 1): getting min and max")],
)
def test_a_promtool_that_fails_leaves_nothing(name: str, words: str, commands: Commands, tmp_path: Path) -> None:
    program, folder = script(tmp_path / "promtool", *PROMTOOLS[name]), tmp_path / "blocks"

    done = commands("backfill", "--into", str(folder), "--promtool", str(program))

    assert done.exit_code == 1
    assert words in done.stderr
    assert list(folder.iterdir()) == []


def test_without_promtool_the_next_step_is_named(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    absent = commands("backfill", "--into", str(tmp_path / "blocks"))
    elsewhere = commands("backfill", "--into", str(tmp_path / "blocks"), "--promtool", "/no/such/promtool")

    assert (absent.exit_code, elsewhere.exit_code) == (1, 1)
    assert "install Prometheus (Debian's package is `prometheus`), or name it by --promtool" in absent.stderr
    assert "there is no program /no/such/promtool" in elsewhere.stderr
    assert not (tmp_path / "blocks").exists()


def test_a_folder_that_cannot_be_written_is_named(commands: Commands, tmp_path: Path) -> None:
    program = script(tmp_path / "promtool")

    done = commands("backfill", "--into", str(tmp_path / "no" / "where"), "--promtool", str(program))

    assert done.exit_code == 1
    assert f"cannot write {tmp_path / 'no' / 'where'} (No such file or directory)" in done.stderr


def test_an_end_by_sigterm_leaves_nothing(empty_ledger: Path, tmp_path: Path) -> None:
    # The process has the machine's clock: its ledger is one of today.
    ledger = tmp_path / "ledger.db"
    write_ledger(ledger, empty_ledger, int(time.time()))
    begun, folder = tmp_path / "begun", tmp_path / "blocks"
    program = script(tmp_path / "promtool", "import time", f"open({str(begun)!r}, 'x').close()", "time.sleep(60)")
    command = [sys.executable, "-m", "exporter", "backfill", "--into", str(folder), "--promtool", str(program)]
    environ = {**os.environ, "NETLEDGER_LEDGER_PATH": str(ledger), "NETLEDGER_CONFIG": str(tmp_path / "empty.yaml")}
    (tmp_path / "empty.yaml").touch()
    process = subprocess.Popen(command, env=environ)
    ends = time.monotonic() + 20
    while not begun.exists():
        assert time.monotonic() < ends
        time.sleep(0.02)
    assert list(folder.glob(".netledger-*/blocks"))

    process.send_signal(signal.SIGTERM)

    assert process.wait(10) == 143
    assert list(folder.iterdir()) == []


def test_a_new_ledger_says_that_there_is_nothing_yet(tmp_path: Path, empty_ledger: Path) -> None:
    path = tmp_path / "new.db"
    path.write_bytes(empty_ledger.read_bytes())

    done = Commands(path, NOON)("backfill", "--output", str(tmp_path / "past.om"))

    assert done.exit_code == 1
    assert "holds nothing to tell yet: leave `netledger run` counting" in done.stderr
    assert not (tmp_path / "past.om").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--into", "a", "--output", "b"), "exclude each other"),
        (("--to", "http://127.0.0.1:8428"), "add --format victoriametrics"),
        (("--format", "victoriametrics", "--into", "a"), "--into is for Prometheus"),
        (("--format", "victoriametrics", "--prometheus", "http://a"), "--prometheus is for Prometheus"),
        (("--label", "job"), "write NAME=VALUE"),
        (("--label", "9=x"), "write NAME=VALUE"),
        (("--label", "__name__=x"), "write NAME=VALUE"),
        (("--label", "device=x"), "'device' is a label of netledger's own series"),
        (("--until", "yesterday"), "--until: 'yesterday' is neither a date nor an instant"),
        (("--from", "2026-02-30"), "--from: "),
        (("--prometheus", "localhost:9090"), "write http://HOST:PORT"),
        (("--prometheus", "http://localhost:port"), "write http://HOST:PORT"),
        (("--json",), "give --output FILE"),
    ],
)
def test_nonsense_is_a_wrong_call(arguments: tuple[str, ...], message: str, commands: Commands) -> None:
    done = commands("backfill", *arguments)

    assert done.exit_code == 2
    assert message in done.stderr


def test_a_terminal_is_not_flooded(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)

    commands.on_a_terminal("backfill")

    assert "give --into DIR, --output FILE, --to URL or a pipe" in screen.text


def test_a_server_that_does_not_answer_is_named(commands: Commands, unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"

    done = commands("backfill", "--prometheus", url)

    assert (done.exit_code, done.stderr) == (1, f"Error: {url} does not answer: Connection refused\n")


def test_from_and_until_bound_every_sample(commands: Commands) -> None:
    done = commands("backfill", "--from", "2026-06-01", "--until", "2026-06-10")

    times = {int(line.rsplit(" ", 1)[1]) for line in done.stdout.splitlines() if not line.startswith("#")}
    assert min(times) == 1_780_252_200  # midnight in Kolkata
    assert max(times) == 1_781_029_800 - 1 - 899


def test_until_before_the_first_day_says_so(commands: Commands) -> None:
    done = commands("backfill", "--until", "2020-01-01")

    assert done.exit_code == 1
    assert "nothing to tell" in done.stderr


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("15d", 15 * DAY), ("1y2w", 379 * DAY), ("1w or 512MB", 7 * DAY), ("512MB", None), ("1d12h", 129_600), ("", None)],
)
def test_the_retention_of_prometheus_is_understood(told: str, seconds: float | None) -> None:
    assert prometheus_seconds(told) == seconds


@pytest.mark.parametrize(
    ("told", "seconds"), [("1", 31 * DAY), ("100y", 36_500 * DAY), ("1.5w", 10.5 * DAY), ("2M", 62 * DAY), ("no", None)]
)
def test_the_retention_of_victoriametrics_is_understood(told: str, seconds: float | None) -> None:
    assert victoria_seconds(told) == seconds


def test_a_recommended_retention_leaves_years() -> None:
    assert (recommended(0, 10), recommended(0, 3651 * DAY)) == ("6y", "15y")


@pytest.mark.parametrize(
    ("host", "port", "instance"),
    [("127.0.0.1", 7373, "127.0.0.1:7373"), ("0.0.0.0", 9000, "127.0.0.1:9000"), ("::1", 0, "[::1]:7373")],
)
def test_the_instance_is_the_address_of_the_settings(host: str, port: int, instance: str) -> None:
    settings = Settings(server=Server(host=host, port=port))

    assert target_labels(settings, ["site=at home", "job="]) == (("instance", instance), ("site", "at home"))


def test_a_label_cannot_leave_its_quotes() -> None:
    assert selector((("job", 'a"} or up{x="\n\\'),), "m") == 'm{job="a\\"} or up{x=\\"\\n\\\\"}'


def test_half_years_are_cut_small_where_blocks_are_already(tmp_path: Path) -> None:
    first = 90 * HALF_YEAR
    held = [Block(tmp_path, (first + HALF_YEAR) * 1000, (first + HALF_YEAR + DAY) * 1000, 1, 1)]

    windows = block_windows(Span(first + 5, first + 3 * HALF_YEAR), held)

    assert [hours for _, hours in windows] == [4374, *[486] * 9, 4374]
    assert [window.span for window in windows[:2]] == [
        Span(first + 5, first + HALF_YEAR),
        Span(first + HALF_YEAR, first + HALF_YEAR + TWENTY_DAYS),
    ]
    assert all(one.span.end == two.span.start for one, two in itertools.pairwise(windows))


def test_what_is_no_block_is_passed_over(tmp_path: Path) -> None:
    for name, text in (("a", "{"), ("b", "[]"), ("c", "{}"), ("d", '{"minTime": 1, "maxTime": 2}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "meta.json").write_text(text, encoding="utf-8")

    assert [(block.path.name, block.samples) for block in blocks_in(tmp_path)] == [("d", 0)]
