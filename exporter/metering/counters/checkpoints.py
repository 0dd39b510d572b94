"""What the ledger remembers of counters, so that they are resumed without losing or doubling a byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.metering.counters.readings import Counts, Epoch
    from exporter.metering.subjects import Subject


class Checkpoint(NamedTuple):
    """The last reading of a subject that is in the ledger, and where the counting of its epoch began.

    While an epoch lasts, `counts - base` (received and transmitted bytes) equals the ledger's lifetime minus
    `ledger` (its lifetime when the epoch began) plus `discarded`: that is what the audit proves. Pairs are
    (received, transmitted) bytes; times are UTC seconds.
    """

    epoch: Epoch
    counts: Counts
    counter_bits: int
    began_at: int
    base: tuple[int, int]
    ledger: tuple[int, int]
    discarded: tuple[int, int]
    read_at: int


class MachineBase(NamedTuple):
    """Bytes (received, transmitted) of the counted interfaces' lifetimes that the machine's counters leave out.

    `uncounted`: moved while an interface did not count, less what interfaces moved that count no more. `restored`:
    where the counters began at 0 again, after a restore that lost a part.
    """

    uncounted: tuple[int, int] = (0, 0)
    restored: tuple[int, int] = (0, 0)


class ScanState(NamedTuple):
    """Where counters were read last: the kernel's cookie of the namespace, and the indexes there, metered or not.

    `exposed_bases` are lifetimes at which counters of /metrics begin again after a restore; None is nothing new.
    """

    namespace: int = 0
    known: frozenset[int] = frozenset()
    exposed_bases: Mapping[Subject, Counts] | None = None
    machine_base: MachineBase = MachineBase()


class HeldCounters(NamedTuple):
    """What a meter of counters resumes from."""

    scanned: ScanState = ScanState()
    checkpoints: Mapping[Subject, Checkpoint] = {}
