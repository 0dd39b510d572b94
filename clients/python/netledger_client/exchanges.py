"""One request on its way through a framework, from its first line to the last byte of its response."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from netledger_client.events import RequestEvent

if TYPE_CHECKING:
    from netledger_client.reporting import Recorder

FAILED = 500
"""The status code of a request whose handler raises."""


class RequestLine(NamedTuple):
    """What is known when a request begins."""

    method: str
    path: str
    client: str = ""
    agent: str = ""
    user: str = ""


class Exchange:
    """A request that goes on; `code` is 0 until there is a response."""

    def __init__(self, recorder: Recorder, line: RequestLine) -> None:
        """Begins now."""
        self.recorder, self.line = recorder, line
        self.code = self.request_bytes = self.response_bytes = 0
        self.route = ""
        self.is_finished = False
        self._began = time.perf_counter()
        self._ended: float | None = None

    def end(self) -> None:
        """The last byte was sent, or the client has gone; whatever comes after takes none of its time."""
        if self._ended is None:
            self._ended = time.perf_counter()

    def finish(self, code: int | None = None) -> None:
        """Record it, once."""
        if self.is_finished:
            return
        self.is_finished = True
        self.end()
        line, ended = self.line, self._ended or self._began
        self.recorder.add(
            RequestEvent(
                time.time(),
                line.method,
                line.path,
                self.route,
                self.code if code is None else code,
                ended - self._began,
                self.request_bytes,
                0 if line.method == "HEAD" else self.response_bytes,
                line.client,
                line.agent,
                line.user,
            )
        )
