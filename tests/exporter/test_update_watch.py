"""The watch for a newer netledger, with real processes that answer as `netledger update --check-only --json`."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from typing import TYPE_CHECKING

import pytest

from exporter import update_watch
from exporter.settings.auto_update import AUTO_UPDATES
from exporter.update_watch import NEXT_SECONDS, UpdateState, UpdateWatch

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.settings.auto_update import AutoUpdate

NEWER = {"status": "available", "text": "there is one", "version": "9.0", "update_available": True, "has_failed": False}
NEWEST = {**NEWER, "status": "newest", "version": "1.0", "update_available": False}


def _watch(folder: Path, mode: AutoUpdate, document: object, *, code: int = 0, waits: bool = False) -> UpdateWatch:
    """One whose command prints the document, and notes each call: with --check-only or without.

    One that waits does so until there is a file `go`, for twenty seconds.
    """
    program, printed = folder / "netledger.py", json.dumps(document) if document else ""
    program.write_text(
        "import os, pathlib, sys, time\n"
        f"folder = pathlib.Path({str(folder)!r})\n"
        "(folder / 'pid').write_text(f'{os.getpid()}\\n')\n"
        f"for _ in range({2000 if waits else 0}):\n"
        "    time.sleep(0.01)\n"
        "    if (folder / 'go').exists(): break\n"
        f"else: {'sys.exit(1)' if waits else 'pass'}\n"
        f"open({str(folder / 'calls')!r}, 'a').write(' '.join(sys.argv[1:]) + chr(10))\n"
        f"print({printed!r}, end='')\n"
        "print('the index rests', file=sys.stderr)\n"
        f"sys.exit({code})\n",
        encoding="utf-8",
    )
    return UpdateWatch(mode, folder / "ledger.db", folder / "n.yaml", command=(sys.executable, str(program)))


async def _calls(folder: Path, count: int) -> list[str]:
    return await _lines(folder / "calls", count)


async def _lines(file: Path, count: int) -> list[str]:
    """The lines of a file, once there are so many."""
    lines: list[str] = []
    async with asyncio.timeout(30):
        while len(lines) < count:
            await asyncio.sleep(0.01)
            lines = _lines_now(file)
    return lines


def _lines_now(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


async def test_off_is_never_on(tmp_path: Path) -> None:
    assert [_watch(tmp_path, mode, NEWER).is_on for mode in AUTO_UPDATES] == [False, True, True]


@pytest.mark.parametrize(
    ("document", "code", "state"),
    [
        (NEWER, 100, UpdateState("9.0", is_available=True, note="`netledger update`")),
        (NEWEST, 0, UpdateState("1.0", is_available=False, note="`netledger update`")),
    ],
)
async def test_a_check_knows_what_the_index_has(
    document: object, code: int, state: UpdateState, tmp_path: Path
) -> None:
    watch = _watch(tmp_path, "check", document, code=code)

    await watch.check()

    assert watch.state == state
    assert await _calls(tmp_path, 1) == [f"--check-only --json --config {tmp_path / 'n.yaml'}"]
    assert watch.interval() == NEXT_SECONDS


@pytest.mark.parametrize(("document", "code"), [(None, 1), ("no object", 0)])
async def test_a_failure_is_a_line_of_the_log_and_the_last_answer_stays(
    document: object, code: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watch = _watch(tmp_path, "check", NEWER)
    await watch.check()
    before = watch.state

    _watch(tmp_path, "check", document, code=code)
    await watch.check()

    assert watch.state == before
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "does not say whether there is an update" in record.getMessage()
    assert document or "the index rests" in record.getMessage()


async def test_a_checkout_says_that_it_has_no_effect(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watch = _watch(tmp_path, "check", {"status": "by hand", "text": "it runs from a checkout"})

    await watch.check()

    assert watch.state is None
    assert "auto_update has no effect: it runs from a checkout" in caplog.text


async def test_the_event_loop_goes_on_while_the_index_is_asked(tmp_path: Path) -> None:
    watch = _watch(tmp_path, "check", NEWER, waits=True)

    asking = asyncio.create_task(watch.check())
    await _pid(tmp_path)
    (tmp_path / "go").touch()
    await asking

    assert watch.state is not None


async def test_a_watch_that_is_cancelled_leaves_no_process(tmp_path: Path) -> None:
    watch = _watch(tmp_path, "check", NEWER, waits=True)
    asking = asyncio.create_task(watch.check())
    pid = await _pid(tmp_path)

    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def _pid(folder: Path) -> int:
    (pid,) = await _lines(folder / "pid", 1)
    return int(pid)


@pytest.mark.parametrize(
    ("document", "calls"),
    [
        (NEWER, 2),
        (NEWEST, 1),
        ({**NEWER, "has_failed": True}, 1),
        ({**NEWEST, "status": "interrupted"}, 2),
    ],
)
async def test_apply_starts_the_update_unless_it_has_failed_before(
    document: object, calls: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INVOCATION_ID", raising=False)
    watch = _watch(tmp_path, "apply", document)

    await watch.check()

    made = await _calls(tmp_path, calls)
    assert made[1:] == [f"--config {tmp_path / 'n.yaml'}"] * (calls - 1)
    assert (tmp_path / "ledger.db.update.log").exists() == (calls == 2)


async def test_within_systemd_the_update_is_a_unit_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    script = programs / "systemd-run"
    script.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/unit\n', encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("INVOCATION_ID", "0123")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/nowhere")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example")
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    watch = _watch(tmp_path, "apply", NEWER)

    await watch.check()

    line = (tmp_path / "unit").read_text(encoding="utf-8")
    assert "--collect --quiet --unit=netledger-update" in line
    assert "--setenv=PIP_INDEX_URL" in line
    assert "NOTIFY_SOCKET" not in line
    assert line.rstrip().endswith(f"netledger.py --config {tmp_path / 'n.yaml'}")


async def test_a_service_that_may_not_write_its_program_acts_as_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update_watch, "PACKAGES", tmp_path / "not-there")
    watch = _watch(tmp_path, "apply", NEWER)

    await watch.check()

    assert watch.state is not None
    assert watch.state.note == "this service may not write its own program: `sudo netledger update`"
    assert await _calls(tmp_path, 1) == [f"--check-only --json --config {tmp_path / 'n.yaml'}"]
