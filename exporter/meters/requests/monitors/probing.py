"""One check of a monitor: a request over a connection of its own, to an address that may be asked.

The request is written by hand: a client library resolves names by itself and shares the threads of the service for it,
hides the certificate once the answer is read, and follows redirections to other addresses.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
import time
from typing import TYPE_CHECKING, NamedTuple

import exporter
from exporter.meters.requests.monitors.addresses import RefusedAddressError, permitted, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from exporter.meters.requests.monitors.settings import Monitor, Target

SECONDS = 10.0
MOST_BODY = MOST_HEAD = 65_536
MOST_INTERIM = 5
"""Answers of 1xx before the one that counts."""

STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?= |\r)")
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r\n", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked[ \t]*\r\n", re.IGNORECASE)
LAST_CHUNK = b"0\r\n\r\n"
WITHOUT_BODY = frozenset({204, 304})


class ProbeError(Exception):
    """There is no answer; the text has the reason."""


class Probe(NamedTuple):
    """What came of one check: `code` is 0 without an answer, for which there is a `reason`.

    `duration` is microseconds until the last byte; `certificate_ends` UTC seconds, None without TLS.
    """

    code: int
    duration: int
    reason: str = ""
    response_bytes: int = 0
    certificate_ends: int | None = None


class Answer(NamedTuple):
    """Status and bytes of an answer."""

    code: int
    bytes: int


class Prober:
    """Checks addresses; `resolver` are threads for names alone, as a name server that hangs holds one."""

    def __init__(
        self,
        resolver: Executor,
        *,
        resolve: Callable[[str, int], Sequence[str]] = resolve,
        tls: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        """`tls` is the system's certificates unless given: they are loaded with the first check that needs them."""
        self._resolver, self._resolve, self._tls, self._seconds = resolver, resolve, tls, seconds
        self._loading = asyncio.Lock()

    async def probe(self, monitor: Monitor) -> Probe:
        """Ask once; whatever the other side does ends in a Probe."""
        began = time.perf_counter()
        trace = _Trace()
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._ask(monitor, monitor.target, trace)
        except TimeoutError:
            reason = f"no {'end of the ' if trace.step == 'answer' else ''}answer within {self._seconds:g} s"
            reason = f"{reason} ({trace.step})"
        except (RefusedAddressError, ProbeError) as error:
            reason = str(error)
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            reason = _reason(error)
        else:
            reason = "" if monitor.expects(answer.code) else f"status {answer.code}"
            return Probe(answer.code, _microseconds(began), reason, answer.bytes, trace.certificate_ends)
        return Probe(0, _microseconds(began), reason, certificate_ends=trace.certificate_ends)

    async def _ask(self, monitor: Monitor, target: Target, trace: _Trace) -> Answer:
        loop = asyncio.get_running_loop()
        addresses = await loop.run_in_executor(self._resolver, self._permitted, target, monitor.allow_private)
        trace.step = "connection"
        context = await self._context() if target.scheme == "https" else None
        reader, writer = await self._connect(addresses, target, context)
        try:
            trace.certificate_ends = _certificate_end(writer)
            trace.step = "answer"
            writer.write(_request(monitor.method, target))
            return await _read_answer(reader, monitor.method)
        finally:
            writer.transport.abort()

    def _permitted(self, target: Target, allow_private: bool) -> list[str]:  # noqa: FBT001 - an executor's argument
        return permitted(self._resolve(target.host, target.port), allow_private=allow_private)

    async def _connect(
        self, addresses: Sequence[str], target: Target, context: ssl.SSLContext | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the first address that takes one: none is resolved again."""
        name = target.host if context else None
        for place, address in enumerate(addresses):
            limit = self._seconds / len(addresses)
            connecting = asyncio.open_connection(
                address, target.port, ssl=context, server_hostname=name, limit=MOST_HEAD
            )
            try:
                if place == len(addresses) - 1:
                    return await connecting
                return await asyncio.wait_for(connecting, limit)
            except ssl.SSLError:
                raise  # it is the server that was meant, and its certificate is no better at another address
            except (OSError, TimeoutError):
                if place == len(addresses) - 1:
                    raise
        raise ProbeError("the name has no address")

    async def _context(self) -> ssl.SSLContext:
        async with self._loading:
            if self._tls is None:
                self._tls = await asyncio.to_thread(ssl.create_default_context)
            return self._tls


class _Trace:
    """How far a check has come."""

    step = "name"
    certificate_ends: int | None = None


def _request(method: str, target: Target) -> bytes:
    lines = [
        f"{method} {target.target} HTTP/1.1",
        f"Host: {target.authority}",
        f"User-Agent: netledger/{exporter.__version__}",
        "Accept: */*",
        "Connection: close",
        *(["Content-Length: 0"] if method == "POST" else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


async def _read_answer(reader: asyncio.StreamReader, method: str) -> Answer:
    for _ in range(MOST_INTERIM):
        head = await reader.readuntil(b"\r\n\r\n")
        found = STATUS.match(head)
        if found is None:
            raise ProbeError("its answer is not HTTP")
        code = int(found[1])
        if code >= 200 or code == 101:  # noqa: PLR2004 - what is below is followed by the answer (RFC 9110, 15.2)
            break
    else:
        raise ProbeError("its answer does not begin")
    if method == "HEAD" or code in WITHOUT_BODY or code == 101:  # noqa: PLR2004 - another protocol follows
        return Answer(code, 0)
    return Answer(code, await _read_body(reader, head))


async def _read_body(reader: asyncio.StreamReader, head: bytes) -> int:
    """Bytes of the body; what is beyond the limit is left."""
    declared = LENGTH.search(head)
    is_chunked = CHUNKED.search(head) is not None
    most = MOST_BODY if declared is None or is_chunked else min(int(declared[1]), MOST_BODY)
    length, tail = 0, b""
    while length < most:
        data = await reader.read(min(most - length, MOST_BODY))
        length += len(data)
        tail = (tail + data)[-len(LAST_CHUNK) :]
        if not data and declared is not None and not is_chunked:
            raise ProbeError("its answer is cut off")
        if not data or (is_chunked and tail == LAST_CHUNK):
            break
    return length


def _certificate_end(writer: asyncio.StreamWriter) -> int | None:
    tls = writer.get_extra_info("ssl_object")
    ends = tls.getpeercert().get("notAfter") if tls is not None else None
    return None if ends is None else int(ssl.cert_time_to_seconds(ends))


def _reason(error: Exception) -> str:
    """The reason without an address, which asyncio's own texts have."""
    match error:
        case ssl.SSLCertVerificationError():
            reason = f"its certificate is refused: {error.verify_message}"
        case ssl.SSLError():
            reason = f"TLS: {error.reason or 'it hung up'}"
        case socket.gaierror():
            reason = f"its name has no address: {error.strerror}"
        case UnicodeError():
            reason = "its name is none that DNS can have"
        case asyncio.IncompleteReadError():
            reason = "its answer is cut off" if error.partial else "it hung up without an answer"
        case asyncio.LimitOverrunError():
            reason = f"its answer begins with more than {MOST_HEAD} bytes of headers"
        case OSError() if error.errno:
            reason = os.strerror(error.errno)
        case _:
            reason = "it hung up"
    return reason


def _microseconds(began: float) -> int:
    return round((time.perf_counter() - began) * 1e6)
