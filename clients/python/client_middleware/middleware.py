"""Counts the requests to a FastAPI or Starlette application for netledger; needs nothing but itself.

Copy the folder beside main.py, set API_BASE and NETLEDGER_KEY in the environment or in `.env`, or give the key here:

    from client_middleware.middleware import create_tracking_middleware

    app = FastAPI()
    app.middleware("http")(create_tracking_middleware(api_key="..."))

Made of the package netledger-client by its single_file.py.
"""

from __future__ import annotations

import atexit
import contextlib
import gzip
import http.client
import json
import logging
import os
import socket
import ssl
import threading
import time
import uuid
import weakref
from collections import deque
from collections.abc import Awaitable, Iterator, MutableMapping
from datetime import datetime, timezone
from pathlib import Path
from random import SystemRandom
from typing import Any, Callable, NamedTuple, TypeVar
from urllib.parse import urlsplit

LONGEST_PATH, LONGEST_ROUTE, LONGEST_TEXT = 2000, 200, 255
"""Characters of a path, a route, and a user agent or user: netledger takes no more."""


class RequestEvent(NamedTuple):
    """One request that has ended.

    `at` is its end in UTC seconds, `seconds` what it took until the last byte of the response. `route` is the template,
    "" where none matched; `code` 0 where there was no response. Bytes are those of bodies, `client` is the peer.
    """

    at: float
    method: str
    path: str
    route: str
    code: int
    seconds: float
    request_bytes: int = 0
    response_bytes: int = 0
    client: str = ""
    agent: str = ""
    user: str = ""


def encoded(event: RequestEvent) -> str:
    """The JSON object of one event."""
    fields: dict[str, Any] = {
        "created_at": datetime.fromtimestamp(event.at, timezone.utc).isoformat(),
        "method": event.method,
        "endpoint": _text(event.path, LONGEST_PATH) or "/",
        "ip": event.client or None,
        "process_time": round(max(event.seconds, 0.0) * 1000, 3),
        "status_code": event.code,
        "request_bytes": event.request_bytes,
        "response_bytes": event.response_bytes,
    }
    more = {"route": (event.route, LONGEST_ROUTE), "user_agent": (event.agent, LONGEST_TEXT)}
    more["user_id"] = (event.user, LONGEST_TEXT)
    fields.update((name, _text(text, longest)) for name, (text, longest) in more.items() if text)
    return json.dumps(fields, separators=(",", ":"))


def _text(text: str, longest: int) -> str:
    """The text, cut, without lone surrogates: those are no JSON."""
    return text[:longest].encode("utf-8", "replace").decode("utf-8")


DEFAULT_URL = "http://127.0.0.1:7373"
URL_NAMES, KEY_NAMES = ("NETLEDGER_URL", "API_BASE"), ("NETLEDGER_KEY",)
"""Names in the environment and in `.env`; the first that is set counts."""

MOST_QUEUED, LARGEST_BATCH = 10_000, 500
QUIET_SECONDS, EXIT_SECONDS, ANSWER_SECONDS = 1.0, 2.0, 5.0


class ClientSettingsError(ValueError):
    """A setting that cannot be used; says which, and the rule."""


class ClientSettings(NamedTuple):
    """What a reporter needs.

    `most_queued` events wait in memory, beyond that the oldest is dropped; at most `largest_batch` of them travel
    together, `quiet_seconds` after the first at the latest. At the end of the process `exit_seconds` are left to send
    what waits; an answer may take `answer_seconds`.
    """

    url: str = DEFAULT_URL
    key: str = ""
    most_queued: int = MOST_QUEUED
    largest_batch: int = LARGEST_BATCH
    quiet_seconds: float = QUIET_SECONDS
    exit_seconds: float = EXIT_SECONDS
    answer_seconds: float = ANSWER_SECONDS


def read_settings(url: str | None = None, key: str | None = None) -> ClientSettings:
    """Arguments before the environment before `.env`; raises ClientSettingsError."""
    from_file = read_dotenv(Path.cwd() / ".env")
    found_url = url or _first(URL_NAMES, from_file) or DEFAULT_URL
    found_key = key or _first(KEY_NAMES, from_file)
    if not found_key:
        raise ClientSettingsError("there is no key: pass api_key, or set NETLEDGER_KEY")
    if not found_key.isascii() or not found_key.isprintable():
        raise ClientSettingsError("the key has characters that no HTTP header may have")
    return ClientSettings(_checked_url(found_url.strip()), found_key.strip())


def read_dotenv(path: Path) -> dict[str, str]:
    """Names and values of a file of lines NAME=VALUE; nothing where it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found = {}
    for line in lines:
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            found[name.replace("export ", "", 1).strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if value[:1] in {"'", '"'} and value[:1] in value[1:]:
        return value[1:].partition(value[0])[0]
    return value.partition(" #")[0].strip()


def _first(names: tuple[str, ...], from_file: dict[str, str]) -> str:
    for source in (os.environ, from_file):
        for name in names:
            if source.get(name):
                return source[name]
    return ""


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_good = False
    if not is_good:
        raise ClientSettingsError(f"the address {url!r} is not like http://127.0.0.1:7373")
    return url.rstrip("/")


PATH = "/api/requests/track"
LARGEST_ANSWER = 1 << 20
SMALLEST_GZIP = 1400
"""Bytes: what fits into one packet is sent as it is."""

HERE = ("127.", "localhost", "::1")
"""To this machine gzip costs time on both ends and saves nothing."""


class Answer(NamedTuple):
    """What came back; `retry_after` are seconds, None where nothing was said."""

    status: int
    retry_after: float | None = None
    body: bytes = b""


class Transport:
    """Posts batches. All calls come from one thread at a time."""

    def __init__(self, url: str, key: str, answer_seconds: float) -> None:
        """Nothing is opened before the first batch."""
        parts = urlsplit(url)
        self._is_secure, self._host, self._port = parts.scheme == "https", parts.hostname or "", parts.port
        self._path, self._seconds = f"{parts.path.rstrip('/')}{PATH}", answer_seconds
        self._headers = {"Content-Type": "application/json", "X-API-Key": key, "User-Agent": "netledger-client"}
        self._has_gzip = not self._host.startswith(HERE)
        self._connection: http.client.HTTPConnection | None = None

    def post(self, body: bytes, seconds: float | None = None) -> Answer:
        """The answer to one batch; raises OSError and http.client.HTTPException.

        A connection that was kept open may have been closed by the other side: then a new one is tried at once.
        """
        headers = self._headers
        if self._has_gzip and len(body) > SMALLEST_GZIP:
            body, headers = gzip.compress(body, 1), {**headers, "Content-Encoding": "gzip"}
        is_kept = self._connection is not None
        try:
            return self._posted(body, headers, seconds)
        except socket.timeout:
            self.close()
            raise
        except (OSError, http.client.HTTPException):
            self.close()
            if not is_kept:
                raise
        try:
            return self._posted(body, headers, seconds)
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self) -> None:
        """Close what is open; in a forked child that is its copy alone."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _posted(self, body: bytes, headers: dict[str, str], seconds: float | None) -> Answer:
        connection = self._connection or self._connect()
        self._connection = connection
        connection.timeout = self._seconds if seconds is None else min(seconds, self._seconds)
        if connection.sock is not None:
            connection.sock.settimeout(connection.timeout)
        connection.request("POST", self._path, body, headers)
        with contextlib.closing(connection.getresponse()) as response:
            content = response.read(LARGEST_ANSWER)
            if response.read(1):
                self.close()
            return Answer(response.status, _seconds(response.getheader("Retry-After")), content)

    def _connect(self) -> http.client.HTTPConnection:
        if self._is_secure:
            return http.client.HTTPSConnection(self._host, self._port, context=ssl.create_default_context())
        return http.client.HTTPConnection(self._host, self._port)


def _seconds(text: str | None) -> float | None:
    """Seconds of a Retry-After; a date is as if nothing was said."""
    return float(text) if text and text.isascii() and text.isdigit() else None


LONGEST_REASON = 200


class Verdict(NamedTuple):
    """Events that are counted and that are refused; `is_retried` where the same batch may come again.

    `wait` are the seconds until then where the answer says so; `reason` is why not all is well, "" otherwise.
    """

    is_retried: bool = False
    accepted: int = 0
    refused: int = 0
    wait: float | None = None
    reason: str = ""


def verdict(answer: Answer, size: int) -> Verdict:
    """2xx is counted, 429, 408 and 5xx come again, all else is given up."""
    status = answer.status
    if 200 <= status < 300:  # noqa: PLR2004
        refused = min(_refused(answer.body), size)
        return Verdict(accepted=size - refused, refused=refused)
    reason = f"{status} {answer.body[:LONGEST_REASON].decode('utf-8', 'replace')}".strip()
    if status in {408, 429} or status >= 500:  # noqa: PLR2004
        return Verdict(is_retried=True, wait=answer.retry_after, reason=ascii(reason))
    return Verdict(reason=ascii(reason))


def _refused(body: bytes) -> int:
    """Rows of a batch that were not accepted, as the answer says."""
    try:
        found = json.loads(body or b"null")
    except ValueError:
        return 0
    refused = found.get("refused") if isinstance(found, dict) else None
    if isinstance(refused, list):
        return len(refused)
    return refused if isinstance(refused, int) and not isinstance(refused, bool) else 0


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


def template(scope: dict[str, Any], root_path: str) -> str:
    """The template, "" where no route matched; `root_path` is the one with which the request came.

    Starlette 1 and FastAPI leave the route in the scope, FastAPI also how it was included; an older Starlette leaves
    the endpoint alone. What a mount has taken off the path stands in root_path, with values in place of names.
    """
    endpoint = scope.get("endpoint")
    if endpoint is None:
        return ""
    route = _effective(scope) or scope.get("route") or _route_of(scope, endpoint)
    mounted = scope.get("root_path", "")[len(root_path) :]
    parameters = scope.get("path_params") or {}
    path = getattr(route, "path", None)
    if not isinstance(path, str) or _is_mount(route):
        return f"{_named(mounted, parameters, '')}/{{path}}"
    return _named(mounted, parameters, path) + path or "/"


def _is_mount(route: Any) -> bool:
    """True for what hands a whole tree of paths over: its own path is in root_path already."""
    return not hasattr(route, "endpoint")


def _effective(scope: dict[str, Any]) -> Any:
    """The route of FastAPI's that is included under a prefix: the one in the scope has its own path alone."""
    own = scope.get("fastapi")
    return own.get("effective_route_context") if isinstance(own, dict) else None


def _route_of(scope: dict[str, Any], endpoint: Any) -> Any:
    """The route of an endpoint, one after the other; only in Starlette before 1."""
    routes = list(getattr(scope.get("router"), "routes", None) or ())
    while routes:
        route = routes.pop(0)
        if getattr(route, "endpoint", None) is endpoint:
            return route
        routes.extend(getattr(route, "routes", None) or ())
    return None


def _named(mounted: str, parameters: dict[str, Any], path: str) -> str:
    """The path of mounts, with the names of those parameters that the route itself does not have."""
    names = {str(value): name for name, value in parameters.items() if f"{{{name}" not in path}
    if not mounted or not names:
        return mounted
    return "/".join(f"{{{names[part]}}}" if part in names else part for part in mounted.split("/"))


Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
TextOf = Callable[[Any], str]


class AsgiExchange(Exchange):
    """A request of ASGI."""

    def __init__(self, recorder: Recorder, line: RequestLine, scope: Scope) -> None:
        """Begins now."""
        super().__init__(recorder, line)
        self._scope, self._root_path = scope, scope.get("root_path", "")
        self._is_gone = self._is_complete = False
        self._announced = 0

    async def watch(self, application: Any, receive: Receive, send: Send) -> None:
        """Let an application answer, and record how it ends."""

        async def counted_send(message: Message) -> None:
            self.recorder.attempt(self._note_sending, message)
            try:
                await send(message)
            except BaseException:
                self._is_gone = True
                raise
            self.recorder.attempt(self._note_sent, message)

        try:
            await application(self._scope, receive, counted_send)
        except BaseException as error:
            self.fail(error)
            raise
        # Without a response the server itself answers that there is none.
        self.recorder.attempt(self._finish, self.code or (0 if self._is_gone else FAILED))

    def receiving(self, receive: Receive) -> Receive:
        """The same, counted."""

        async def counted_receive() -> Message:
            message = await receive()
            self.recorder.attempt(self._note_received, message)
            return message

        return counted_receive

    def fail(self, error: BaseException) -> None:
        """Record that the application raises; cancelled, or without its client, it has not failed."""
        is_failure = isinstance(error, Exception) and not self._is_gone
        self.recorder.attempt(self._finish, FAILED if is_failure else self.code)

    def _note_received(self, message: Message) -> None:
        if message["type"] == "http.request":
            self.request_bytes += len(message.get("body", b""))
        elif message["type"] == "http.disconnect":
            self._is_gone = True
            self.end()

    def _note_sending(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.code = message["status"]
            lengths = [value for name, value in message.get("headers", ()) if name.lower() == b"content-length"]
            self._announced = int(lengths[0]) if lengths else 0

    def _note_sent(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.body":
            self.response_bytes += len(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)
        elif kind in {"http.response.pathsend", "http.response.zerocopysend"}:
            self.response_bytes += message.get("count") or self._announced
            self._is_complete = not message.get("more_body", False)
        if self._is_complete:
            self._finish(self.code)

    def _finish(self, code: int) -> None:
        if not self.is_finished:
            self.route = template(self._scope, self._root_path)  # type: ignore[arg-type]
            self.finish(code)


class AsgiMiddleware:
    """`app.add_middleware(AsgiMiddleware, api_key="...")`.

    `client` and `user` are functions of the scope that say who asks: the peer's address and nobody where they are not
    given.
    """

    def __init__(
        self,
        app: Any,
        api_key: str | None = None,
        *,
        url: str | None = None,
        recorder: Recorder | None = None,
        client: TextOf | None = None,
        user: TextOf | None = None,
    ) -> None:
        """Wraps an application."""
        self.app = app
        self.recorder = recorder or new_recorder(api_key, url)
        self._client, self._user = client, user

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it."""
        exchange = None
        if scope["type"] == "http":
            exchange = self.recorder.attempt(begin, self.recorder, scope, self._client, self._user)
        elif scope["type"] == "lifespan":
            send = _flushing(self.recorder, send)
        if exchange is None:
            await self.app(scope, receive, send)
        else:
            await exchange.watch(self.app, exchange.receiving(receive), send)


def create_tracking_middleware(
    api_key: str | None = None,
    *,
    url: str | None = None,
    recorder: Recorder | None = None,
    client: TextOf | None = None,
    user: TextOf | None = None,
) -> Callable[[Any, Any], Awaitable[Any]]:
    """A function for `app.middleware("http")` of FastAPI, which counts each request."""
    used = recorder or new_recorder(api_key, url)

    async def track(request: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        exchange = used.attempt(begin, used, request.scope, client, user)
        if exchange is None:
            return await call_next(request)
        if hasattr(request, "_receive"):
            request._receive = exchange.receiving(request._receive)  # noqa: SLF001 - there is no other way to it
        try:
            response = await call_next(request)
        except BaseException as error:
            exchange.fail(error)
            raise
        return TrackedResponse(response, exchange)

    return track


class TrackedResponse:
    """A response that is recorded when its last byte is sent; in all else it is the one that it wraps."""

    def __init__(self, response: Any, exchange: AsgiExchange) -> None:
        """Wraps a response of Starlette's."""
        self._response, self._exchange = response, exchange

    def __getattr__(self, name: str) -> Any:
        return getattr(self._response, name)

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await self._exchange.watch(self._response, receive, send)


def begin(recorder: Recorder, scope: Scope, client: TextOf | None, user: TextOf | None) -> AsgiExchange:
    """A request of ASGI that comes now."""
    peer = scope.get("client")
    agents = [value for name, value in scope["headers"] if name == b"user-agent"]
    line = RequestLine(
        scope["method"],
        scope["path"],
        client(scope) if client else (peer[0] if peer else ""),
        agents[0].decode("latin-1") if agents else "",
        user(scope) if user else "",
    )
    return AsgiExchange(recorder, line, scope)


def _flushing(recorder: Recorder, send: Send) -> Send:
    """The same; before the application says that it is shut down, what waits is sent: a signal may end the process."""

    async def flush_before(message: Message) -> None:
        if message["type"].startswith("lifespan.shutdown."):
            recorder.attempt(recorder.flush)
        await send(message)

    return flush_before
