"""SIGKILL at random instants while a log is written and rotated, and while spans come: each counts exactly once."""

from __future__ import annotations

import random
import shutil
import threading
import time
from typing import TYPE_CHECKING

import pytest
from google.protobuf.json_format import MessageToJson  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from tests.end_to_end.killed_service import READY_SECONDS, KilledService

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INSTANTS = 8
SPANS = 30
SUMS = (
    "SELECT service, sum(requests), sum(response_bytes) FROM request_by_day WHERE code <> '(all)' GROUP BY service",
    "SELECT service, sum(requests), sum(response_bytes) FROM request_by_slot WHERE code <> '(all)' GROUP BY service",
    "SELECT name, count(*), sum(response_bytes) FROM request_log JOIN request_service ON id = service GROUP BY name",
)
PROTOBUF, JSON = "application/x-protobuf", "application/json"


class Work(threading.Thread):
    """Does its work again and again until it is stopped."""

    def __init__(self, turn: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._turn, self._stopped = turn, threading.Event()

    def run(self) -> None:
        """Turn after turn; the last one is whole."""
        while not self._stopped.is_set():
            self._turn()

    def stop(self) -> None:
        """Wait for the end of the last turn."""
        self._stopped.set()
        self.join(READY_SECONDS)
        assert not self.is_alive()


class WebServer:
    """Writes a log in pieces that do not end with lines, and rotates it; with `is_copied`, as copytruncate does.

    The number of a line is the size of its answer, so that the sum tells of lines that were lost and doubled.
    """

    def __init__(self, log: Path, *, is_copied: bool) -> None:
        self._rotate = self._copy_and_truncate if is_copied else self._rename
        self._log, self._chance = log, random.Random(log.name)  # noqa: S311 - the same in every run
        self._file, self._held = log.open("ab", buffering=0), b""
        self.lines = self._rotations = 0

    def write(self) -> None:
        """Some lines, and now and then a rotation."""
        for _ in range(self._chance.randrange(1, 30)):
            self.lines += 1
            self._held += self._line(self.lines)
        place = self._chance.randrange(len(self._held))
        self._file.write(self._held[:place])
        self._held = self._held[place:]
        if self._chance.random() < 1 / 100:
            self._rotate()
        time.sleep(0.02)

    def close(self) -> None:
        """Write what is left."""
        self._file.write(self._held)
        self._file.close()

    def _rename(self) -> None:
        self._log.rename(self._rotated())
        self._file.write(self._held)  # a server goes on in the old file until it opens the log anew
        self._held = b""
        self._file.close()
        self._file = self._log.open("ab", buffering=0)

    def _copy_and_truncate(self) -> None:
        self._file.write(self._held)  # a line that is written in between is lost to copytruncate itself
        self._held = b""
        shutil.copyfile(self._log, self._rotated())
        self._file.truncate(0)

    def _rotated(self) -> Path:
        self._rotations += 1
        return self._log.with_name(f"{self._log.name}.{self._rotations}")

    def _line(self, number: int) -> bytes:
        now = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
        client = f"192.0.2.{self._chance.randrange(256)}"
        return f'{client} - - [{now}] "GET /items/{number} HTTP/1.1" 200 {number} "-" "curl/8"\n'.encode()


class Sender:
    """Sends bodies of spans over HTTP, each until it is acknowledged, as OpenTelemetry's exporters do."""

    def __init__(self, service: KilledService, name: str, media_type: str) -> None:
        self._service, self._name, self._type = service, name, media_type
        self.sent = 0

    def send(self) -> None:
        """One body, by the same bytes as often as it takes."""
        body, ends = self._body(), time.monotonic() + READY_SECONDS
        while True:
            try:
                self._service.post_bytes("/v1/traces", body, self._type)
            except OSError:  # killed, or not up yet
                assert time.monotonic() < ends, "no answer"
                time.sleep(0.01)
            else:
                return

    def _body(self) -> bytes:
        spans = [self._span() for _ in range(SPANS)]
        resource = Resource(attributes=[_attribute("service.name", self._name)])
        request = ExportTraceServiceRequest(
            resource_spans=[ResourceSpans(resource=resource, scope_spans=[ScopeSpans(spans=spans)])]
        )
        body: bytes = request.SerializeToString() if self._type == PROTOBUF else MessageToJson(request).encode()
        return body

    def _span(self) -> Span:
        self.sent += 1
        now = time.time_ns()
        return Span(
            kind=Span.SPAN_KIND_SERVER,
            start_time_unix_nano=now - 1_000_000,
            end_time_unix_nano=now,
            attributes=[
                _attribute("http.request.method", "GET"),
                _attribute("http.route", "/items/{id}"),
                _attribute("http.response.status_code", 200),
                _attribute("http.response.body.size", self.sent),
            ],
        )


def _attribute(name: str, value: str | int) -> KeyValue:
    held = AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)
    return KeyValue(key=name, value=held)


def _counted(service: KilledService, name: str) -> list[tuple[int, int]]:
    """Requests and the sum of their numbers by day and by slot, and in the log."""
    rows = [[each[1:] for each in service.query(sql) if each[0] == name] or [(0, 0)] for sql in SUMS]
    return [(requests, numbers) for [(requests, numbers)] in rows]


def _kill_again_and_again(service: KilledService, chance: random.Random) -> None:
    for _ in range(INSTANTS):
        time.sleep(chance.uniform(0.0, 0.6))
        service.end(is_killed=True)
        service.start()


def _await(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + READY_SECONDS
    while not is_so() and time.monotonic() < ends:
        time.sleep(0.2)


@pytest.mark.parametrize("is_copied", [False, True], ids=["renamed", "copied-and-truncated"])
def test_a_log_that_is_rotated_is_counted_exactly_over_kills(tmp_path: Path, *, is_copied: bool) -> None:
    log = tmp_path / "logs" / "access.log"
    log.parent.mkdir()
    server = WebServer(log, is_copied=is_copied)
    service = KilledService(tmp_path, {"requests": {"logs": {"shop": str(log)}}})
    writing = Work(server.write)
    try:
        service.start()
        writing.start()
        _await(lambda: _counted(service, "shop")[0] != (0, 0))  # what was rotated before is the past
        _kill_again_and_again(service, random.Random(20261128))  # noqa: S311 - the same instants in every run
        writing.stop()
        server.close()
        whole = (server.lines, server.lines * (server.lines + 1) // 2)
        _await(lambda: _counted(service, "shop")[0] == whole)
        service.end(is_killed=False)

        assert _counted(service, "shop") == [whole] * 3
        assert len(list(log.parent.iterdir())) > 3, "it was rotated"
    finally:
        service.end(is_killed=True)


@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_no_acknowledged_span_is_lost_or_doubled_over_kills(tmp_path: Path, media_type: str) -> None:
    service = KilledService(tmp_path)
    senders = [Sender(service, name, media_type) for name in ("shop", "blog", "mail")]
    sending = [Work(sender.send) for sender in senders]
    try:
        service.start()
        for each in sending:
            each.start()
        _kill_again_and_again(service, random.Random(7))  # noqa: S311 - as above
        for each in sending:
            each.stop()
        service.end(is_killed=False)

        for name, sender in zip(("shop", "blog", "mail"), senders, strict=True):
            whole = (sender.sent, sender.sent * (sender.sent + 1) // 2)
            assert sender.sent > INSTANTS * SPANS / 2
            assert _counted(service, name) == [whole] * 3
    finally:
        service.end(is_killed=True)
