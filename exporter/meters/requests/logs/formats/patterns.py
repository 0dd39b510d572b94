"""Formats of lines of text: fields between literal texts, read by splitting at quotes, else by a regular expression.

To split takes 2 us a line; the expression, which knows escapes and names with spaces, takes twice as long.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from exporter.meters.requests.events import Event
from exporter.meters.requests.logs.formats import fields
from exporter.meters.requests.logs.formats.fields import LineError
from reports.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Reader: TypeAlias = "Callable[[bytes], Event]"
"""Reads a line without its end; raises LineError."""

SPACED_TIME = rb"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"
QUOTED = rb'((?:[^"\\]|\\.)*+)'
ADDRESSES = rb"([^ ]+(?:, [^ ]+)*+)"
NOT_IN_FORMAT, NO_CODE = "it does not have the format", "its status code is none"

AT, REQUEST, METHOD, TARGET, QUERY, CODE = "at", "request", "method", "target", "query", "code"
DURATION, RECEIVED, SENT, SENT_IN_ALL = "duration", "received", "sent", "sent_in_all"
CLIENT, AGENT, USER = "client", "agent", "user"

Texts: TypeAlias = "tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes]"
"""Time, its zone where that stands alone, request line, code, duration, bytes received and sent, client, agent, user.

b"" stands for what a format has not.
"""


class Field(NamedTuple):
    """A field of a line: its role ("" for one that is not read), and how its bytes are read where that differs."""

    role: str = ""
    read: Callable[[bytes], Any] | None = None
    has_spaces: bool = False


Piece: TypeAlias = "bytes | Field"


class LinePattern(NamedTuple):
    """A format: literal texts and fields in turn. With `is_open`, more may follow in a line."""

    pieces: Sequence[Piece]
    is_open: bool = False


class TextReader(NamedTuple):
    """How lines of a format are read: into texts, and times and durations of these.

    `texts_of` raises LineError; so do the others, for a text that is none.
    """

    texts_of: Callable[[bytes], Texts]
    at_of: Callable[[bytes, bytes], int]
    duration_of: Callable[[bytes], int | None] | None


def text_reader(pattern: LinePattern) -> TextReader:
    """The reader of a pattern; raises QuestionError for a format without what is needed."""
    found = [piece for piece in pattern.pieces if isinstance(piece, Field)]
    roles = [field.role for field in found]
    _require(roles)
    by_role = {field.role: field for field in reversed(found)}
    read, duration = by_role[AT].read, by_role.get(DURATION)
    assert read is not None  # noqa: S101 - every field of a time has a reader
    expression = _expression(pattern)
    pick = _picker(roles, range(len(roles)), -1)

    def at_of(time: bytes, zone: bytes) -> int:
        at: int = read(b" ".join((time, zone)) if zone else time)
        return at

    def match(line: bytes) -> Texts:
        matched = expression.fullmatch(line)
        if matched is None:
            raise LineError(NOT_IN_FORMAT)
        return pick([*map(fields.unescaped, matched.groups()), b""])

    return TextReader(_splitter(pattern, roles, match), at_of, duration.read if duration else None)


def reader_of(pattern: LinePattern, service: str) -> Reader:
    """A reader of the requests to a service; raises QuestionError for a format without what is needed."""
    texts_of, at_of, duration_of = text_reader(pattern)
    codes, asked, size_of, new = fields.CODES, fields.asked, fields.size_of, tuple.__new__
    client_of, agent_of, user_of = fields.client_of, fields.agent_of, fields.user_of
    last_text, last_zone, last_at = b"", b"", 0

    def read(line: bytes) -> Event:
        nonlocal last_text, last_zone, last_at
        time, zone, request, code, duration, received, sent, client, agent, user = texts_of(line)
        if time != last_text or zone != last_zone:
            last_at, last_text, last_zone = at_of(time, zone), time, zone
        number = codes.get(code)
        if number is None:
            raise LineError(NO_CODE)
        method, route, path = asked(request)
        took = duration_of(duration) if duration_of is not None else None
        amounts = (took, size_of(received), size_of(sent))
        people = (path, client_of(client), agent_of(agent), user_of(user))
        return new(Event, (service, last_at, method, route, number, *amounts, *people))

    return read


def _require(roles: Sequence[str]) -> None:
    if AT not in roles:
        raise QuestionError("the format has no time of the request")
    if CODE not in roles:
        raise QuestionError("the format has no status code")
    if REQUEST not in roles and not (METHOD in roles and TARGET in roles):
        raise QuestionError("the format has no request line, nor method and path")


def _picker(roles: Sequence[str], places: Sequence[int], zone: int) -> Callable[[Sequence[bytes]], Texts]:
    """Picks a line's Texts by the places of its fields; the last text, which is empty, for a field that it has not."""

    def place(*choice: str) -> int:
        return next((places[roles.index(role)] for role in choice if role in roles), -1)

    rest = (place(CODE), place(DURATION), place(RECEIVED), place(SENT, SENT_IN_ALL), place(CLIENT), place(AGENT))
    whole: Callable[[Sequence[bytes]], Any] = itemgetter(place(AT), zone, place(REQUEST), *rest, place(USER))
    if REQUEST in roles:
        return whole
    method, target, query = place(METHOD), place(TARGET), place(QUERY)

    def pick(texts: Sequence[bytes]) -> Texts:
        time, its_zone, _, *others = whole(texts)
        return (time, its_zone, b" ".join((texts[method], texts[target] + texts[query])), *others)

    return pick


def _expression(pattern: LinePattern) -> re.Pattern[bytes]:
    """The expression of a whole line: its fields are its groups. No part of it is tried in more than one way."""
    pieces, parts = pattern.pieces, []
    for place, piece in enumerate(pieces):
        if isinstance(piece, bytes):
            parts.append(re.escape(piece))
            continue
        before = pieces[place - 1] if place else b""
        after = pieces[place + 1] if place + 1 < len(pieces) else b""
        if not isinstance(before, bytes) or not isinstance(after, bytes):
            raise QuestionError("two fields of the format have nothing between them")
        parts.append(_group(piece, before, after))
    return re.compile(b"".join(parts) + (rb"(?: .*)?" if pattern.is_open else b""), re.DOTALL)


def _group(field: Field, before: bytes, after: bytes) -> bytes:
    if before.endswith(b'"') and after.startswith(b'"'):
        return QUOTED
    if field.role == AT and field.has_spaces:
        return rb"(\[?" + SPACED_TIME + rb"\]?)"
    if field.has_spaces:
        return ADDRESSES if field.role == CLIENT else rb"(.*?)"
    end = re.escape(after[:1])
    return rb"([^" + end + rb"]*+)" if end else rb"([^ ]*+)"


def _splitter(pattern: LinePattern, roles: Sequence[str], match: Callable[[bytes], Texts]) -> Callable[[bytes], Texts]:
    """Splits at quotes, and what is not quoted at spaces; a line of another shape, or with escapes, is matched."""
    shape = _shape(pattern.pieces)
    if shape is None:
        return match
    quotes, bare, places = shape
    is_spaced = any(_is_spaced(piece) for piece in pattern.pieces if isinstance(piece, Field))
    pick = _picker(roles, places, places[roles.index(AT)] + 1 if is_spaced else -1)

    def split(line: bytes) -> Texts:
        texts = line.split(b'"')
        if len(texts) != quotes or b"\\" in line:
            return match(line)
        for part, count in bare:
            found = texts[part].split(b" ")
            if len(found) != count:
                return match(line)
            texts += found
        texts.append(b"")
        return pick(texts)

    return split


def _shape(pieces: Sequence[Piece]) -> tuple[int, Sequence[tuple[int, int]], Sequence[int]] | None:
    """The number of parts between quotes, those that are split at spaces with their counts, and each field's place.

    Places are in the list of all parts, after which the split ones stand.
    """
    line = b"".join(piece if isinstance(piece, bytes) else b"\0\1" if _is_spaced(piece) else b"\0" for piece in pieces)
    parts = line.split(b'"')
    bare: list[tuple[int, int]] = []
    places: list[int] = []
    length = len(parts)
    for number, part in enumerate(parts):
        if b"\0" not in part:
            continue
        if number % 2:
            if part != b"\0":
                return None
            places.append(number)
            continue
        tokens = part.replace(b"[\0\1]", b"\0 \1").split(b" ")
        for place, token in enumerate(tokens):
            if b"\0" in token:
                if token != b"\0":
                    return None
                places.append(length + place)
        bare.append((number, len(tokens)))
        length += len(tokens)
    return len(parts), bare, places


def _is_spaced(field: Field) -> bool:
    return field.role == AT and field.has_spaces
