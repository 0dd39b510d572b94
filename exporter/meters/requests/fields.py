"""Fields of events: addresses, methods, durations and texts that strangers choose."""

from __future__ import annotations

from functools import lru_cache

from exporter.meters.requests.events import LONGEST_AGENT, LONGEST_DURATION, METHODS, OTHER_METHOD
from exporter.meters.requests.faults import FieldError, clipped
from exporter.meters.requests.routes import printable
from reports.ledger.addresses import client_text, packed_address

LONGEST_METHOD = 255
NOTHING = frozenset({"", "null", "none"})
"""Texts that stand for no value."""

_METHODS = {spelling: method for method in METHODS for spelling in (method, method.lower())}


def method_of(text: str) -> str:
    """One of METHODS, or OTHER_METHOD; raises FieldError for an empty text."""
    method = _METHODS.get(text)
    if method is None:
        if not text.strip() or len(text) > LONGEST_METHOD:
            raise FieldError("method", f"{clipped(text)!r} is refused: use an HTTP method")
        method = _METHODS.get(text.strip().upper(), OTHER_METHOD)
    return method


@lru_cache(4096)
def address_of(text: str) -> str:
    """An IPv4 or IPv6 address in its one spelling, "" for none; raises FieldError."""
    plain = text.strip()
    if plain.lower() in NOTHING:
        return ""
    found = address(plain)
    if found is None:
        raise FieldError("ip", f"{clipped(text)!r} is no IPv4 or IPv6 address")
    return found


def address(text: str) -> str | None:
    """An address in its one spelling, IPv4 where it is mapped into IPv6, without a zone; None for another text."""
    packed = packed_address(text.partition("%")[0] if ":" in text else text)
    return None if packed is None else client_text(packed)


def microseconds(milliseconds: float) -> int:
    """A duration; raises FieldError for a negative one, or one of more than eleven days."""
    if not 0 <= milliseconds <= LONGEST_DURATION / 1000:
        raise FieldError("process_time", f"{milliseconds!r} is refused: use milliseconds from 0 to eleven days")
    return round(milliseconds * 1000)


def short_text(text: str) -> str:
    """A user agent or a user's id: printable, cut."""
    return printable(text)[:LONGEST_AGENT]
