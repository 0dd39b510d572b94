"""Routes of paths: what stands for one thing among many, such as a number or a hash, becomes {id}."""

from __future__ import annotations

import re
from functools import lru_cache

ID = "{id}"
MORE = "(more)"
"""What stands for the rest of a path of very many segments."""

LONGEST_ROUTE, LONGEST_SEGMENT = 200, 64
REMEMBERED = 8192
"""Paths whose routes are remembered: to reckon one takes 3 us, to find it 0.1 us."""

NUMBER = r"[+-]?[0-9]+(?:[.,:_-][0-9]+)*"  # dates and IPv4 addresses, too
UUID = r"[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{12}"
HEX = r"(?=[A-Fa-f]*[0-9])(?:0[xX])?[0-9A-Fa-f]{8,}"
ULID = r"[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}"
TOKEN = r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[\w~.=+-]{20,}"  # noqa: S105 - a pattern, no secret
LETTERS = r"[A-Za-z]{32,}"
ADDRESS = r"[^@]+@[^@]+\.[^@]+"  # of a person: never a label
IDENTIFIER = re.compile(f"(?:{NUMBER}|{UUID}|{HEX}|{ULID}|{TOKEN}|{LETTERS}|{ADDRESS})", re.ASCII)
FILE = re.compile(rf"(?:{NUMBER}|{UUID}|{HEX}|{ULID})(?P<ending>\.[A-Za-z][A-Za-z0-9]{{0,4}})", re.ASCII)


_PLAIN: set[str] = {""}
"""Segments that stand for themselves, of those that have come up."""


@lru_cache(REMEMBERED)
def grouped(path: str) -> str:
    """The route of a path without a template: no query, no fragment, nothing unprintable, LONGEST_ROUTE at most.

    A route is its own route.
    """
    segments = path_of(path).split("/")
    route = [segment if segment in _PLAIN else _grouped(segment) for segment in segments]
    found = "/".join(route)
    return found if len(found) <= LONGEST_ROUTE else _shortened(route)


def path_of(text: str) -> str:
    """A path without query, fragment and unprintable characters; "/" for nothing."""
    path = text.partition("?")[0] if "?" in text else text
    path = path.partition("#")[0] if "#" in path else path
    return printable(path) or "/"


def template_of(route: str) -> str:
    """A template as a service gives it, without unprintable characters, cut to LONGEST_ROUTE."""
    return printable(route)[:LONGEST_ROUTE]


def printable(text: str) -> str:
    """The text without characters that cannot be printed: controls, directions, lone surrogates."""
    return text if text.isprintable() else "".join(filter(str.isprintable, text))


def _grouped(segment: str) -> str:
    if (segment.isdigit() and segment.isascii()) or len(segment) > LONGEST_SEGMENT or IDENTIFIER.fullmatch(segment):
        return ID
    if found := FILE.fullmatch(segment):
        return f"{ID}{found['ending']}"
    if len(_PLAIN) < REMEMBERED:
        _PLAIN.add(segment)
    return segment


def _shortened(route: list[str]) -> str:
    kept, length = [], len(MORE)
    for segment in route:
        length += len(segment) + 1
        if length > LONGEST_ROUTE:
            break
        kept.append(segment)
    return "/".join([*kept, MORE])
