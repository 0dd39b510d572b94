"""Lines of access logs: what each format says of a request, what is no request, and that nothing else is raised."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.meters.requests.events import METHODS, OTHER_METHOD, Event
from exporter.meters.requests.logs.adding import ZEROS, AlikeRequests, add_lines
from exporter.meters.requests.logs.formats import fields
from exporter.meters.requests.logs.formats.fields import LineError
from exporter.meters.requests.logs.formats.named import FORMATS, detected, format_of
from reports.errors import QuestionError

AT = int(datetime(2026, 3, 1, 11, 59, 58, tzinfo=UTC).timestamp()) * 1_000_000
TIME = "[01/Mar/2026:12:59:58 +0100]"
AGENT = "Mozilla/5.0 (X11)"
COMBINED = f'203.0.113.7 - - {TIME} "GET /items/7?page=2 HTTP/1.1" 200 512 "https://example.org/" "{AGENT}"'
ITEM = Event("shop", AT, "GET", "/items/{id}", 200, None, 0, 512, "/items/7", "203.0.113.7", AGENT)
PLAIN = ITEM._replace(agent="")
CADDY = (
    '{"level":"info","ts":1772366398.25,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":'
    '"203.0.113.7","remote_port":"41342","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":'
    f'"localhost","uri":"/items/7?page=2","headers":{{"User-Agent":["{AGENT}"]}}}},"bytes_read":3,"user_id":"ann",'
    '"duration":0.000929675,"size":512,"status":200,"resp_headers":{"Server":["Caddy"]}}'
)
TRAEFIK = (
    '{"ClientAddr":"203.0.113.7:53912","ClientHost":"203.0.113.7","ClientPort":"53912","ClientUsername":"-",'
    '"DownstreamContentSize":512,"DownstreamStatus":200,"Duration":61333,"RequestContentSize":3,"RequestCount":1,'
    '"RequestHost":"localhost","RequestMethod":"GET","RequestPath":"/items/7?page=2","RequestProtocol":"HTTP/1.1",'
    f'"StartUTC":"2026-03-01T11:59:58.25Z","level":"info","msg":"","time":"2026-03-01T11:59:58Z",'
    f'"request_User-Agent":"{AGENT}"}}'
)


def read(log_format: str, line: str | bytes) -> Event:
    return format_of(log_format).reader("shop")(line.encode() if isinstance(line, str) else line)


@pytest.mark.parametrize(
    ("log_format", "line", "expected"),
    [
        ("combined", COMBINED, ITEM),
        ("common", COMBINED, PLAIN),
        ("common", COMBINED.partition(' "http')[0], PLAIN),
        ("main", f'{COMBINED} "-"', ITEM),
        ("timed", f"{COMBINED} 0.250 77", ITEM._replace(duration=250_000, request_bytes=77)),
        ("vhost_combined", f"example.org:80 {COMBINED}", ITEM),
        ("caddy", CADDY, ITEM._replace(at=AT + 250_000, duration=929, request_bytes=3, user="ann")),
        ("traefik", TRAEFIK, ITEM._replace(at=AT + 250_000, duration=61, request_bytes=3)),
        # nginx's and Apache's own strings
        ("$remote_addr [$time_local] $request_method $uri $status $bytes_sent $request_time",
         f"203.0.113.7 {TIME} GET /items/7 200 512 1.5", PLAIN._replace(duration=1_500_000)),
        ('$http_x_forwarded_for - [$time_local] "$request" $status $body_bytes_sent',
         f'203.0.113.7, 10.0.0.1 - {TIME} "GET /items/7 HTTP/1.1" 200 512', PLAIN),
        ('{"t":"$time_iso8601","r":"$request","s":$status,"b":$body_bytes_sent,"c":"$remote_addr"}',
         '{"t":"2026-03-01T12:59:58+01:00","r":"GET /items/7 HTTP/1.1","s":200,"b":512,"c":"203.0.113.7"}', PLAIN),
        ("$msec|${remote_addr}|$request_method|$request_uri|$status|$body_bytes_sent",
         "1772366398.000|203.0.113.7|GET|/items/7|200|512", PLAIN),
        (r'%h %l %u %t \"%r\" %>s %b %D', f'203.0.113.7 - - {TIME} "GET /items/7 HTTP/1.1" 200 512 1500',
         PLAIN._replace(duration=1500)),
        ('%a %t "%m %U%q %H" %s %O %I %{ms}T', f'203.0.113.7 {TIME} "GET /items/7?a=b HTTP/1.1" 200 512 80 12',
         PLAIN._replace(duration=12_000, request_bytes=80)),
        ("%{usec}t %h %m %U %>s %B %T", "1772366398000000 203.0.113.7 GET /items/7 200 512 2",
         PLAIN._replace(duration=2_000_000)),
        # what clients send
        ("$msec $request $status", "1772366398 GET /items/7 HTTP/1.1 200",
         PLAIN._replace(client="", response_bytes=0)),
        ("combined", COMBINED.replace("- - [", "- a b [", 1), ITEM._replace(user="a b")),
        ("combined", COMBINED.replace(AGENT, r"a\x22b\x5C"), ITEM._replace(agent='a"b\\')),
        ("combined", COMBINED.replace(AGENT, r"a\"b\\"), ITEM._replace(agent='a"b\\')),
        ("combined", COMBINED.replace(AGENT, "-"), PLAIN),
        ("combined", COMBINED.replace("203.0.113.7", "2001:db8::1"), ITEM._replace(client="2001:db8::1")),
        ("combined", COMBINED.replace("203.0.113.7", "host.example.org"), ITEM._replace(client="")),
        ("combined", COMBINED.replace("GET /items/7?page=2 HTTP/1.1", ""),
         ITEM._replace(method=OTHER_METHOD, route="(other)", path="")),
        ("combined", COMBINED.replace("GET /items/7?page=2 HTTP/1.1", r"\x16\x03\x01"),
         ITEM._replace(method=OTHER_METHOD, route="(other)", path="")),
        ("combined", COMBINED.replace("/items/7?page=2", "/a b"), ITEM._replace(route="/a b", path="")),
        ("combined", COMBINED.replace("/items/7?page=2", "http://example.org/items/7"), ITEM),
        ("combined", COMBINED.replace("200 512", "000 -"), ITEM._replace(code=0, response_bytes=0)),
        ("caddy", CADDY.replace("0.000929675", '"1m2.5ms"'),
         ITEM._replace(at=AT + 250_000, duration=60_002_500, request_bytes=3, user="ann")),
    ],
)  # fmt: skip
def test_a_line_is_a_request(log_format: str, line: str, expected: Event) -> None:
    assert read(log_format, line) == expected


@pytest.mark.parametrize(
    ("log_format", "line", "reason"),
    [
        ("combined", "nonsense", "it does not have the format"),
        ("combined", COMBINED.replace("Mar", "Mai"), "its time is none"),
        ("combined", COMBINED.replace("01/Mar/2026", "31/Feb/2026"), "its time is none"),
        ("combined", COMBINED.replace("01/Mar/2026", "01/Mar/1999"), "its time is before the year 2000"),
        ("combined", COMBINED.replace("01/Mar/2026", "01/Mar/9999"), "its time is more than a day ahead"),
        ("combined", COMBINED.replace("200 512", "999 512"), "its status code is none"),
        ("combined", COMBINED.replace("200 512", "200 -512"), "its number of bytes is none"),
        ("caddy", '{"level":"info","msg":"server running"}', "it is no JSON of a request"),
        ("caddy", CADDY.replace("1772366398.25", '"2026-03-01T11:59:58"'), "its time has no offset"),
        ("traefik", "[" * 100_000, "it is no JSON of a request"),
    ],
)
def test_a_line_that_is_none_has_a_reason(log_format: str, line: str, reason: str) -> None:
    with pytest.raises(LineError) as caught:
        read(log_format, line)

    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("log_format", "reason"),
    [
        ("nonsense", "there is no format 'nonsense'"),
        ("$remote_addr $status $request", "the format has no time of the request"),
        ("$time_local $request", "the format has no status code"),
        ("$time_local $status $uri", "the format has no request line"),
        ("$time_local$status $request", "two fields of the format have nothing between them"),
        ("%{%H}t %s %r", "%{%H}t is not read"),
        ("$" * 2001, "the format is longer than 2000 characters"),
    ],
)
def test_a_format_that_cannot_be_read_is_refused(log_format: str, reason: str) -> None:
    with pytest.raises(QuestionError, match=f"^{reason.replace('$', '[$]').replace('{', '[{]')}"):
        format_of(log_format)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("combined", COMBINED),
        ("main", f'{COMBINED} "203.0.113.9"'),
        ("timed", f"{COMBINED} 0.004 120"),
        ("vhost_combined", f"example.org:443 {COMBINED}"),
        ("common", COMBINED.partition(' "http')[0]),
        ("caddy", CADDY),
        ("traefik", TRAEFIK),
    ],
)
def test_a_format_is_detected_from_the_first_lines(name: str, line: str) -> None:
    found = detected([b"nonsense", line.encode()])

    assert found is not None
    assert found.name == name


def test_lines_without_a_known_format_have_none() -> None:
    assert detected([b"nonsense", b""]) is None


def _damaged(line: str, place: int, put: bytes, removed: int) -> bytes:
    return line.encode()[:place] + put + line.encode()[place + removed :]


WHOLE = st.sampled_from([COMBINED, CADDY, TRAEFIK, f"{COMBINED} 0.1 2"])
DAMAGED = st.builds(_damaged, WHOLE, st.integers(0, 400), st.binary(max_size=9), st.integers(0, 9))
LINES = st.binary(max_size=300) | DAMAGED
OWN_FORMATS = [
    '{"t":"$time_iso8601","r":"$request","s":$status}',
    "%{usec}t %h %m %U %>s %B %T",
    "$msec $request $status",
]


@given(LINES, st.sampled_from([*FORMATS, *OWN_FORMATS]))
def test_any_line_is_a_request_or_a_line_error(line: bytes, log_format: str) -> None:
    try:
        event = format_of(log_format).reader("shop")(line.replace(b"\n", b""))
    except LineError:
        return

    assert event.at > 0
    assert event.method in METHODS | {OTHER_METHOD}
    assert event.route.isprintable()
    assert event.route
    assert event.path.isprintable()
    assert event.code == 0 or 100 <= event.code < 600
    assert min(event.duration or 0, event.request_bytes, event.response_bytes) >= 0


@given(st.text(max_size=60), st.sampled_from(["$time_local $status $request", "%t %s %r"]))
def test_any_format_is_read_or_refused(text: str, core: str) -> None:
    try:
        read_line = format_of(f"{core} {text}").reader("shop")
    except QuestionError:
        return
    try:
        read_line(COMBINED.encode())
    except LineError:
        return


@given(st.lists(LINES, max_size=30), st.sampled_from(list(FORMATS)))
def test_lines_added_up_are_what_their_events_are(lines: list[bytes], name: str) -> None:
    lines = [line.replace(b"\n", b"") for line in lines]
    read_line = FORMATS[name].reader("shop")
    events, faults = [], []
    for number, line in enumerate(lines):
        try:
            events.append(read_line(line))
        except LineError as error:
            if line:
                faults.append((number, str(error)))

    added = add_lines(lines, FORMATS[name], "shop")

    assert added.faults == faults
    assert sum(each.requests for each in added.counts) == len(events)
    assert sum(each.response_bytes for each in added.counts) == sum(event.response_bytes for event in events)
    assert sum(each.request_bytes for each in added.counts) == sum(event.request_bytes for event in events)
    assert sum(each.duration for each in added.counts) == sum(event.duration or 0 for event in events)
    assert {(each.method, each.route, each.code) for each in added.counts} == {
        (event.method, event.route, event.code) for event in events
    }
    assert sum(sum(each.values()) for each in added.clients.values()) == sum(bool(event.client) for event in events)


TARGETS = st.lists(st.sampled_from(["/", "?", "#", " ", "7", "42", "v1", "a", "-", "HTTP/1.1", "x9y"]), max_size=9)


@settings(max_examples=300)
@given(st.lists(TARGETS.map(lambda parts: f"GET {''.join(parts)}".encode()), max_size=20))
@example([b"GET /7 ", b"GET /8 "])
@example([b"GET /7 7 HTTP/1.1", b"GET /8 8 HTTP/1.1"])
def test_request_lines_that_are_alike_have_one_route(requests: list[bytes]) -> None:
    alike = AlikeRequests()
    for request in requests:
        plain = alike.by_zeros.get(request.translate(ZEROS)) or alike.plain(request)

        assert fields.asked(plain)[:2] == fields.asked(request)[:2]
