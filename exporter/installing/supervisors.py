"""What a supervisor can be asked for: the steps of each request, and the state that it reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exporter.installing.steps import CallProgram, Step


class SupervisedState(NamedTuple):
    """What a supervisor says of netledger; `since` is its own text of when it started."""

    is_installed: bool = False
    is_running: bool = False
    starts_at_boot: bool = False
    pid: int = 0
    since: str = ""
    text: str = ""


class Supervisor(Protocol):
    """One supervisor with one installation: pure, it returns steps that `carry_out` takes."""

    @property
    def name(self) -> str:
        """Its name, with whose service it is."""

    def install(self) -> Sequence[Step]:
        """Write what it needs, have it start at boot, and start it now."""

    def uninstall(self) -> Sequence[Step]:
        """Undo that; data stays."""

    def start(self) -> Sequence[Step]:
        """Start it now."""

    def stop(self) -> Sequence[Step]:
        """Stop it until the next boot."""

    def restart(self) -> Sequence[Step]:
        """Stop and start it."""

    def logs(self, lines: int, *, follow: bool) -> Sequence[str]:
        """The command that prints its log."""

    def question(self) -> CallProgram:
        """The call that reports its state."""

    def state(self, output: str) -> SupervisedState:
        """The state in the output of `question`."""


def facts_of(output: str, separator: str = "=") -> Mapping[str, str]:
    """Lines of `name=value` as a mapping."""
    pairs = (line.partition(separator) for line in output.splitlines() if separator in line)
    return {name.strip(): value.strip() for name, _, value in pairs}
