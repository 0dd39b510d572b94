"""Single requests of the log: filters as queries and commands write them, and the cursor of a page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reports.errors import QuestionError
from reports.ledger.request_log import LogPlace
from reports.ledger.shape import REQUEST
from reports.usage.requests.selection import BOTS, HEALTH, NOT_FOUND, is_health

if TYPE_CHECKING:
    from reports.ledger.reader import LedgerReader
    from reports.ledger.request_filter import LogFilter

MOST_ROWS = 1_000
CODE = re.compile("0|[1-5]([0-9]{2}|xx)", re.ASCII)
CURSOR = re.compile("([0-9a-f]{1,15})-([0-9a-f]{1,15})", re.ASCII)
DURATION = re.compile(r"[0-9]{1,10}(\.[0-9]{1,6})?", re.ASCII)


class LogFilterError(QuestionError):
    """A filter of the request log cannot be used; the text names it, its value and the rule."""


def parse_code(name: str, text: str) -> str:
    """A status code or a class; raises LogFilterError."""
    if not CODE.fullmatch(text.lower()):
        raise LogFilterError(f"{name}: {text!r} is refused; use a code such as 404, a class such as 5xx, or 0 for none")
    return text.lower()


def parse_milliseconds(name: str, text: str) -> int:
    """Microseconds of a number of milliseconds; raises LogFilterError."""
    if not DURATION.fullmatch(text):
        raise LogFilterError(f"{name}: {text!r} is refused; write milliseconds such as 250 or 0.5")
    return round(float(text) * 1000)


def parse_cursor(text: str) -> LogPlace:
    """The place that a page's `next` stands for; raises LogFilterError."""
    found = CURSOR.fullmatch(text)
    if found is None:
        raise LogFilterError(f"cursor: {text!r} is refused; send what `next` of the page before is")
    return LogPlace(int(found[1], 16), int(found[2], 16))


def cursor_text(place: LogPlace) -> str:
    """The text of a place."""
    return f"{place.at:x}-{place.number:x}"


def without(ledger: LedgerReader, chosen: LogFilter, excluded: tuple[str, ...]) -> LogFilter:
    """The filter without what is excluded."""
    health = ledger.values(REQUEST, "route") if HEALTH in excluded else ()
    return chosen._replace(
        excluded_codes=(NOT_FOUND,) if NOT_FOUND in excluded else (),
        excluded_routes=tuple(route for route in health if is_health(route)),
        without_bots=BOTS in excluded,
    )
