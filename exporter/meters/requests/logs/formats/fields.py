"""Fields of a line: request lines, times, numbers and texts become what an event has."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.requests.events import (
    LONGEST_AGENT,
    LONGEST_DURATION,
    LONGEST_PATH,
    LONGEST_USER,
    METHODS,
    MOST_BYTES,
    OTHER_METHOD,
)
from exporter.meters.requests.routes import grouped, path_of, printable
from reports.ledger.shape import OTHER

if TYPE_CHECKING:
    from collections.abc import Callable

REMEMBERED = 16384
SECOND = 1_000_000
DAY = 86400 * SECOND
EARLIEST = 946_684_800 * SECOND
"""The year 2000, in UTC microseconds: an earlier time is a fault of the log."""

LONGEST_NUMBER, SAFE_DIGITS = 18, 15
"""Digits of a number, and of one that is below every bound."""

MONTHS = {
    name: number
    for number, name in enumerate(
        (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"), start=1
    )
}
CODES = {str(code).encode(): code for code in range(100, 600)} | {b"000": 0, b"0": 0, b"-": 0}
"""Status codes as logs have them; without any, the connection ended before a response."""

LOCAL = re.compile(rb"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d)")
ZONE = re.compile(rb"([+-])(\d\d):?(\d\d)")
OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
IPV4 = re.compile(OCTET + rb"(?:\." + OCTET + rb"){3}")
ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
CONTROLS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


class LineError(ValueError):
    """A line that is no request; the text is the reason, without anything of the line."""


class Asked(NamedTuple):
    """What a request line asks for; `path` is "" where it is the route."""

    method: str
    route: str
    path: str


def within_time(at: int) -> int:
    """An instant (UTC microseconds) that an event may have: now for one within a day ahead; raises LineError."""
    if at < EARLIEST:
        raise LineError("its time is before the year 2000")
    now = time.time_ns() // 1000
    if at > now + DAY:
        raise LineError("its time is more than a day ahead")
    return min(at, now)


def asked(request: bytes) -> Asked:
    """The method, route and path of a request line such as `GET /items/7?page=2 HTTP/1.1`."""
    target, _, version = request.rpartition(b" ")
    if not version.startswith(b"HTTP/"):
        target = request
    return _asked(target.partition(b"?")[0])


@lru_cache(REMEMBERED)
def _asked(target: bytes) -> Asked:
    method, _, path = text_of(target).partition(" ")
    return asked_of(method, path)


def asked_of(method: str, target: str) -> Asked:
    """The same of a method and a target (without its query); a target that is no path has the route "(other)"."""
    method = method if method in METHODS else OTHER_METHOD
    if "://" in target[:12]:
        target = "/" + target.partition("://")[2].partition("/")[2]
    if not target.startswith("/") and target != "*":
        return Asked(method, OTHER, "")
    path = path_of(target)[:LONGEST_PATH]
    route = grouped(path)
    return Asked(method, route, "" if path == route else path)


@lru_cache(REMEMBERED)
def client_of(text: bytes) -> str:
    """The address of a client, the first of a list; "" for what is no address, such as a host name or a socket."""
    if IPV4.fullmatch(text):
        return text.decode("ascii")
    try:
        return str(ip_address(text.split(b",", 1)[0].strip().partition(b"%")[0].decode("ascii")))
    except ValueError:
        return ""


@lru_cache(REMEMBERED)
def agent_of(text: bytes) -> str:
    """A user agent; "" for "-"."""
    return "" if text == b"-" else printable(text_of(text))[:LONGEST_AGENT]


@lru_cache(REMEMBERED)
def user_of(text: bytes) -> str:
    """The name of a user; "" for "-"."""
    return "" if text == b"-" else printable(text_of(text))[:LONGEST_USER]


def text_of(raw: bytes) -> str:
    """Bytes of a log as text; what is no UTF-8 is replaced."""
    return raw.decode("utf-8", "replace")


def size_of(text: bytes) -> int:
    """A number of bytes; 0 for "-" and for nothing; raises LineError."""
    if text.isdigit() and len(text) < SAFE_DIGITS:
        return int(text)
    if text in (b"-", b""):
        return 0
    if text.isdigit() and len(text) <= LONGEST_NUMBER:
        return min(int(text), MOST_BYTES)
    raise LineError("its number of bytes is none")


def duration_reader(microseconds: int) -> Callable[[bytes], int | None]:
    """A reader of durations in units of so many microseconds, with decimals or without; None for what is no number.

    nginx writes "-" where there is none, and Apache a negative number where the clock was set back.
    """

    @lru_cache(REMEMBERED)
    def read(text: bytes) -> int | None:
        whole, _, decimals = text.partition(b".")
        if not whole.isdigit() or (decimals and not decimals.isdigit()) or len(text) > LONGEST_NUMBER:
            return None
        found = int(whole) * microseconds
        if decimals:
            found += int(decimals) * microseconds // 10 ** len(decimals)
        return min(found, LONGEST_DURATION)

    return read


@lru_cache(REMEMBERED)
def minute_of(text: bytes, zone: bytes) -> int:
    """UTC microseconds of a minute such as `28/Nov/2026:18:48` with its zone; raises LineError."""
    found, offset = LOCAL.fullmatch(text), ZONE.fullmatch(zone)
    month = MONTHS.get(found[2]) if found else None
    if found is None or offset is None or month is None:
        raise LineError("its time is none")
    sign, hours, minutes = offset.groups()
    away = (int(hours) * 60 + int(minutes)) * (-60 if sign == b"-" else 60)
    try:
        local = datetime(int(found[3]), month, int(found[1]), int(found[4]), int(found[5]), tzinfo=UTC)
    except ValueError:
        raise LineError("its time is none") from None
    return (int(local.timestamp()) - away) * SECOND


def local_time(text: bytes) -> int:
    """UTC microseconds of `28/Nov/2026:18:48:45 +0000`, in brackets or without; raises LineError."""
    moment, _, zone = text.strip(b"[]").partition(b" ")
    seconds = moment[18:]
    if moment[17:18] != b":" or not seconds.isdigit() or len(seconds) > 2:  # noqa: PLR2004 - two digits
        raise LineError("its time is none")
    return within_time(minute_of(moment[:17], zone) + int(seconds) * SECOND)


def iso_time(text: bytes) -> int:
    """UTC microseconds of `2026-11-28T18:48:45+00:00`; raises LineError."""
    try:
        found = datetime.fromisoformat(text.decode("ascii"))
    except ValueError:
        raise LineError("its time is none") from None
    if found.tzinfo is None:
        raise LineError("its time has no offset")
    try:
        return within_time(int((found - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * SECOND))
    except OverflowError:
        raise LineError("its time is none") from None


def number_time(microseconds: int) -> Callable[[bytes], int]:
    """A reader of seconds (or of smaller units) since 1970, with decimals or without."""

    def instant(text: bytes) -> int:
        whole, _, decimals = text.partition(b".")
        if not whole.isdigit() or len(whole) > LONGEST_NUMBER or (decimals and not decimals.isdigit()):
            raise LineError("its time is none")
        part = int(decimals[:6].ljust(6, b"0")) * microseconds // SECOND if decimals else 0
        return within_time(int(whole) * microseconds + part)

    return instant


def unescaped(text: bytes) -> bytes:
    r"""A field without the escapes of nginx and Apache: \x22, \", \\, \n, \u0022."""
    return ESCAPE.sub(_character, text) if b"\\" in text else text


def _character(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return bytes([int(found[1], 16)])
    if found[2]:
        return chr(int(found[2], 16)).encode("utf-8", "replace")
    return CONTROLS.get(found[3], found[3])
