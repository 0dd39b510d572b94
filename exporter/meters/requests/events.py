"""What every door makes of what it is given: requests, and counts of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exporter.meters.requests.service_keys import KeyChange

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"})
OTHER_METHOD = "(other)"
"""Methods that a stranger has made up."""

LONGEST_DURATION = 10**12
"""Microseconds: eleven days."""

MOST_BYTES = 2**50
"""Of one request or response: a petabyte."""

LONGEST_PATH, LONGEST_AGENT, LONGEST_USER = 2000, 255, 255


class Event(NamedTuple):
    """One request to a service; a door has checked every value.

    `at` is UTC microseconds, not in the future; `method` is one of METHODS or OTHER_METHOD; `code` 100 to 599, 0 where
    there was no response; `duration` microseconds, None where nobody measured it. `route` is a template such as
    "/users/{id}", `path` what was asked for, "" where it is the route. `client` is the address as it was given
    (IPv4 or IPv6 without a zone), "" for none: privacy is applied when it is kept.
    """

    service: str
    at: int
    method: str
    route: str
    code: int
    duration: int | None = None
    request_bytes: int = 0
    response_bytes: int = 0
    path: str = ""
    client: str = ""
    agent: str = ""
    user: str = ""


class EventCounts(NamedTuple):
    """Several requests of one service, method, route and code of which no single one is known, as of a histogram.

    `at` is UTC microseconds of the last one; `durations` are counts by microseconds that stand for a bucket, `duration`
    is the sum of all in microseconds; `shortest` and `longest` are None where they are not known.
    """

    service: str
    at: int
    method: str
    route: str
    code: int
    requests: int
    request_bytes: int = 0
    response_bytes: int = 0
    duration: int = 0
    durations: Mapping[int, int] = {}
    shortest: int | None = None
    longest: int | None = None


class Batch(NamedTuple):
    """What one request to a door brings; it is counted as a whole or not at all.

    `id` makes a repeat harmless for two days ("": nothing does): it is unique within `service`. `notes` are the door's
    own state by name (positions in files, the last points of counters), stored in the transaction of the events; ""
    deletes one. `refused` and `late` are what the door has counted for the metrics: rows that it did not accept, and
    events of more than a quarter hour ago. `clients` are those of `counts`, where their door knows them:
    requests by client's address, by slot (a number) and service.
    """

    events: Sequence[Event] = ()
    counts: Sequence[EventCounts] = ()
    service: str = ""
    id: str = ""
    notes: Mapping[str, str] = {}
    key_changes: Sequence[KeyChange] = ()
    refused: int = 0
    late: int = 0
    clients: Mapping[tuple[int, str], Mapping[str, int]] = {}
