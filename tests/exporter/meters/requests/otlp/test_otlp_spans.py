"""Server spans as events: what each SDK sends for a request, by old and new names."""

from __future__ import annotations

import tracemalloc

import pytest

from exporter.meters.requests.events import LONGEST_AGENT
from exporter.meters.requests.otlp.conventions import NAMES, address_of, agent_of
from exporter.meters.requests.otlp.messages import AttributeValue, ServerSpan, ServiceSpans
from exporter.meters.requests.otlp.spans import SpanEvents, span_events

Attributes = dict[str, AttributeValue]

NOW = 1_790_000_000_000_000
HOUR = 3600 * 10**6

OLD: Attributes = {
    "http.method": "GET",
    "http.status_code": 200,
    "http.target": "/items/7?a=1",
    "http.route": "/items/{id}",
}
NEW: Attributes = {
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "url.path": "/items/7",
    "http.route": "/items/{id}",
}


def _found(
    given: Attributes, *, is_error: bool = False, started: int = NOW - 5000, ended: int = NOW, service: str = "shop"
) -> SpanEvents:
    known = {NAMES[name]: value for name, value in given.items()}
    span = ServerSpan(started * 1000, ended * 1000, is_error, known)
    return span_events([ServiceSpans(service, [span])], None, NOW, lambda address: address == "10.0.0.1")


def _event(given: Attributes, *, is_error: bool = False) -> tuple[object, ...]:
    (event,) = _found(given, is_error=is_error).events
    return event.method, event.route, event.code, event.path


CASES: dict[str, tuple[Attributes, tuple[object, ...]]] = {
    "old names": (OLD, ("GET", "/items/{id}", 200, "/items/7")),
    "new names": (NEW, ("GET", "/items/{id}", 200, "/items/7")),
    "both": (OLD | NEW, ("GET", "/items/{id}", 200, "/items/7")),
    "no route": ({**NEW, "http.route": ""}, ("GET", "/items/{id}", 200, "/items/7")),
    "a URL alone": (
        {"http.method": "GET", "http.url": "http://shop:80/items/7?q=secret", "http.status_code": 404},
        ("GET", "/items/{id}", 404, "/items/7"),
    ),
    "a URL that is none": (
        {"http.method": "GET", "http.url": "http://[", "http.status_code": 404},
        ("GET", "(other)", 404, ""),
    ),
    "no path": ({"http.request.method": "GET", "http.response.status_code": 204}, ("GET", "(other)", 204, "")),
    "an unknown method": ({**NEW, "http.request.method": "_OTHER"}, ("(other)", "/items/{id}", 200, "/items/7")),
    "a method in small letters": ({**NEW, "http.request.method": "head"}, ("HEAD", "/items/{id}", 200, "/items/7")),
    "a code as text": ({**NEW, "http.response.status_code": "503"}, ("GET", "/items/{id}", 503, "/items/7")),
    "a name of the meter's": ({**NEW, "http.route": "(all)"}, ("GET", "/(all)", 200, "/items/7")),
    "control characters": (
        {**NEW, "http.route": "/a\x1b[2J\n", "url.path": "/a\x00b"},
        ("GET", "/a[2J", 200, "/ab"),
    ),
}


@pytest.mark.parametrize(("given", "wanted"), CASES.values(), ids=CASES)
def test_a_span_is_an_event(given: Attributes, wanted: tuple[object, ...]) -> None:
    assert _event(given) == wanted


NO_CODE: Attributes = {name: value for name, value in NEW.items() if name != "http.response.status_code"}
CODES: dict[str, tuple[Attributes, bool, int]] = {
    "an exception that aiohttp raises": ({**NO_CODE, "error.type": "RuntimeError"}, True, 500),
    "the same before error.type": (NO_CODE, True, 500),
    "an error that is a code": ({**NO_CODE, "error.type": "503"}, True, 503),
    "an error that is no code": ({**NO_CODE, "error.type": "99999"}, True, 500),
    "the client went away": (NO_CODE, False, 0),
}


@pytest.mark.parametrize(("given", "is_error", "code"), CODES.values(), ids=CODES)
def test_a_span_without_a_code_has_an_error_or_no_response(given: Attributes, is_error: bool, code: int) -> None:  # noqa: FBT001 - a case
    assert _event(given, is_error=is_error)[2] == code


def test_a_span_of_another_protocol_is_passed_over() -> None:
    found = _found({"url.path": "/grpc.Service/Call"})

    assert (found.events, found.refusals.number) == ([], 0)


def test_time_bytes_client_and_agent_are_kept() -> None:
    more: Attributes = {
        "http.request.body.size": 11,
        "http.response_content_length": 22,
        "client.address": "::ffff:192.0.2.7",
        "user_agent.original": "curl/8\x1b",
        "enduser.id": "u1",
    }
    (event,) = _found(NEW | more).events

    assert event.at == NOW
    assert event.duration == 5000
    assert (event.request_bytes, event.response_bytes) == (11, 22)
    assert (event.client, event.agent, event.user) == ("192.0.2.7", "curl/8", "u1")


CLIENTS: dict[str, tuple[Attributes, str]] = {
    "as the server has it": ({"client.address": "192.0.2.7"}, "192.0.2.7"),
    "who connected": ({"net.peer.ip": "192.0.2.8"}, "192.0.2.8"),
    "named by a stranger": ({"client.address": "192.0.2.7", "network.peer.address": "192.0.2.8"}, "192.0.2.8"),
    "named by a proxy": ({"client.address": "192.0.2.7", "network.peer.address": "10.0.0.1"}, "192.0.2.7"),
    "a path of a socket": ({"client.address": "/run/app.sock"}, ""),
    "with a zone": ({"client.address": "fe80::1%eth0"}, "fe80::1"),
}


@pytest.mark.parametrize(("more", "client"), CLIENTS.values(), ids=CLIENTS)
def test_the_client_is_who_connected_or_whom_a_trusted_proxy_names(more: Attributes, client: str) -> None:
    assert _found(NEW | more).events[0].client == client


REFUSED: dict[str, tuple[SpanEvents, str]] = {
    "an impossible code": (_found({**NEW, "http.response.status_code": 999}), "http.response.status_code: 999"),
    "a boolean code": (_found({**NEW, "http.response.status_code": True}), "http.response.status_code"),
    "long ago": (_found(NEW, ended=NOW - 25 * HOUR), "endTimeUnixNano"),
    "never": (_found(NEW, ended=0), "endTimeUnixNano: 0"),
    "far ahead": (_found(NEW, ended=NOW + 25 * HOUR), "endTimeUnixNano"),
    "a service in parentheses": (_found(NEW, service="(all)"), "service.name"),
    "a long service": (_found(NEW, service="s" * 101), "service.name"),
    "a service of control characters": (_found(NEW, service="\x1b\n"), "service.name"),
}


@pytest.mark.parametrize(("found", "fault"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_counted_is_refused_by_name(found: SpanEvents, fault: str) -> None:
    assert (found.events, found.refusals.number) == ([], 1)
    assert fault in found.refusals.fault


def test_a_span_ahead_is_counted_now_and_one_of_an_hour_ago_is_late() -> None:
    assert _found(NEW, ended=NOW + HOUR).events[0].at == NOW
    assert _found(NEW, ended=NOW - HOUR).refusals.late == 1


def test_a_time_that_went_backwards_is_no_duration() -> None:
    (event,) = _found(NEW, started=NOW + 1, ended=NOW).events

    assert event.duration is None


def test_with_a_key_the_service_is_the_keys() -> None:
    spans = ServiceSpans("(nonsense)", [ServerSpan(NOW * 1000, NOW * 1000, is_error=False, attributes=NEW)])

    assert span_events([spans], "shop", NOW, lambda _: False).events[0].service == "shop"


def test_long_values_of_strangers_are_not_remembered() -> None:
    tracemalloc.start()
    try:
        for number in range(200):
            agent_of(f"{number}" + "x" * 100_000)
            address_of(f"{number}" + "x" * 100_000)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held < 1_000_000
    assert agent_of("y" * 100_000) == "y" * LONGEST_AGENT
