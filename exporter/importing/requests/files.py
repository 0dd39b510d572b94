"""A file of requests: what it says, what it does not say, and its lines."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from exporter.ledger.past.rows import ForeignFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from exporter.meters.requests.events import Event

LINES = 1000
"""After so many, progress is told."""


class RequestOptions(NamedTuple):
    """What a file does not say: the zone of its times, the unit of its durations, names of services.

    `service` is the name of the only one, `names` are by those that the file has. `now` has an offset.
    """

    zone: ZoneInfo
    now: datetime
    service: str | None = None
    names: Mapping[str, str] = {}
    duration_unit: str | None = None


class RequestFile(Protocol):
    """A file of requests: its program, what stays in a newer file of the same books, how much there is to read."""

    kind: str
    identity: str
    size: int
    keys: Sequence[tuple[str, bytes]]
    """Services with the hashes of their keys, where it has them."""

    def events(self, advance: Callable[[int], None]) -> Generator[Event]:
        """Every request, the same each time; `advance` takes how much of the size is read.

        The file is open until the last one, or until the generator is closed. Raises ForeignFileError with the row
        and the rule.
        """


def service_of(name: str, options: RequestOptions) -> str:
    """The name here of a service of a file."""
    return options.service or options.names.get(name, name)


def require_names(path: Path, held: Sequence[str], options: RequestOptions) -> None:
    """Raise ForeignFileError for names of services that the file does not have, or one name for several."""
    if missing := sorted(set(options.names) - set(held)):
        raise ForeignFileError(f"--map {missing[0]}: {path} has no such service, but {', '.join(held) or 'none'}")
    if options.service is not None and len(held) > 1:
        raise ForeignFileError(
            f"--service: {path} has the services {', '.join(held)}: name each, as in --map {held[0]}={options.service}"
        )


def first_lines(path: Path, count: int) -> str:
    """The first lines of a text as they are; raises ForeignFileError where it cannot be read."""
    with closing(text_lines(path, int)) as lines:
        return "".join(islice(lines, count))


def text_lines(path: Path, advance: Callable[[int], object]) -> Generator[str]:
    """The lines of a text with their ends; raises ForeignFileError where it cannot be read.

    The file is open until the last one, or until the generator is closed.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            read = 0
            for number, line in enumerate(file, start=1):
                yield line
                read += len(line)  # characters: of bytes there are hardly more
                if number % LINES == 0:
                    advance(read)
    except UnicodeDecodeError as error:
        raise ForeignFileError(f"{path} is no text in UTF-8: {error.reason}") from error
    except OSError as error:
        raise ForeignFileError(f"{path} cannot be read: {error.strerror}") from error
