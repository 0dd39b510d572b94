"""A service counts, reloads and ends well, whatever becomes of what it prints and logs."""

from __future__ import annotations

import fcntl
import http.client
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from exporter.ledger.locks.holder import Holder, find_holder
from exporter.terminal.service_output import QUEUE_LINES, ServiceOutput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.exporter.cli.service_process import Service

WAIT_SECONDS = 20


@contextmanager
def full_device() -> Iterator[IO[bytes]]:
    with Path("/dev/full").open("wb") as device:
        yield device


@contextmanager
def a_pipe_without_a_reader() -> Iterator[IO[bytes]]:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb", buffering=0) as pipe:
        yield pipe


@contextmanager
def a_full_pipe_that_nobody_empties() -> Iterator[IO[bytes]]:
    read, write = os.pipe()
    with os.fdopen(read, "rb"), os.fdopen(write, "wb", buffering=0) as pipe:
        flags = fcntl.fcntl(write, fcntl.F_GETFL)
        fcntl.fcntl(write, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        while pipe.write(b"x" * 512):
            pass
        fcntl.fcntl(write, fcntl.F_SETFL, flags)
        yield pipe


def listening_after(service: Service, before: Holder | None) -> Holder:
    """The holder of the ledger once it listens with another token than before."""
    ends = time.monotonic() + WAIT_SECONDS
    while True:
        holder = find_holder(service.ledger)
        if holder and holder.token and (before is None or holder.token != before.token):
            return holder
        assert time.monotonic() < ends
        time.sleep(0.02)


def answers(holder: Holder) -> bool:
    connection = http.client.HTTPConnection(holder.url.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == 200
    finally:
        connection.close()


@pytest.mark.parametrize("output", [full_device, a_pipe_without_a_reader, a_full_pipe_that_nobody_empties])
def test_an_output_that_takes_nothing_ends_no_service(service: Service, output: type) -> None:
    service.configure(auth={"api_keys": ["short"]})  # which is warned of
    with output() as taken:
        process = subprocess.Popen(
            service._command("run"), stdout=taken, stderr=taken, env=service._environ(), process_group=0
        )
        try:
            first = listening_after(service, None)
            process.send_signal(signal.SIGHUP)
            second = listening_after(service, first)
            assert answers(second)
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT_SECONDS) == 0
        finally:
            process.kill()
            process.wait()


def test_lines_come_in_their_order_and_to_their_streams() -> None:
    program = (
        "import logging; from exporter.terminal.service_output import ServiceOutput\n"
        "with ServiceOutput() as output:\n"
        "    logging.basicConfig(handlers=[output])\n"
        "    for number in range(300):\n"
        "        output.write_line(f'line {number} \\udcff')\n"
        "        logging.warning('record %d', number)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert done.stdout.decode().splitlines() == [f"line {number} \\udcff" for number in range(300)]
    assert done.stderr.decode().splitlines() == [f"WARNING:root:record {number}" for number in range(300)]


def test_what_waits_for_an_output_has_a_limit() -> None:
    with a_full_pipe_that_nobody_empties() as pipe:
        stderr = os.dup(pipe.fileno())
        output = ServiceOutput(stderr=stderr)
        for number in range(3 * QUEUE_LINES):
            output.emit(logging.makeLogRecord({"msg": f"record {number}"}))

        assert output._lines.qsize() == QUEUE_LINES
    with output:  # the pipe has no reader any more: what waits is dropped
        pass
    assert not output._thread.is_alive()
    os.close(stderr)
