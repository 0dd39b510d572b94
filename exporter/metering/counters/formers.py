"""Which life had a counter before, under another name: as all lives were before a look changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.metering.counters.taking import Fall
    from exporter.metering.counters.tracked import Life
    from exporter.metering.readings import Counts, Epoch, Subject


class Former(NamedTuple):
    """A life, its last counts, and the fall that waits for a second look."""

    life: Life
    counts: Counts
    fall: Fall | None


class Formers:
    """The lives of one look; several may be renamed at once, in a chain or a ring: none may hide another's past."""

    def __init__(self, lives: Mapping[Subject, Life]) -> None:
        """Nothing is noted before the first question: few looks have one."""
        self._lives = lives
        self._by_epoch: dict[Epoch, Former] | None = None

    def of(self, epoch: Epoch) -> Former | None:
        """Who had this counter; to be asked before any life of this look is changed, or not at all."""
        if self._by_epoch is None:
            lives = self._lives.values()
            self._by_epoch = {life.epoch: Former(life, life.counts, life.fall) for life in lives if life.epoch}
        return self._by_epoch.get(epoch)
