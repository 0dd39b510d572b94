"""Properties that hold for any run of traffic, failures and clock changes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from exporter.metering.counters.readings import NOTHING, Counts
from reports.ledger.selection import of_interfaces
from tests.worlds.fake_machine import GIGABIT, Machine, plus

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worlds.books import Books
    from tests.worlds.fake_machine import Interface

NAMES = ("eth0", "wlan0", "narrow0")
LATEST = """
    SELECT (SELECT max(slot) FROM interface_slot), (SELECT max(minute) FROM interface_minute),
           (SELECT max(day * 86400) FROM interface_day),
           (SELECT max(ended) FROM gap), (SELECT max(at) FROM incident),
           (SELECT max(read_at) FROM interface_checkpoint),
           (SELECT max(began_at) FROM interface_checkpoint), (SELECT max(last_seen) FROM subject),
           (SELECT max(first_seen) FROM subject)
"""


class Step(NamedTuple):
    """One thing that happens; `amount` is bytes, seconds or hours as `what` needs."""

    what: str
    name: str = ""
    amount: int = 0


def _any_name(what: str) -> st.SearchStrategy[Step]:
    return st.builds(Step, st.just(what), st.sampled_from(NAMES))


STEPS = st.lists(
    st.one_of(
        st.builds(Step, st.just("move"), st.sampled_from(NAMES), st.integers(0, 2**27)),
        st.builds(Step, st.sampled_from(["wait", "sleep"]), st.just(""), st.integers(0, 4000)),
        st.builds(Step, st.just("set clock"), st.just(""), st.integers(-100, 100)),
        st.builds(
            Step,
            st.sampled_from(["sample", "commit", "commit while locked", "stop", "crash", "reboot", "start"]),
        ),
        _any_name("reset"),
        st.builds(Step, st.just("slip"), st.sampled_from(NAMES), st.integers(0, 2)),
        st.builds(Step, st.just("unreadable"), st.sampled_from(NAMES), st.integers(0, 2**66)),
        _any_name("flap"),
        _any_name("rename"),
        st.builds(Step, st.just("swap")),
    ),
    min_size=4,
    max_size=30,
)


class Story:
    """Plays steps; those that make no sense now are left out."""

    def __init__(self, books: Books) -> None:
        self.machine, self.books = books.machine, books
        self.unseen: set[str] = set()
        self.is_blind = False
        books.start()

    def play(self, step: Step) -> None:
        getattr(self, "_" + step.what.replace(" ", "_"))(step)

    def _move(self, step: Step) -> None:
        if step.name in self.machine.interfaces:
            self.machine.move(step.name, step.amount, step.amount // 3)
            self.machine.wait(step.amount / GIGABIT + 0.5)

    def _wait(self, step: Step) -> None:
        self.machine.wait(step.amount)

    def _sleep(self, step: Step) -> None:
        self.machine.sleep(step.amount)

    def _set_clock(self, step: Step) -> None:
        self.machine.set_clock(step.amount * 3600)
        self._unseen("clock")

    def _sample(self, _: Step) -> None:
        if self.books.running:
            snapshot = self.books.sample()
            with self.books.reading() as reader:
                for state in snapshot.interfaces:
                    selection = of_interfaces([state.name])
                    assert reader.lifetime(selection).total == state.lifetime.bytes
                    days = reader.days(date(1970, 1, 1), date(2100, 1, 1), selection)
                    assert sum(used.total for used in days.values()) == state.lifetime.bytes

    def _commit(self, _: Step) -> None:
        if self.books.running:
            self.books.sample()
            self.books.commit()
            self.unseen.clear()
            self.check()

    def _commit_while_locked(self, _: Step) -> None:
        if self.books.running:
            self.books.commit_while_locked()

    def _stop(self, _: Step) -> None:
        if self.books.running:
            self.books.stop()
            self.unseen.clear()

    def _crash(self, _: Step) -> None:
        if self.books.running:
            self.books.crash()

    def _start(self, _: Step) -> None:
        if not self.books.running:
            self.books.start()
            self.unseen.clear()

    def _reboot(self, _: Step) -> None:
        if self.books.running:
            self.books.stop()
            self.unseen.clear()
        self.machine.reboot()
        self._unseen("boot")

    def _reset(self, step: Step) -> None:
        """Seen from both sides: what is moved between the last look and a reset nobody can know."""
        if self.books.running and step.name in self.machine.interfaces:
            self.books.sample()
            self.machine.reset(step.name)
            self.books.sample()
            self.books.commit()

    def _slip(self, step: Step) -> None:
        """One reading of far too little, or of nothing, of a counter that could not climb back by itself."""
        here = self.machine.interfaces.get(step.name)
        if self.books.running and here is not None and self._is_high(here):
            self.books.sample()
            here.shown = Counts(*(count * step.amount // 100 for count in here.counts))
            self.machine.wait(1)
            self.books.sample()
            here.shown = None

    def _is_high(self, here: Interface) -> bool:
        return here.bits == 64 and min(here.counts[:2]) > 10 * GIGABIT

    def _unreadable(self, step: Step) -> None:
        """One reading of which one count is none."""
        here = self.machine.interfaces.get(step.name)
        if self.books.running and here is not None:
            column = Counts._fields[step.amount % len(Counts._fields)]
            here.shown = here.counts._replace(**{column: 2**63 + step.amount})
            self.books.sample()
            here.shown = None

    def _flap(self, step: Step) -> None:
        if step.name in self.machine.interfaces:
            bits = self.machine.interfaces[step.name].bits
            self.machine.delete(step.name)
            self.machine.create(step.name, bits=bits)

    def _rename(self, step: Step) -> None:
        if step.name in self.machine.interfaces:
            self.machine.rename(step.name, step.name + "x")
        elif step.name + "x" in self.machine.interfaces:
            self.machine.rename(step.name + "x", step.name)

    def _swap(self, _: Step) -> None:
        if {"eth0", "wlan0"} <= self.machine.interfaces.keys():
            self.machine.swap("eth0", "wlan0")

    def _unseen(self, what: str) -> None:
        """A clock that was set around a reboot: nobody can know which one was wrong."""
        self.unseen.add(what)
        self.is_blind |= self.unseen == {"clock", "boot"}

    def check(self) -> None:
        """What must hold after every commit."""
        assert self.books.lifetime_of_all() == self.books.lifetime_by_slots()
        assert self.books.lifetime_of_all() == self.books.true_traffic()
        assert self.books.audit().difference == 0
        assert self.books.faults() == []
        if not self.is_blind:
            self.check_time()

    def check_time(self) -> None:
        """Nothing is booked, seen or missed later than now."""
        now = self.machine.seconds
        latest = self.books.rows(LATEST)[0]
        assert max(filter(None, latest), default=0) <= now

    def finish(self) -> None:
        if not self.books.running:
            self.books.start()
        self.machine.wait(1)
        self.books.stop()
        self.check()


def _machine() -> Machine:
    machine = Machine()
    machine.create("eth0", is_uplink=True, counts=plus(NOTHING, 10**12, 10**11))
    machine.create("wlan0")
    machine.create("narrow0", bits=32, counts=plus(NOTHING, 2**32 - 2**26, 2**32 - 2**24))
    return machine


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_ledger_equals_the_true_traffic_whatever_happens(
    steps: list[Step], open_books: Callable[..., Books]
) -> None:
    note(repr([tuple(step) for step in steps]))
    story = Story(open_books(_machine()))

    for step in steps:
        story.play(step)
    story.finish()
