"""Who is told of a threshold: a web address on loopback, a real program; tried again, never waited for."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web

from exporter.billing.notifier import ATTEMPTS, Notifier
from exporter.billing.outbox import KEPT_SECONDS, Notice, Outbox, outbox_state
from exporter.ledger.writing.writer import Writer
from exporter.meters.registry import new_stores
from exporter.settings.plans.notify import Notify

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

MESSAGE = {"plan": "<b>'\u202e👩‍🚀", "threshold_percent": 80, "used_bytes": 2**63}
PAUSE = 0.01
HEAD = "import json, sys, pathlib; "
KEY = "home:0:80"
WEBHOOK, COMMAND, NOTED = f"tell:webhook:{KEY}", f"tell:command:{KEY}", f"alert:{KEY}"


class Kept:
    """A real ledger's outbox; `lock` keeps it from being written, as another program would."""

    def __init__(self, path: Path) -> None:
        self.writer, self._executor = Writer(path, ZoneInfo("UTC"), new_stores()), ThreadPoolExecutor(1)
        self.outbox = Outbox(writer=self.writer, executor=self._executor, now=lambda: 1_781_253_900)
        self._other = sqlite3.connect(path, isolation_level=None)
        self.writer.connection.execute("PRAGMA busy_timeout = 0")

    def rows(self) -> dict[str, str]:
        return dict(
            self._other.execute("SELECT name, value FROM state WHERE name GLOB 'alert:*' OR name GLOB 'tell:*'")
        )

    def notifier(self, **more: float) -> Notifier:
        """Of a service that has just started: what another one left is told to whom `notify` says."""
        return Notifier(self.outbox, **{"first_pause": PAUSE, "recording_seconds": PAUSE, **more})

    def resumed(self, notify: Notify | None, **more: float) -> Notifier:
        notifier = self.notifier(**more)
        notifier.resume(outbox_state(self.rows()), lambda _plan: notify)
        return notifier

    @contextmanager
    def locked(self) -> Iterator[None]:
        self._other.execute("BEGIN IMMEDIATE")
        yield
        self._other.execute("ROLLBACK")

    def close(self) -> None:
        self._executor.shutdown()
        self._other.close()
        self.writer.close()


@pytest.fixture
def kept(empty_ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    shutil.copyfile(empty_ledger, path)
    made = Kept(path)
    yield made
    made.close()


class Receiver:
    """Answers with these statuses in turn, the last one from then on; `slow` seconds late."""

    def __init__(self, *statuses: int, slow: float = 0) -> None:
        self.statuses, self.slow = list(statuses), slow
        self.got: list[tuple[str, str, Any]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.got.append((request.method, request.content_type, json.loads(body) if body else None))
        await asyncio.sleep(self.slow)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status < 400 else None)


@asynccontextmanager
async def listening(receiver: Receiver) -> AsyncIterator[Receiver]:
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook?secret=xyzzy"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def until(is_done: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_done():  # noqa: ASYNC110 - what is waited for is outside this process, or private
            await asyncio.sleep(0.005)


async def finished(notifier: Notifier) -> None:
    await until(lambda: not notifier._tasks)


def tell(notifier: Notifier, notify: Notify, key: str = KEY) -> bool:
    return notifier.notify_once(key=key, notify=notify, message=MESSAGE)


async def test_a_webhook_that_fails_twice_is_told_a_third_time(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    async with listening(Receiver(500, 503, 204)) as receiver:
        notifier = kept.notifier()
        assert tell(notifier, Notify(webhook=receiver.url))
        await finished(notifier)

    assert receiver.got == [("POST", "application/json", MESSAGE)] * 3
    subject = f"80 % of plan {MESSAGE['plan']}"
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        f"the webhook did not take the notice of {subject} (attempt {n} of 5): status {s}"
        for n, s in ((1, 500), (2, 503))
    ]


async def test_a_webhook_that_never_takes_it_is_given_up(kept: Kept) -> None:
    async with listening(Receiver(404)) as receiver:
        notifier = kept.notifier(first_pause=0)
        tell(notifier, Notify(webhook=receiver.url))
        await finished(notifier)

    assert len(receiver.got) == ATTEMPTS


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirection_is_no_taking(kept: Kept, status: int) -> None:
    async with listening(Receiver(status, 200)) as receiver:
        notifier = kept.notifier(first_pause=0)
        tell(notifier, Notify(webhook=receiver.url))
        await finished(notifier)

    assert receiver.got == [("POST", "application/json", MESSAGE)] * 2


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:99999", "name.invalid"])
async def test_what_an_address_hides_is_in_no_log(kept: Kept, address: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    notifier = kept.notifier(first_pause=0)
    tell(notifier, Notify(webhook=f"http://someone:xyzzy@{address}/xyzzy?key=xyzzy"))
    await finished(notifier)

    assert caplog.text.count("attempt 5 of 5") == 1
    assert "xyzzy" not in caplog.text


async def test_a_command_gets_the_notice_on_its_input_and_no_shell_sees_it(kept: Kept, tmp_path: Path) -> None:
    got = tmp_path / "got"
    script = HEAD + "pathlib.Path(sys.argv[1]).write_text(json.dumps([json.load(sys.stdin.buffer), sys.argv[2:]]))"
    notifier = kept.notifier()
    arguments = ("$(touch gone)", "; exit 3", "*")
    tell(notifier, Notify(command=(sys.executable, "-c", script, str(got), *arguments)))
    await finished(notifier)

    assert json.loads(got.read_text(encoding="utf-8")) == [MESSAGE, list(arguments)]
    assert os.listdir(tmp_path) == ["got"]  # noqa: PTH208 - names alone


async def test_a_command_gets_none_of_our_settings(kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BANDWIDTH_API_KEY", "NETLEDGER_AUTH_API_KEYS", "NETLEDGER_CONFIG", "NEON_DB_URL", "OTHER"):
        monkeypatch.setenv(name, "xyzzy")
    got = tmp_path / "got"
    script = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(' '.join(os.environ))"
    notifier = kept.notifier()
    tell(notifier, Notify(command=(sys.executable, "-c", script, str(got))))
    await finished(notifier)

    names = set(got.read_text().split())
    assert {"OTHER", "PATH"} <= names
    assert not [name for name in names if name.startswith(("NETLEDGER", "BANDWIDTH", "NEON"))]


async def test_a_command_that_fails_is_run_again(kept: Kept, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    runs = tmp_path / "runs"
    script = HEAD + "runs = pathlib.Path(sys.argv[1]).open('a+'); runs.write('x'); sys.exit(runs.tell() < 3)"
    notifier = kept.notifier(first_pause=0)
    tell(notifier, Notify(command=(sys.executable, "-c", script, str(runs))))
    await finished(notifier)

    assert runs.read_text(encoding="utf-8") == "xxx"
    assert caplog.text.count("exit code 1") == 2


async def test_a_command_that_does_not_exist_is_a_line_in_the_log(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    notifier = kept.notifier(first_pause=0)
    tell(notifier, Notify(command=("/nowhere/notify", "xyzzy")))
    await finished(notifier)

    assert caplog.text.count("the command did not take the notice of 80 % of plan") == ATTEMPTS
    assert "there is no such program" in caplog.text
    assert "xyzzy" not in caplog.text


async def test_what_takes_too_long_is_ended_and_tried_again(
    kept: Kept, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pids = tmp_path / "pids"
    script = "import os, sys, time; print(os.getpid(), file=open(sys.argv[1], 'a'), flush=True); time.sleep(60)"
    async with listening(Receiver(200, slow=1)) as receiver:
        notifier = kept.notifier(first_pause=0, timeout_seconds=0.2)
        tell(notifier, Notify(webhook=receiver.url), "1")
        tell(notifier, Notify(command=(sys.executable, "-S", "-c", script, str(pids))), "2")
        await finished(notifier)

    assert len(receiver.got) == ATTEMPTS
    assert caplog.text.count("no answer in time") == 2 * ATTEMPTS
    for pid in pids.read_text(encoding="utf-8").split():
        assert not is_running(int(pid))


async def test_telling_waits_for_nobody(kept: Kept) -> None:
    async with listening(Receiver(200, slow=5)) as receiver:
        notifier = kept.notifier(first_pause=2)
        tell(notifier, Notify(webhook=receiver.url))
        assert not receiver.got
        await until(lambda: bool(receiver.got))
        await notifier.close()


async def test_close_ends_what_is_still_being_told(kept: Kept, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(60)"
    async with listening(Receiver(500)) as receiver:
        notifier = kept.notifier(first_pause=60)
        tell(notifier, Notify(webhook=receiver.url), "1")
        tell(notifier, Notify(command=(sys.executable, "-c", script, str(pid_file))), "2")
        await until(lambda: bool(receiver.got) and pid_file.exists() and bool(pid_file.read_text(encoding="utf-8")))
        async with asyncio.timeout(5):
            await notifier.close()

    assert not is_running(int(pid_file.read_text(encoding="utf-8")))
    assert len(receiver.got) == 1


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_notice_stands_in_the_ledger_until_it_is_taken(kept: Kept) -> None:
    async with listening(Receiver(500, 200)) as receiver:
        notifier = kept.notifier(first_pause=0.2)
        tell(notifier, Notify(webhook=receiver.url))
        await until(lambda: bool(receiver.got))
        before = kept.rows()
        await finished(notifier)

    assert before.keys() == {NOTED, WEBHOOK}
    assert json.loads(before[WEBHOOK]) == MESSAGE
    assert kept.rows().keys() == {NOTED}
    assert "xyzzy" not in str(before)


async def test_a_threshold_without_anybody_to_tell_is_noted(kept: Kept) -> None:
    notifier = kept.notifier()
    assert tell(notifier, Notify())
    await finished(notifier)

    assert kept.rows().keys() == {NOTED}


async def test_what_was_told_before_is_not_told_again(kept: Kept) -> None:
    async with listening(Receiver(200)) as receiver:
        first = kept.resumed(None)
        answers = [tell(first, Notify(webhook=receiver.url)) for _ in range(2)]
        await finished(first)
        second = kept.resumed(Notify(webhook=receiver.url))
        answers.append(tell(second, Notify(webhook=receiver.url)))
        await finished(second)

    assert answers == [True, False, False]
    assert len(receiver.got) == 1


async def test_a_stop_between_attempts_leaves_the_notice_to_the_next_service(kept: Kept) -> None:
    async with listening(Receiver(503, 200)) as receiver:
        first = kept.notifier(first_pause=60)
        tell(first, Notify(webhook=receiver.url))
        await until(lambda: bool(receiver.got))
        await first.close()
        second = kept.resumed(Notify(webhook=receiver.url))
        is_new = tell(second, Notify(webhook=receiver.url))
        await finished(second)

    assert not is_new
    assert receiver.got == [("POST", "application/json", MESSAGE)] * 2
    assert kept.rows().keys() == {NOTED}


async def test_an_attempt_that_is_under_way_at_a_stop_may_end_and_is_not_made_again(kept: Kept) -> None:
    async with listening(Receiver(200, slow=0.3)) as receiver:
        notifier = kept.notifier()
        tell(notifier, Notify(webhook=receiver.url))
        await until(lambda: bool(receiver.got))
        await notifier.close()
        await finished(kept.resumed(Notify(webhook=receiver.url)))

    assert len(receiver.got) == 1
    assert kept.rows().keys() == {NOTED}


async def test_only_the_way_that_failed_is_tried_by_the_next_service(kept: Kept, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    command = (sys.executable, "-S", "-c", "import sys; open(sys.argv[1], 'a').write('x')", str(runs))
    async with listening(Receiver(503, 200)) as receiver:
        notify = Notify(webhook=receiver.url, command=command)
        first = kept.notifier(first_pause=60)
        tell(first, notify)
        await until(lambda: WEBHOOK in kept.rows() and COMMAND not in kept.rows() and bool(receiver.got))
        await first.close()
        await finished(kept.resumed(notify))

    assert (runs.read_text(encoding="utf-8"), len(receiver.got)) == ("x", 2)


async def test_what_is_given_up_is_not_tried_by_the_next_service(kept: Kept) -> None:
    async with listening(Receiver(404)) as receiver:
        notifier = kept.notifier(first_pause=0)
        tell(notifier, Notify(webhook=receiver.url))
        await finished(notifier)
        await finished(kept.resumed(Notify(webhook=receiver.url)))

    assert len(receiver.got) == ATTEMPTS


@pytest.mark.parametrize("notify", [None, Notify(), Notify(command=("true",))])
async def test_a_notice_that_the_settings_have_no_address_for_is_let_go_loudly(
    kept: Kept, notify: Notify | None, caplog: pytest.LogCaptureFixture
) -> None:
    await kept.outbox.add(KEY, [Notice(KEY, "webhook", {"plan": "home"})])

    await finished(kept.resumed(notify))

    assert kept.rows().keys() == {NOTED}
    assert "the settings have no receiver any more for a notice of plan home" in caplog.text


async def test_a_ledger_that_is_locked_delays_no_notice_and_is_told_later(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(Receiver(200)) as receiver:
        notifier = kept.notifier()
        with kept.locked():
            assert tell(notifier, Notify(webhook=receiver.url))
            await until(lambda: bool(receiver.got) and "cannot be recorded in the ledger yet" in caplog.text)
            assert kept.rows() == {}
        await finished(notifier)
        await finished(kept.resumed(Notify(webhook=receiver.url)))

    assert len(receiver.got) == 1
    assert kept.rows().keys() == {NOTED}


async def test_what_was_noticed_years_ago_is_forgotten(kept: Kept) -> None:
    old = (("alert:old", str(1_781_253_900 - KEPT_SECONDS - 1)), ("alert:young", str(1_781_253_900 - KEPT_SECONDS)))
    kept.writer.connection.executemany("INSERT INTO state (name, value) VALUES (?, ?)", old)

    await kept.outbox.add(KEY, ())

    assert kept.rows().keys() == {"alert:young", NOTED}
