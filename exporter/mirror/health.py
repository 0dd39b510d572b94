"""How mirroring goes, for health, metrics and `status`."""

from __future__ import annotations

from typing import NamedTuple


class MirrorHealth(NamedTuple):
    """Since the service started.

    `is_up`: the last round reached the mirror. `last_success`, `current_to` are UTC seconds, 0 before the first:
    everything that was posted up to `current_to` is in the mirror. `rows_behind` are those of the round under way.
    `kind` and `text` are those of the last fault, empty while there is none; `interval` are the seconds between rounds.
    """

    is_up: bool = False
    last_success: float = 0.0
    current_to: float = 0.0
    rows_behind: int = 0
    rows_sent: int = 0
    kind: str = ""
    text: str = ""
    interval: float = 0.0

    def standing(self, now: float) -> MirrorStanding:
        """How it stands at an instant (UTC seconds); the lag is 0 before the first round has ended."""
        lag = max(now - self.current_to, 0.0) if self.current_to else 0.0
        return MirrorStanding(
            self.is_up, self.last_success, lag, self.rows_behind, self.rows_sent, self.kind, self.interval
        )


class MirrorStanding(NamedTuple):
    """How mirroring stands now: `lag_seconds` is the age of the newest posting that the mirror has for certain."""

    is_up: bool
    last_success: float
    lag_seconds: float
    rows_behind: int
    rows_sent: int
    kind: str
    interval: float
