"""What sockets moved, credited to who holds them: baselines, epochs, ends, owners that are found later."""

from __future__ import annotations

from functools import partial

import pytest

from exporter.meters.applications.sock_diag.events import ClosedSocket
from exporter.meters.applications.sock_diag.netlink import CounterRow, SocketFacts
from exporter.meters.applications.sock_diag.owners import Holders, Process
from exporter.meters.applications.sock_diag.sockets import SocketTable
from exporter.meters.applications.traffic import SHORT_LIVED, UNKNOWN, Owner

ESTABLISHED, CLOSE_WAIT, LISTEN = 1, 8, 10
WEB_PORT = 80


def _always(facts: SocketFacts, _row: CounterRow) -> SocketFacts:
    return facts


class Kernel:
    """A table, and a kernel that lists sockets to it."""

    def __init__(self) -> None:
        self.table = SocketTable(lambda _: "internet")
        self.cgroup = 0

    def list(self, *rows: CounterRow, port: int = 5000, is_baseline: bool = False) -> None:
        self.table.begin_listing()
        for row in rows:
            facts = SocketFacts(WEB_PORT if row[1] == LISTEN else port, b"\1\1\1\1", b"\2\2\2\2", self.cgroup)
            self.table.add_page([row], partial(_always, facts), is_baseline=is_baseline)

    def close(self, cookie: int, received: int, sent: int, *, port: int = 5000, is_older: bool = False) -> None:
        facts = SocketFacts(port, b"\1\1\1\1", b"\2\2\2\2", 0)
        self.table.add_closed(ClosedSocket(cookie, received, sent, facts, 0), is_older=is_older)

    def find(self, processes: dict[int, Process], *, is_complete: bool = True) -> None:
        self.table.set_owners(Holders(processes, is_complete))

    def moved(self) -> dict[str, tuple[int, int]]:
        return {
            traffic.owner.special or traffic.owner.command: (traffic.receive_bytes, traffic.transmit_bytes)
            for traffic in self.table.credit()
        }


def row(cookie: int, received: int, sent: int, *, inode: int | None = None, state: int = ESTABLISHED) -> CounterRow:
    return (cookie, state, 1000 + cookie if inode is None else inode, received, sent, 0)


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


def test_a_new_socket_counts_whole_and_then_its_differences(kernel: Kernel) -> None:
    kernel.list(row(1, 100, 50))
    kernel.find({1001: Process(7, "app")})
    assert kernel.moved() == {"app": (100, 50)}

    kernel.list(row(1, 160, 50))
    assert kernel.moved() == {"app": (60, 0)}

    kernel.list(row(1, 160, 50))
    assert kernel.moved() == {}


def test_a_baseline_is_not_usage(kernel: Kernel) -> None:
    kernel.list(row(1, 100, 50), is_baseline=True)
    kernel.find({1001: Process(7, "app")})
    assert kernel.moved() == {}

    kernel.close(1, 102, 51)
    assert kernel.moved() == {"app": (2, 1)}


def test_counters_that_fall_begin_anew(kernel: Kernel) -> None:
    kernel.list(row(1, 100, 50))
    kernel.find({1001: Process(7, "app")})
    kernel.moved()

    kernel.list(row(1, 30, 60))

    assert kernel.moved() == {"app": (30, 60)}


def test_the_end_of_the_peer_is_no_byte(kernel: Kernel) -> None:
    kernel.list(row(1, 100, 0))
    kernel.find({1001: Process(7, "app")})
    kernel.list(row(1, 111, 0, state=CLOSE_WAIT))
    kernel.list(row(1, 111, 5, state=CLOSE_WAIT))
    kernel.close(1, 111, 9)

    assert kernel.moved() == {"app": (110, 9)}


def test_a_single_byte_at_the_end_is_the_end_of_the_peer(kernel: Kernel) -> None:
    kernel.list(row(1, 100, 0), is_baseline=True)
    kernel.close(1, 101, 0)
    kernel.close(2, 1, 7)
    kernel.close(3, 1, 0)

    assert kernel.moved() == {SHORT_LIVED: (0, 7)}


def test_who_is_not_found_twice_is_unknown_and_loses_nothing(kernel: Kernel) -> None:
    kernel.list(row(1, 100, 50))
    kernel.find({})
    assert kernel.moved() == {}

    kernel.list(row(1, 110, 50))
    kernel.find({})
    assert kernel.moved() == {UNKNOWN: (110, 50)}
    assert not kernel.table.inodes_without_owner()


def test_who_is_not_found_is_known_by_its_cgroup(kernel: Kernel) -> None:
    kernel.cgroup = 4711
    kernel.list(row(1, 100, 50))
    for _ in range(2):
        kernel.find({})

    (traffic,) = kernel.table.credit()

    assert traffic.owner == Owner(cgroup=4711)


def test_who_was_not_looked_for_everywhere_is_not_unknown(kernel: Kernel) -> None:
    kernel.list(row(1, 100, 50))
    for _ in range(5):
        kernel.find({}, is_complete=False)
        assert kernel.moved() == {}
    kernel.find({1001: Process(7, "app")})

    assert kernel.moved() == {"app": (100, 50)}


def test_who_is_found_later_gets_all(kernel: Kernel) -> None:
    kernel.list(row(1, 100, 50))
    kernel.find({})
    kernel.list(row(1, 110, 50))
    kernel.find({1001: Process(7, "app")})

    assert kernel.moved() == {"app": (110, 50)}


def test_who_ends_before_it_is_found_is_short_lived(kernel: Kernel) -> None:
    kernel.list(row(1, 100, 50))
    kernel.find({})
    kernel.close(1, 120, 50)
    kernel.close(2, 7, 8)

    assert kernel.moved() == {SHORT_LIVED: (127, 58)}
    assert len(kernel.table) == 0


def test_connections_to_a_listener_are_its_process(kernel: Kernel) -> None:
    kernel.list(row(1, 0, 0, state=LISTEN), is_baseline=True)
    kernel.find({1001: Process(7, "web")})

    # one that waits to be accepted, one that was never listed, one after the server has ended
    kernel.list(row(1, 0, 0, state=LISTEN), row(2, 10, 0, inode=0), port=WEB_PORT)
    kernel.close(3, 5, 6, port=WEB_PORT)
    assert kernel.moved() == {"web": (15, 6)}

    kernel.list()
    kernel.close(4, 2, 1, port=WEB_PORT)
    assert kernel.moved() == {"web": (2, 1)}


def test_an_accepted_connection_is_of_who_accepts_it(kernel: Kernel) -> None:
    kernel.list(row(1, 10, 0, inode=0))
    assert kernel.moved() == {SHORT_LIVED: (10, 0)}

    kernel.list(row(1, 10, 0, inode=55))
    assert kernel.table.inodes_without_owner() == {55}
    kernel.find({55: Process(8, "worker")})
    kernel.list(row(1, 15, 3, inode=55))
    assert kernel.moved() == {"worker": (5, 3)}

    # its process closes it, and what is in flight is still its own
    kernel.list(row(1, 15, 9, inode=0))
    assert kernel.moved() == {"worker": (0, 6)}


def test_a_socket_that_its_process_closed_before_it_was_found_is_short_lived(kernel: Kernel) -> None:
    kernel.list(row(1, 10, 0))
    kernel.find({})
    kernel.list(row(1, 12, 0, inode=0))

    assert not kernel.table.inodes_without_owner()
    assert kernel.moved() == {SHORT_LIVED: (12, 0)}


def test_owners_are_found_again_when_asked(kernel: Kernel) -> None:
    kernel.list(row(1, 0, 1), row(2, 0, 1))
    kernel.find({1001: Process(7, "old"), 1002: Process(8, "kept")})
    kernel.moved()

    kernel.table.ask_again()
    assert kernel.table.inodes_without_owner() == {1001, 1002}
    kernel.find({1001: Process(7, "new")})
    kernel.list(row(1, 0, 3), row(2, 0, 4))

    assert kernel.moved() == {"new": (0, 2), "kept": (0, 3)}


def test_a_socket_older_than_the_meter_that_no_listing_showed_is_not_counted(kernel: Kernel) -> None:
    kernel.close(1, 1000, 1000, is_older=True)
    kernel.close(2, 0, 0)

    assert kernel.moved() == {}


def test_a_closed_socket_that_its_program_holds_is_kept_until_it_ends(kernel: Kernel) -> None:
    kernel.list(row(1, 100, 0))
    kernel.find({1001: Process(7, "app")})
    kernel.moved()

    for _ in range(100):
        kernel.list()
        assert not kernel.table.drop_unseen(has_losses=False)
    kernel.close(1, 100, 3)

    assert kernel.moved() == {"app": (0, 3)}


def test_after_a_loss_what_is_not_listed_is_dropped_and_its_bytes_are_not(kernel: Kernel) -> None:
    kernel.list(row(1, 100, 0), row(2, 50, 0))
    kernel.find({})

    kernel.list(row(2, 50, 0))
    assert kernel.table.drop_unseen(has_losses=True)

    assert len(kernel.table) == 1
    assert kernel.moved() == {SHORT_LIVED: (100, 0)}
    kernel.find({})
    assert kernel.moved() == {UNKNOWN: (50, 0)}


def test_memory_is_bounded_where_closed_sockets_are_never_let_go(kernel: Kernel) -> None:
    kernel.list(*[row(cookie, 1, 1) for cookie in range(10_001)])
    kernel.find({})

    kernel.list()

    assert kernel.table.drop_unseen(has_losses=False)
    assert len(kernel.table) == 0
