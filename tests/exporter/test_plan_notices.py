"""Who is told of a threshold: a web address on loopback, a real program; tried again, never waited for."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from exporter.planning.notices import ATTEMPTS, Notifier
from exporter.settings import Notify

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

MESSAGE = {"plan": "<b>'\u202e👩‍🚀", "threshold_percent": 80, "used_bytes": 2**63}
PAUSE = 0.01
HEAD = "import json, sys, pathlib; "


async def remember(_key: str) -> bool:
    return True


async def forget(_key: str) -> bool:
    return False


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


async def tell(notifier: Notifier, notify: Notify, key: str = "alert:home:0:80") -> bool:
    return await notifier.tell_once(key=key, notify=notify, message=MESSAGE)


async def test_a_webhook_that_fails_twice_is_told_a_third_time(caplog: pytest.LogCaptureFixture) -> None:
    async with listening(Receiver(500, 503, 204)) as receiver:
        notifier = Notifier(remember, first_pause=PAUSE)
        assert await tell(notifier, Notify(webhook=receiver.url))
        await finished(notifier)

    assert receiver.got == [("POST", "application/json", MESSAGE)] * 3
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        f"the webhook of a plan did not take the notice (attempt {n} of 5): status {s}" for n, s in ((1, 500), (2, 503))
    ]


async def test_a_webhook_that_never_takes_it_is_given_up() -> None:
    async with listening(Receiver(404)) as receiver:
        notifier = Notifier(remember, first_pause=0)
        await tell(notifier, Notify(webhook=receiver.url))
        await finished(notifier)

    assert len(receiver.got) == ATTEMPTS


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirection_is_no_taking(status: int) -> None:
    async with listening(Receiver(status, 200)) as receiver:
        notifier = Notifier(remember, first_pause=0)
        await tell(notifier, Notify(webhook=receiver.url))
        await finished(notifier)

    assert receiver.got == [("POST", "application/json", MESSAGE)] * 2


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:99999", "name.invalid"])
async def test_what_an_address_hides_is_in_no_log(address: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    notifier = Notifier(remember, first_pause=0)
    await tell(notifier, Notify(webhook=f"http://someone:xyzzy@{address}/xyzzy?key=xyzzy"))
    await finished(notifier)

    assert caplog.text.count("attempt 5 of 5") == 1
    assert "xyzzy" not in caplog.text


async def test_a_command_gets_the_notice_on_its_input_and_no_shell_sees_it(tmp_path: Path) -> None:
    got = tmp_path / "got"
    script = HEAD + "pathlib.Path(sys.argv[1]).write_text(json.dumps([json.load(sys.stdin), sys.argv[2:]]))"
    notifier = Notifier(remember, first_pause=PAUSE)
    arguments = ("$(touch gone)", "; exit 3", "*")
    await tell(notifier, Notify(command=(sys.executable, "-c", script, str(got), *arguments)))
    await finished(notifier)

    assert json.loads(got.read_text()) == [MESSAGE, list(arguments)]
    assert os.listdir(tmp_path) == ["got"]  # noqa: PTH208 - names alone


async def test_a_command_that_fails_is_run_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    runs = tmp_path / "runs"
    script = HEAD + "runs = pathlib.Path(sys.argv[1]).open('a+'); runs.write('x'); sys.exit(runs.tell() < 3)"
    notifier = Notifier(remember, first_pause=0)
    await tell(notifier, Notify(command=(sys.executable, "-c", script, str(runs))))
    await finished(notifier)

    assert runs.read_text() == "xxx"
    assert caplog.text.count("exit code 1") == 2


async def test_a_command_that_does_not_exist_is_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    notifier = Notifier(remember, first_pause=0)
    await tell(notifier, Notify(command=("/nowhere/notify", "xyzzy")))
    await finished(notifier)

    assert caplog.text.count("the command of a plan did not take the notice") == ATTEMPTS
    assert "xyzzy" not in caplog.text


async def test_what_takes_too_long_is_ended_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pids = tmp_path / "pids"
    script = "import os, sys, time; print(os.getpid(), file=open(sys.argv[1], 'a'), flush=True); time.sleep(60)"
    async with listening(Receiver(200, slow=1)) as receiver:
        notifier = Notifier(remember, first_pause=0, timeout_seconds=0.2)
        await tell(notifier, Notify(webhook=receiver.url), "1")
        await tell(notifier, Notify(command=(sys.executable, "-S", "-c", script, str(pids))), "2")
        await finished(notifier)

    assert len(receiver.got) == ATTEMPTS
    assert caplog.text.count("no answer in time") == 2 * ATTEMPTS
    for pid in pids.read_text().split():
        assert not is_running(int(pid))


async def test_telling_waits_for_nobody() -> None:
    async with listening(Receiver(200, slow=5)) as receiver:
        notifier = Notifier(remember)
        began = time.perf_counter()
        await tell(notifier, Notify(webhook=receiver.url))
        seconds = time.perf_counter() - began
        await until(lambda: bool(receiver.got))
        await notifier.close()

    assert seconds < 1


async def test_close_ends_what_is_still_being_told(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(60)"
    async with listening(Receiver(500)) as receiver:
        notifier = Notifier(remember, first_pause=60)
        await tell(notifier, Notify(webhook=receiver.url), "1")
        await tell(notifier, Notify(command=(sys.executable, "-c", script, str(pid_file))), "2")
        await until(lambda: bool(receiver.got) and pid_file.exists() and bool(pid_file.read_text()))
        async with asyncio.timeout(5):
            await notifier.close()

    assert not is_running(int(pid_file.read_text()))
    assert len(receiver.got) == 1


@pytest.mark.parametrize(("memory", "is_told"), [(remember, 1), (forget, 0)])
async def test_what_was_told_before_is_not_told_again(memory: Any, is_told: int) -> None:
    async with listening(Receiver(200)) as receiver:
        notifier = Notifier(memory, first_pause=0)
        answers = [await tell(notifier, Notify(webhook=receiver.url)) for _ in range(3)]
        await finished(notifier)

    assert answers == [bool(is_told), False, False]
    assert len(receiver.got) == is_told


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
