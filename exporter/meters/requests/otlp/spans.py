"""Server spans of HTTP as events."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.requests.events import LONGEST_DURATION, Event
from exporter.meters.requests.otlp.conventions import (
    REQUEST_BYTES,
    RESPONSE_BYTES,
    code_of,
    method_of,
    path_beside,
    route_of,
    service_name,
    size_of,
    who_asked,
)
from exporter.meters.requests.otlp.refusals import Refusals, RefusedPointError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from exporter.meters.requests.otlp.conventions import WhoAsked
    from exporter.meters.requests.otlp.messages import ServerSpan, ServiceSpans


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
    attributes = span.attributes
    method = method_of(attributes)
    if method is None:
        return None
    code, route, who = code_of(attributes, is_error=span.is_error), route_of(attributes), who_asked(attributes)
    duration = (span.ended - span.started) // 1000
    return Event(
        service,
        refusals.counted_at("endTimeUnixNano", span.ended, now),
        method,
        route,
        code,
        duration if span.started and 0 <= duration <= LONGEST_DURATION else None,
        size_of(attributes, REQUEST_BYTES),
        size_of(attributes, RESPONSE_BYTES),
        path_beside(route, attributes),
        _client(who, is_proxy),
        who.agent,
        who.user,
    )


def _client(who: WhoAsked, is_proxy: Callable[[str], bool]) -> str:
    """Who asked: SDKs take any X-Forwarded-For at its word, so that only a proxy that is trusted may name another."""
    if who.client == who.peer or not who.peer:
        return who.client
    return who.client if who.client and is_proxy(who.peer) else who.peer
