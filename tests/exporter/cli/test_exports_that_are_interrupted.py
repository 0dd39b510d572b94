"""An export that cannot be finished leaves what was there, and nothing beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.bench.seeding import History, add_up_days, seed
from tests.exporter.cli.calls import Commands

if TYPE_CHECKING:
    from collections.abc import Callable

YEARS = History(("eth0", "wg0"), 400)
PATIENCE_SECONDS = 20


@pytest.fixture(scope="module")
def large_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Quarter hours enough for a second of writing."""
    path = tmp_path_factory.mktemp("large") / "ledger.db"
    seed(path, YEARS)
    add_up_days(path, ZoneInfo("UTC"))
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
@pytest.mark.parametrize("before", [None, "what was there"], ids=["new", "replaced"])
def test_it_leaves_everything_as_it_was(
    number: signal.Signals, before: str | None, large_ledger: Path, tmp_path: Path
) -> None:
    target = tmp_path / "slots.csv"
    if before is not None:
        target.write_text(before, encoding="utf-8")
    arguments = ["export", "--resolution", "slot", "--format", "csv", "--output", str(target), "--force"]

    # Whoever runs the tests may ignore Ctrl-C, and who starts a program passes that on.
    with subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, "-m", "exporter", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env=_environ(large_ledger),
    ) as process:
        _until(lambda: any(path.stat().st_size for path in tmp_path.glob(".slots.csv.*")))
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode != 0
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ([] if before is None else ["slots.csv"])
    assert before is None or target.read_text(encoding="utf-8") == before


def _until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < ends, "nothing was written"
        time.sleep(0.001)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("arguments", [("export", "--format", "csv"), ("today",), ("plan", "--json")], ids=" ".join)
def test_a_full_disk_behind_the_pipe_is_one_sentence(arguments: tuple[str, ...], large_ledger: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "exporter", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
            env=_environ(large_ledger),
        )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "Error: cannot write the answer: No space left on device"
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize("force", [(), ("--force",)], ids=["", "--force"])
@pytest.mark.parametrize("far", ["link", "far"], ids=["to itself", "to each other"])
def test_links_in_a_circle_stay_and_are_no_traceback(
    large_ledger: Path, tmp_path: Path, far: str, force: tuple[str, ...]
) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / far)
    if far != "link":
        (tmp_path / far).symlink_to(link)

    done = Commands(large_ledger, time.time())("export", "--format", "csv", "--output", str(link), *force)

    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert f"cannot write {link}: Too many levels of symbolic links" in done.stderr
    assert link.is_symlink()


def _environ(ledger: Path) -> dict[str, str]:
    return {**os.environ, "NETLEDGER_LEDGER_PATH": str(ledger), "NETLEDGER_CONFIG": os.devnull}
