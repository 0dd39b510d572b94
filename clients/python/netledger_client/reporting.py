"""The reporter: a bounded queue in memory, and a thread that sends what is in it."""

from __future__ import annotations

import atexit
import http.client
import logging
import os
import threading
import time
import uuid
import weakref
from collections import deque
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, TypeVar

from netledger_client.answers import Verdict, verdict
from netledger_client.events import encoded
from netledger_client.settings import ClientSettingsError, read_settings
from netledger_client.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netledger_client.events import RequestEvent
    from netledger_client.settings import ClientSettings

log = logging.getLogger("netledger_client")
Result = TypeVar("Result")

LARGEST_BODY = 900_000
"""Bytes of a batch: netledger takes a mebibyte."""

ROWS_AT_ONCE = 20
"""Between so many the service's own threads go on: a row takes 6 us, and Python's lock is theirs meanwhile."""

FIRST_PAUSE, LONGEST_PAUSE, LONGEST_WAIT = 0.5, 30.0, 300.0
"""Seconds: between tries at first and at most, and at most where the answer says how long."""


class Batch(NamedTuple):
    """Events on their way: a repeat has the same id, and netledger counts it once."""

    id: str
    size: int
    body: bytes


class Recorder:
    """What a middleware gives events to. `errors` are exceptions within the middleware: none reaches the service."""

    errors = 0

    def add(self, event: RequestEvent) -> None:
        """Take one event; it does not wait."""
        raise NotImplementedError

    def flush(self, seconds: float | None = None) -> bool:  # noqa: ARG002 - where nothing waits
        """Send what waits; True if nothing does any more."""
        return True

    def attempt(self, action: Callable[..., Result], *arguments: Any) -> Result | None:
        """The result of an action, None where it fails: no request fails because it is counted."""
        try:
            return action(*arguments)
        except Exception:  # whatever it is, the request goes on
            self.errors += 1
            log.debug("a request is not counted", exc_info=True)
            return None


class Silence(Recorder):
    """The recorder of a middleware without usable settings: nothing is counted, and the service runs."""

    def add(self, event: RequestEvent) -> None:
        """Drop it."""


class Reporter(Recorder):
    """Sends events to netledger in the background.

    `sent` are events that netledger has, `refused` those that it did not accept, `dropped` those that found no room or
    no way. The thread begins with the first event, and anew in a forked child, which has nothing of its parent's queue.
    """

    def __init__(self, settings: ClientSettings, transport: Transport | None = None) -> None:
        """Neither a thread nor a connection is there before the first event."""
        self.settings = settings
        self._transport = transport or Transport(settings.url, settings.key, settings.answer_seconds)
        self._is_registered = False
        self._begin()
        _reporters.add(self)

    def _begin(self) -> None:
        self.sent = self.refused = self.dropped = self.errors = 0
        self._queue: deque[RequestEvent] = deque()
        # Reentrant: a collected object may end a request while this very thread adds one.
        self._changed = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None
        self._is_busy = self._is_hurried = self._is_failing = False
        self._closes_at: float | None = None

    def add(self, event: RequestEvent) -> None:
        """Queue an event; at the bound the oldest gives way."""
        with self._changed:
            if self._closes_at is not None:
                self.dropped += 1
                return
            self._queue.append(event)
            waiting = len(self._queue)
            if waiting > self.settings.most_queued:
                self._queue.popleft()
                self.dropped += 1
            if self._thread is None:
                self._start()
            elif waiting in {1, self.settings.largest_batch}:
                self._changed.notify_all()

    def flush(self, seconds: float | None = None) -> bool:
        """Send what waits now; True if nothing waits any more, within `exit_seconds` by default."""
        with self._changed:
            if self._thread is None:
                return not self._queue
            self._is_hurried = True
            self._changed.notify_all()
            return self._changed.wait_for(
                lambda: not self._queue and not self._is_busy,
                self.settings.exit_seconds if seconds is None else seconds,
            )

    def close(self, seconds: float | None = None) -> None:
        """Send what waits, within `exit_seconds` by default, and end the thread; the rest is dropped."""
        seconds = self.settings.exit_seconds if seconds is None else seconds
        with self._changed:
            self._closes_at = time.monotonic() + seconds
            self._changed.notify_all()
            thread = self._thread
        atexit.unregister(self.close)
        if thread is not None:
            thread.join(seconds)
        with self._changed:
            self.dropped += len(self._queue)
            self._queue.clear()

    def after_fork(self) -> None:
        """In the child: an empty queue, and no thread; the parent sends what it has."""
        self._begin()
        self._transport.close()

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="netledger-client", daemon=True)
        thread.start()
        self._thread = thread
        if not self._is_registered:
            self._is_registered = True
            atexit.register(self.close)

    def _run(self) -> None:
        while True:
            batch = self._next_batch()
            if batch is None:
                break
            if batch.size:
                self._deliver(batch)
            with self._changed:
                self._is_busy = False
                self._is_hurried = self._is_hurried and bool(self._queue)
                self._changed.notify_all()
        self._transport.close()

    def _next_batch(self) -> Batch | None:
        """Wait for a full batch, or for the end of the quiet seconds after the first event; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closes_at is not None)
            self._changed.wait_for(self._is_due, self.settings.quiet_seconds)
            if not self._queue:
                return None
            self._is_busy = True
            size = min(len(self._queue), self.settings.largest_batch)
            events = [self._queue.popleft() for _ in range(size)]
        rows = self._rows(events)
        number = str(uuid.uuid4())
        return Batch(number, len(rows), f'{{"id":"{number}","events":[{",".join(rows)}]}}'.encode())

    def _is_due(self) -> bool:
        is_full = len(self._queue) >= self.settings.largest_batch
        return is_full or self._is_hurried or self._closes_at is not None

    def _rows(self, events: list[RequestEvent]) -> list[str]:
        """The events in JSON; those that make the batch too large wait for the next one."""
        rows: list[str] = []
        size = 0
        for number, event in enumerate(events):
            if size > LARGEST_BODY:
                with self._changed:
                    self._queue.extendleft(reversed(events[number:]))
                break
            row = self.attempt(encoded, event)
            if row is None:
                self.dropped += 1
                continue
            rows.append(row)
            size += len(row) + 1
            if number % ROWS_AT_ONCE == 0:
                time.sleep(0)
        return rows

    def _deliver(self, batch: Batch) -> None:
        """Try until netledger has it or refuses it, or time is up."""
        pauses = _pauses()
        while True:
            tried = self._tried(batch)
            if not tried.is_retried:
                self._count(batch, tried)
                return
            self._note_failure(tried.reason)
            if not self._wait(next(pauses) if tried.wait is None else min(tried.wait, LONGEST_WAIT)):
                self._count(batch, tried)
                return

    def _tried(self, batch: Batch) -> Verdict:
        left = self._seconds_left()
        if left is not None and left <= 0:
            return Verdict(is_retried=True, reason="there is no time left")
        try:
            return verdict(self._transport.post(batch.body, left), batch.size)
        except (OSError, http.client.HTTPException) as error:
            return Verdict(is_retried=True, reason=f"{type(error).__name__}: {error}")

    def _wait(self, seconds: float) -> bool:
        """Pause before the next try; a flush and the end cut it short. False where there is no time for another."""
        with self._changed:
            was_closing = self._closes_at is not None
            if not was_closing:
                self._is_hurried = False
                self._changed.wait_for(lambda: self._is_hurried or self._closes_at is not None, seconds)
                return True
            left = self._seconds_left() or 0.0
            if seconds >= left:
                return False
            self._changed.wait(seconds)
            return True

    def _seconds_left(self) -> float | None:
        return None if self._closes_at is None else self._closes_at - time.monotonic()

    def _count(self, batch: Batch, tried: Verdict) -> None:
        with self._changed:
            self.sent += tried.accepted
            self.refused += tried.refused
            self.dropped += batch.size - tried.accepted - tried.refused
        if tried.reason:
            self._note_failure(tried.reason)
        elif self._is_failing:
            self._is_failing = False
            log.info("netledger takes requests again; %d events were dropped until now", self.dropped)

    def _note_failure(self, reason: str) -> None:
        """Log the first failure in a row."""
        if not self._is_failing:
            self._is_failing = True
            log.warning("netledger at %s does not take requests: %s", self.settings.url, reason)


_reporters: weakref.WeakSet[Reporter] = weakref.WeakSet()


def new_recorder(api_key: str | None = None, url: str | None = None) -> Recorder:
    """A reporter by arguments, environment or `.env`; where they cannot be used, the log says why, and none counts."""
    try:
        return Reporter(read_settings(url, api_key))
    except ClientSettingsError as error:
        log.warning("requests are not counted: %s", error)
        return Silence()


def _after_fork() -> None:
    for reporter in list(_reporters):
        reporter.after_fork()


def _pauses() -> Iterator[float]:
    """Seconds, doubled from one to the next, each at random between a half and the whole."""
    longest = FIRST_PAUSE
    while True:
        yield SystemRandom().uniform(longest / 2, longest)
        longest = min(longest * 2, LONGEST_PAUSE)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
