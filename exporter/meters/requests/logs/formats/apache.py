"""Apache: `LogFormat` strings.

Directives: https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#formats.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from exporter.meters.requests.logs.formats import fields, patterns
from exporter.meters.requests.logs.formats.patterns import Field, LinePattern
from reports.errors import QuestionError

if TYPE_CHECKING:
    from exporter.meters.requests.logs.formats.patterns import Piece

COMMON = '%h %l %u %t "%r" %>s %b'
COMBINED = f'{COMMON} "%{{Referer}}i" "%{{User-Agent}}i"'
VHOST_COMBINED = '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"'
"""The one of Debian's other_vhosts_access.log."""

DIRECTIVE = re.compile(r"%(?:!?[0-9,]+)?[<>]?(?:\{([^}]*)\})?(\^?[A-Za-z]{1,2}|%)", re.ASCII)

seconds, milliseconds, microseconds = (fields.duration_reader(unit) for unit in (fields.SECOND, 1000, 1))
FIELDS = {
    "h": Field(patterns.CLIENT),
    "a": Field(patterns.CLIENT),
    "u": Field(patterns.USER, has_spaces=True),
    "t": Field(patterns.AT, fields.local_time, has_spaces=True),
    "r": Field(patterns.REQUEST, has_spaces=True),
    "m": Field(patterns.METHOD),
    "U": Field(patterns.TARGET),
    "s": Field(patterns.CODE),
    "b": Field(patterns.SENT),
    "B": Field(patterns.SENT),
    "O": Field(patterns.SENT_IN_ALL),
    "I": Field(patterns.RECEIVED),
    "D": Field(patterns.DURATION, microseconds),
    "T": Field(patterns.DURATION, seconds),
}
DURATIONS = {"s": Field(patterns.DURATION, seconds), "ms": Field(patterns.DURATION, milliseconds), "us": FIELDS["D"]}
TIMES = {
    "sec": Field(patterns.AT, fields.number_time(fields.SECOND)),
    "msec": Field(patterns.AT, fields.number_time(1000)),
    "usec": Field(patterns.AT, fields.number_time(1)),
    "%d/%b/%Y:%H:%M:%S %z": FIELDS["t"],
    "%Y-%m-%dT%H:%M:%S%z": Field(patterns.AT, fields.iso_time),
}
HEADERS = {"user-agent": Field(patterns.AGENT)}
FORWARDED = "x-forwarded-for"


def pattern_of(text: str) -> LinePattern:
    r"""The pattern of a `LogFormat`, of which \" and \\ may be written as in its file; raises QuestionError."""
    text = text.replace('\\"', '"').replace("\\t", "\t").replace("\\\\", "\\").replace("%U%q", "%U")
    pieces: list[Piece] = []
    end = 0
    for found in DIRECTIVE.finditer(text):
        if found.start() > end:
            pieces.append(text[end : found.start()].encode())
        end = found.end()
        is_first = not any(isinstance(piece, Field) for piece in pieces)
        piece = b"%" if found[2] == "%" else _field(found[2], found[1], is_first=is_first)
        pieces.append(piece)
    if end < len(text):
        pieces.append(text[end:].encode())
    return LinePattern(_joined(pieces))


def _field(name: str, argument: str | None, *, is_first: bool) -> Field:
    if name == "i" and argument is not None:
        if argument.lower() == FORWARDED and is_first:
            return Field(patterns.CLIENT, has_spaces=True)
        return HEADERS.get(argument.lower(), Field())
    if name == "t" and argument is not None:
        argument = argument.removeprefix("begin:").removeprefix("end:")
        if argument not in TIMES:
            raise QuestionError(f"%{{{argument}}}t is not read: use %t, or one of {', '.join(TIMES)}")
        return TIMES[argument]
    if name == "T" and argument is not None:
        if argument not in DURATIONS:
            raise QuestionError(f"%{{{argument}}}T is not read: use s, ms or us")
        return DURATIONS[argument]
    return FIELDS.get(name, Field())


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Literal texts that follow each other as one."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and isinstance(piece, bytes) and isinstance(joined[-1], bytes):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined
