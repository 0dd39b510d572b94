"""Parsing of sock_diag's messages: values stand where the kernel puts them, and no bytes do harm."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.meters.applications.sock_diag.netlink import (
    DiagError,
    RefusalError,
    SocketFacts,
    SocketParser,
    dump_request,
)
from tests.worlds.diag_messages import done_message, error_message, socket_message

NUMBERS = st.integers(0, 2**64 - 1)
GOOD = (
    socket_message(cookie=1, received=10, sent=20)
    + socket_message(cookie=2, received=30, sent=40, family=socket.AF_INET6, own=bytes(16), peer=b"\xfd" + bytes(15))
    + socket_message(cookie=3, received=0, sent=0, state=10, cgroup=None)
    + done_message()
)


def _read_all(parser: SocketParser, answer: bytes, size: int | None = None, sequence: int = 1) -> int:
    """Read everything that a source reads; returns the number of sockets."""
    page = parser.page(answer, len(answer) if size is None else size, sequence)
    for row in page.rows:
        facts = parser.facts(answer, row[5])
        assert len(facts.own) == len(facts.peer)
        assert len(facts.peer) in {4, 16}
        assert parser.silent_milliseconds(answer, row[5]) >= 0
    return len(page.rows)


def test_the_values_of_a_message_are_read() -> None:
    parser = SocketParser()

    page = parser.page(GOOD, len(GOOD), 1)

    assert page.is_last
    assert [row[:5] for row in page.rows] == [(1, 1, 77, 10, 20), (2, 1, 77, 30, 40), (3, 10, 77, 0, 0)]
    assert parser.facts(GOOD, page.rows[0][5]) == SocketFacts(socket.htons(80), b"\x0a\0\0\1", b"\x0a\0\0\2", cgroup=5)
    assert parser.facts(GOOD, page.rows[1][5]).peer == b"\xfd" + bytes(15)
    assert parser.facts(GOOD, page.rows[2][5]).cgroup == 0


def test_silence_is_what_was_received_last_of_data_and_acknowledgements() -> None:
    event = socket_message(cookie=1, received=1, sent=1, sequence=0, cgroup=None, silent=(700, 300))
    parser = SocketParser()

    (row,) = parser.page(event, len(event), 0).rows

    assert parser.silent_milliseconds(event, row[5]) == 300


def test_answers_to_an_earlier_question_are_left_out() -> None:
    answer = socket_message(cookie=1, received=1, sent=1, sequence=6) + done_message(6) + error_message(errno.EBUSY, 6)

    page = SocketParser().page(answer, len(answer), 7)

    assert page.rows == []
    assert not page.is_last


def test_a_refusal_says_why() -> None:
    answer = error_message(errno.ENOENT)

    with pytest.raises(RefusalError) as refusal:
        SocketParser().page(answer, len(answer), 1)

    assert refusal.value.errno == errno.ENOENT


def test_a_kernel_without_bytes_sent_is_too_old() -> None:
    answer = socket_message(cookie=1, received=1, sent=1, info_bytes=192)

    with pytest.raises(DiagError, match=r"since 4\.19"):
        SocketParser().page(answer, len(answer), 1)


def test_a_request_is_for_both_families_with_their_counters() -> None:
    request = dump_request(9)

    assert len(request) == 16 + 60
    assert request[16:20] == bytes([socket.AF_UNSPEC, 0, 0, 2])


@given(cookie=NUMBERS, received=NUMBERS, sent=NUMBERS, cgroup=st.none() | NUMBERS, extra=st.integers(0, 40))
def test_any_counters_are_read_as_they_are(
    cookie: int, received: int, sent: int, cgroup: int | None, extra: int
) -> None:
    answer = socket_message(cookie=cookie, received=received, sent=sent, cgroup=cgroup, info_bytes=208 + extra)
    parser = SocketParser()

    (row,) = parser.page(answer, len(answer), 1).rows

    assert row[:5] == (cookie, 1, 77, received, sent)
    assert parser.facts(answer, row[5]).cgroup == (cgroup or 0)


@given(st.binary(max_size=2000), st.integers(0, 3))
def test_arbitrary_bytes_are_sockets_or_an_error(answer: bytes, sequence: int) -> None:
    with suppress(DiagError):
        _read_all(SocketParser(), answer, sequence=sequence)


@settings(max_examples=500)
@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=8),
    st.integers(0, len(GOOD)),
)
def test_damaged_messages_are_sockets_or_an_error(damage: list[tuple[int, int]], size: int) -> None:
    parser = SocketParser()
    assert _read_all(parser, GOOD) == 3
    damaged = bytearray(GOOD)
    for place, value in damage:
        damaged[place] = value

    for length in (len(damaged), size):
        with suppress(DiagError):
            assert _read_all(parser, bytes(damaged), length) <= 3

    assert _read_all(parser, GOOD) == 3


@given(st.binary(min_size=4, max_size=400))
def test_arbitrary_attributes_are_a_socket_or_an_error(attributes: bytes) -> None:
    head = bytearray(socket_message(cookie=1, received=1, sent=1)[:88])
    head[:4] = (88 + len(attributes)).to_bytes(4, "little" if socket.htons(1) != 1 else "big")

    with suppress(DiagError):
        assert _read_all(SocketParser(), bytes(head) + attributes) <= 1


def test_messages_of_ever_new_lengths_do_not_fill_the_memory() -> None:
    parser = SocketParser()
    for extra in range(0, 4000, 4):
        answer = socket_message(cookie=1, received=1, sent=1, info_bytes=208 + extra)
        assert _read_all(parser, answer) == 1

    assert len(parser._places) <= 64
