"""The machines of a mirror, as they were last read, and which of them a question means."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence  # noqa: TC003 - msgspec reads the types of what is kept as JSON
from typing import TYPE_CHECKING, NamedTuple

from reports.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

ALL = "all"
SHORT_ID = 8
"""Digits of an id that tell two machines of one name apart."""

MOST_LISTED = 20
"""Names that an error lists."""

Pair = tuple[int, int]
"""Bytes received and sent."""


class UnknownHostError(QuestionError):
    """The mirror holds no machine of this name."""


class NoMirrorError(QuestionError):
    """Other machines are asked for, and there is no mirror."""

    def __init__(self) -> None:
        super().__init__("hosts: there is no mirror here; set mirror.url to answer for several machines")


class GroupPendingError(Exception):
    """The rows of these machines are being read from the mirror: ask again."""

    def __init__(self) -> None:
        super().__init__("the mirror is being read")


class MirrorAwayError(Exception):
    """The mirror cannot be read, and of these machines nothing is kept from before; the text says why."""


class MirrorHost(NamedTuple):
    """A machine of the mirror; `id` is that of its ledger, 32 digits, `posting` and `sent_at` are of what it sent last.

    `copying` is not empty while it sends more than one page: rows of any posting may come before `posting` says so.
    Bytes are those of the counted interfaces on the day `day` (its number), in the month around it, and ever.
    """

    id: str
    name: str
    system: str
    version: str
    zone: str
    generation: str
    posting: int
    copying: str
    sent_at: int
    day: int
    today: Pair
    month: Pair
    ever: Pair


class HostList(NamedTuple):
    """All machines of the mirror by name, and when they were read (UTC seconds; 0: never)."""

    hosts: Sequence[MirrorHost] = ()
    read_at: int = 0


class HostChoice(NamedTuple):
    """The machines of a question by their ids; None: all that there are."""

    ids: tuple[str, ...] | None

    @property
    def key(self) -> str:
        """A name for files: the same for the same machines."""
        if self.ids is None:
            return ALL
        return hashlib.blake2b(",".join(self.ids).encode(), digest_size=8).hexdigest()

    def has(self, host: str) -> bool:
        """True if the machine of this id is one of them."""
        return self.ids is None or host in self.ids


def labels_of(hosts: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A name for each of (id, name), by id: those that share one have the begin of the id behind it."""
    named = list(hosts)
    counts = Counter(name for _, name in named)
    longer = {host: f"{name} ({host[:SHORT_ID]})" if counts[name] > 1 else name for host, name in named}
    doubled = {label for label, count in Counter(longer.values()).items() if count > 1}
    return {host: f"{name} ({host})" if longer[host] in doubled else longer[host] for host, name in named}


def words_of(given: Iterable[str]) -> tuple[str, ...]:
    """The names of a parameter, each once: given again, or separated by commas. Raises UnknownHostError."""
    words = tuple(dict.fromkeys(word.strip() for text in given for word in text.split(",")))
    if "" in words:
        raise UnknownHostError(f"hosts: a name is empty; use {ALL}, or names separated by commas")
    return words


def hosts_label(names: Iterable[str]) -> str:
    """Machines for people: "all machines", or "laptop + nas"."""
    found = tuple(names)
    return "all machines" if ALL in found else " + ".join(found)


def hosts_of(label: str, names: Iterable[str]) -> tuple[str, ...]:
    """The machines of a label as a plan has them: "all" alone, or their names."""
    return (ALL,) if label == hosts_label([ALL]) else tuple(names)


def chosen(given: Collection[str], labels: Mapping[str, str]) -> HostChoice:
    """The machines that are meant by their names or ids; raises UnknownHostError."""
    if ALL in given:
        return HostChoice(None)
    by_word: dict[str, str] = {}
    for host, label in labels.items():
        by_word |= {host: host, label: host}
    for word in given:
        if word not in by_word:
            raise UnknownHostError(f"hosts: the mirror knows no {word!r}; use {ALL}, or of these: {some_of(labels)}")
    return HostChoice(tuple(sorted({by_word[word] for word in given})))


def some_of(labels: Mapping[str, str]) -> str:
    """Names for an error: not all of ten thousand."""
    names = sorted(labels.values())
    more = f", and {len(names) - MOST_LISTED:,} more: `netledger hosts` lists them" if len(names) > MOST_LISTED else ""
    return (", ".join(names[:MOST_LISTED]) or "none yet") + more
