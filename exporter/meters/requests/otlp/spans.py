"""Server spans of HTTP as events."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.requests.events import LONGEST_DURATION, Event
from exporter.meters.requests.otlp.conventions import (
    AGENT,
    CLIENT,
    PEER,
    REQUEST_BYTES,
    RESPONSE_BYTES,
    USER,
    address_of,
    agent_of,
    asked_of,
    code_of,
    method_of,
    service_name,
    size_of,
    user_of,
)
from exporter.meters.requests.otlp.refusals import LATE, Refusals, RefusedPointError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from exporter.meters.requests.otlp.messages import Attributes, ServerSpan, ServiceSpans

new = tuple.__new__
"""Makes an Event of its values: its own way takes twice as long."""


class SpanEvents(NamedTuple):
    """What is counted of a body, and what is not."""

    events: list[Event]
    refusals: Refusals


def span_events(
    groups: Iterable[ServiceSpans], service: str | None, now: int, is_proxy: Callable[[str], bool]
) -> SpanEvents:
    """The requests that server spans are of, at their ends; spans of other protocols are passed over.

    `service` is that of the key, None for the resource's own name; `now` is UTC microseconds; `is_proxy` says of an
    address whether it may name the client.
    """
    events: list[Event] = []
    refusals = Refusals()
    for group in groups:
        try:
            name = service or service_name(group.service)
        except ValueError as error:
            refusals.add(str(error), len(group.spans))
            continue
        for span in group.spans:
            try:
                event = _event(name, span, now, is_proxy, refusals)
            except (RefusedPointError, ValueError) as error:
                refusals.add(str(error))
                continue
            if event is not None:
                events.append(event)
    return SpanEvents(events, refusals)


def _event(
    service: str, span: ServerSpan, now: int, is_proxy: Callable[[str], bool], refusals: Refusals
) -> Event | None:
    started, ended, is_error, attributes = span
    method = method_of(attributes)
    if method is None:
        return None
    code, (route, path) = code_of(attributes, is_error=is_error), asked_of(attributes)
    at, duration = ended // 1000, (ended - started) // 1000
    if not now - LATE <= at <= now:
        at = refusals.counted_at("endTimeUnixNano", ended, now)
    took = duration if started and 0 <= duration <= LONGEST_DURATION else None
    sizes = size_of(attributes.get(REQUEST_BYTES)), size_of(attributes.get(RESPONSE_BYTES))
    who = _client(attributes, is_proxy), agent_of(attributes.get(AGENT)), user_of(attributes.get(USER))
    return new(Event, (service, at, method, route, code, took, *sizes, path, *who))


def _client(attributes: Attributes, is_proxy: Callable[[str], bool]) -> str:
    """Who asked: SDKs take any X-Forwarded-For at its word, so that only a proxy that is trusted may name another."""
    client, peer = attributes.get(CLIENT), attributes.get(PEER)
    named = address_of(client)
    if client == peer or peer is None:
        return named
    connected = address_of(peer)
    return named if not connected or (named and is_proxy(connected)) else connected
