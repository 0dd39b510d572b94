"""rtnetlink messages, built byte by byte as the kernel builds them."""

from __future__ import annotations

import contextlib
import socket
import struct

import pytest

from exporter.metering.counters.readings import Counts
from exporter.meters.interfaces.linux.link_table import LinkTable, RemovedLink
from exporter.meters.interfaces.linux.netlink import (
    LinkFacts,
    Message,
    RouteMessage,
    is_route_of_interest,
    parse_link,
    parse_route,
    split_messages,
)

UP_AND_RUNNING = 0x1 | 0x40
STATS = struct.pack("=25Q", *range(1, 26))


def attribute(kind: int, value: bytes) -> bytes:
    padding = b"\0" * (-len(value) % 4)
    return struct.pack("=HH", 4 + len(value), kind) + value + padding


def number(value: int) -> bytes:
    return struct.pack("=I", value)


def link_body(*attributes: bytes, family: int = 0, flags: int = UP_AND_RUNNING) -> bytes:
    return struct.pack("=BxHiII", family, 1, 7, flags, 0) + b"".join(attributes)


def message(kind: int, sequence: int, body: bytes) -> bytes:
    padding = b"\0" * (-len(body) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, 0, sequence, 0) + body + padding


NAME = attribute(3, b"vlan7\0")


def test_a_link_message_tells_facts_and_counts_as_proc_net_dev_does() -> None:
    kind = attribute(18 | 0x8000, attribute(1, b"vlan\0"))
    body = link_body(
        NAME,
        kind,
        attribute(1, bytes.fromhex("0200000000aa")),
        attribute(4, number(1500)),
        attribute(5, number(2)),
        attribute(10, number(9)),
        attribute(16, b"\x06"),
        attribute(23, STATS),
    )

    facts = LinkFacts(7, "vlan7", "vlan", 1, UP_AND_RUNNING, 6, 1500, "02:00:00:00:00:aa", 2, 9)
    # packets, bytes, errors, drops; receive drops include column 16, what the hardware missed
    assert parse_link(body) == (facts, Counts(3, 4, 1, 2, 5, 6, 7 + 16, 8))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(link_body(NAME, family=socket.AF_BRIDGE), id="a bridge about its port"),
        pytest.param(link_body(NAME, family=socket.AF_INET6), id="IPv6 about its device"),
        pytest.param(link_body(NAME, attribute(11, b"scan")), id="a wireless driver about its scan"),
        pytest.param(link_body(), id="nameless"),
    ],
)
def test_messages_that_are_not_about_the_link_itself_are_none(body: bytes) -> None:
    assert parse_link(body) is None


def test_a_parent_in_another_namespace_is_none_of_ours() -> None:
    parsed = parse_link(link_body(NAME, attribute(5, number(2)), attribute(37, number(0))))

    assert parsed
    assert parsed[0].parent == 0


@pytest.mark.parametrize(
    ("state", "flags", "is_up"),
    [
        (6, UP_AND_RUNNING, True),
        (2, 0x1, False),
        (5, 0x1, False),
        (0, UP_AND_RUNNING, True),
        (0, 0x1, False),
        (0, 0x40, False),
    ],
)
def test_a_link_is_up_by_its_state_or_else_by_its_flags(*, state: int, flags: int, is_up: bool) -> None:
    parsed = parse_link(link_body(NAME, attribute(16, bytes([state])), flags=flags))

    assert parsed
    assert parsed[0].is_up is is_up


@pytest.mark.parametrize(
    "body",
    [b"", b"\0" * 15, link_body(struct.pack("=HH", 3, 3)), link_body(struct.pack("=HH", 40, 3), b"abc\0")],
)
def test_a_malformed_link_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"netlink attribute|link message"):
        parse_link(body)


def test_a_datagram_is_cut_into_its_messages() -> None:
    datagram = message(16, 3, b"abcde") + message(3, 3, b"\0" * 4)

    assert list(split_messages(datagram)) == [Message(16, 3, b"abcde"), Message(3, 3, b"\0" * 4)]


@pytest.mark.parametrize("length", [0, 15, 21])
def test_an_impossible_message_length_is_a_value_error(length: int) -> None:
    with pytest.raises(ValueError, match="netlink message of"):
        list(split_messages(struct.pack("=IHHII", length, 16, 0, 0, 0) + b"\0" * 4))


def route_body(length: int, table: int, *attributes: bytes, family: int = 2, kind: int = 1) -> bytes:
    return struct.pack("=BBBBBBBBI", family, length, 0, 0, table, 0, 0, kind, 0) + b"".join(attributes)


@pytest.mark.parametrize(
    ("body", "is_of_interest"),
    [
        pytest.param(route_body(0, 254), True, id="default route"),
        pytest.param(route_body(0, 254, kind=7), True, id="unreachable default route"),
        pytest.param(route_body(1, 254), True, id="OpenVPN's half"),
        pytest.param(route_body(32, 254), True, id="host route"),
        pytest.param(route_body(128, 254, family=10), True, id="IPv6 host route"),
        pytest.param(route_body(24, 254), False, id="a net of ours"),
        pytest.param(route_body(64, 254, family=10), False, id="an IPv6 net of ours"),
        pytest.param(route_body(32, 255, kind=2), False, id="an address of ours"),
        pytest.param(route_body(8, 255, family=10, kind=5), False, id="multicast"),
    ],
)
def test_only_some_routes_can_change_uplinks(*, body: bytes, is_of_interest: bool) -> None:
    assert is_route_of_interest(message(24, 0, body)) is is_of_interest


def next_hop(index: int, flags: int, *attributes: bytes) -> bytes:
    tail = b"".join(attributes)
    return struct.pack("=HBBi", 8 + len(tail), flags, 0, index) + tail


GATEWAY = attribute(5, b"\x0a\0\0\1")


@pytest.mark.parametrize(
    ("body", "route"),
    [
        pytest.param(
            route_body(0, 254, attribute(15, number(254)), attribute(4, number(3)), GATEWAY),
            RouteMessage(0, 0, is_unicast=True, next_hops=((3, True),)),
            id="default route",
        ),
        pytest.param(
            route_body(1, 254, attribute(1, b"\x80\0\0\0"), attribute(4, number(3))),
            RouteMessage(1, 128, is_unicast=True, next_hops=((3, False),)),
            id="second half",
        ),
        pytest.param(
            route_body(0, 254, attribute(9, next_hop(3, 0, GATEWAY) + next_hop(4, 1) + next_hop(5, 0))),
            RouteMessage(0, 0, is_unicast=True, next_hops=((3, True), (5, False))),
            id="multipath, one of them dead",
        ),
        pytest.param(
            route_body(0, 254, kind=7),
            RouteMessage(0, 0, is_unicast=False, next_hops=((0, False),)),
            id="unreachable",
        ),
        pytest.param(
            route_body(0, 0, attribute(15, number(51820)), attribute(4, number(3))),
            RouteMessage(0, 0, is_unicast=True, next_hops=((3, False),), is_main=False),
            id="a VPN's own table",
        ),
        pytest.param(
            route_body(0, 200, attribute(1, b""), attribute(4, number(3)), GATEWAY),
            RouteMessage(0, 0, is_unicast=True, next_hops=((3, True),), is_main=False),
            id="a table of policy routing",
        ),
        pytest.param(route_body(32, 255, attribute(15, number(255))), None, id="the local table"),
    ],
)
def test_a_route_names_its_next_hops_and_whether_all_traffic_asks_its_table(
    body: bytes, route: RouteMessage | None
) -> None:
    assert parse_route(body) == route


def test_a_message_of_any_bytes_is_read_or_a_value_error() -> None:
    """Lengths that fit and attributes of every size, also those that no kernel sends."""
    for size in range(6):
        for kind in range(64):
            odd = attribute(kind, b"\x81" * size)
            with contextlib.suppress(ValueError):
                parse_link(link_body(attribute(3, b"eth0\0"), odd))
            with contextlib.suppress(ValueError):
                parse_route(route_body(0, 254, odd))


@pytest.mark.parametrize("body", [b"\x02\0", route_body(0, 254, attribute(9, struct.pack("=HBBi", 90, 0, 0, 1)))])
def test_a_malformed_route_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"route message|next hop"):
        parse_route(body)


def facts(index: int, name: str) -> LinkFacts:
    return LinkFacts(index, name, "veth", 1, UP_AND_RUNNING, 6, 1500, "", 0, 0)


def test_the_census_follows_names_that_are_swapped() -> None:
    link_table = LinkTable()
    link_table.learn(facts(1, "a"))
    link_table.learn(facts(2, "b"))

    touched = [link_table.follow(facts(*step), Counts()) for step in ((1, "x"), (2, "a"), (1, "b"))]

    assert link_table.names == {"b": 1, "a": 2}
    assert touched == [{"a", "x"}, {"a", "b"}, {"b", "x"}]
    assert link_table.announced == {}


def test_the_census_keeps_a_birth_until_it_was_delivered() -> None:
    link_table = LinkTable()
    link_table.follow(facts(1, "a"), Counts(5))

    link_table.acknowledge({"other"})
    kept = dict(link_table.announced)
    link_table.acknowledge({"a"})

    assert kept == {1: Counts(5)}
    assert link_table.announced == {}


def test_the_census_pairs_a_short_life_with_its_birth_and_ignores_strangers() -> None:
    link_table = LinkTable()
    link_table.follow(facts(1, "a"), Counts(5))

    link_table.leave(facts(1, "a"), Counts(9))
    link_table.leave(facts(8, "stranger"), Counts(1))

    assert link_table.removed == [RemovedLink(1, "a", Counts(9), Counts(5))]
    assert link_table.names == {}
    assert link_table.announced == {}


def test_the_census_forgets_whose_end_nobody_told() -> None:
    link_table = LinkTable()
    link_table.learn(facts(1, "a"))
    link_table.learn(facts(2, "b"))
    link_table.changed.clear()

    link_table.keep_only({2})

    assert link_table.names == {"b": 2}
    assert link_table.changed == {1}
    assert link_table.removed == []
