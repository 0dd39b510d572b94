"""nginx: `log_format` strings.

Variables: https://nginx.org/en/docs/http/ngx_http_log_module.html and ngx_http_core_module.html#variables.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from exporter.meters.requests.logs.formats import fields, patterns
from exporter.meters.requests.logs.formats.patterns import Field, LinePattern

if TYPE_CHECKING:
    from exporter.meters.requests.logs.formats.patterns import Piece

COMBINED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
"""The predefined format, which nginx writes where `access_log` names none."""

COMMON = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'
MAIN = f'{COMBINED} "$http_x_forwarded_for"'
"""The one of the package's own nginx.conf."""

TIMED = f"{COMBINED} $request_time $request_length"
"""The one that the documents advise."""

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))", re.ASCII)

seconds = fields.duration_reader(fields.SECOND)
FIELDS = {
    "remote_addr": Field(patterns.CLIENT),
    "realip_remote_addr": Field(),
    "remote_user": Field(patterns.USER, has_spaces=True),
    "time_local": Field(patterns.AT, fields.local_time, has_spaces=True),
    "time_iso8601": Field(patterns.AT, fields.iso_time),
    "msec": Field(patterns.AT, fields.number_time(fields.SECOND)),
    "request": Field(patterns.REQUEST, has_spaces=True),
    "request_method": Field(patterns.METHOD),
    "request_uri": Field(patterns.TARGET),
    "uri": Field(patterns.TARGET),
    "status": Field(patterns.CODE),
    "body_bytes_sent": Field(patterns.SENT),
    "bytes_sent": Field(patterns.SENT_IN_ALL),
    "request_length": Field(patterns.RECEIVED),
    "request_time": Field(patterns.DURATION, seconds),
    "http_user_agent": Field(patterns.AGENT),
}
FORWARDED = "http_x_forwarded_for"


def pattern_of(text: str) -> LinePattern:
    """The pattern of a `log_format`; raises QuestionError."""
    pieces: list[Piece] = []
    end = 0
    for found in VARIABLE.finditer(text):
        if found.start() > end:
            pieces.append(text[end : found.start()].encode())
        name = found[1] or found[2]
        is_first = not any(isinstance(piece, Field) for piece in pieces)
        pieces.append(FORWARDED_CLIENT if name == FORWARDED and is_first else FIELDS.get(name, Field()))
        end = found.end()
    if end < len(text):
        pieces.append(text[end:].encode())
    return LinePattern(pieces)


FORWARDED_CLIENT = Field(patterns.CLIENT, has_spaces=True)
"""Behind a proxy; only where the format begins with it, as its author trusts it then."""
