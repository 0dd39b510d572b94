"""What a command reads of several machines: from the mirror itself, into the same files as a running service."""

from __future__ import annotations

import asyncio
import contextlib
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import click

from exporter.identity import identify_host
from exporter.mirror.group.hosts import HostList, MirrorAwayError, NoMirrorError, words_of
from exporter.mirror.group.opening import open_groups
from exporter.mirror.group.own_rows import connect_to_group
from exporter.session.session import SessionError
from reports.formats.json.hosts import hosts_note
from reports.ledger.reader import ALL_POSTED, LedgerReader

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from exporter.mirror.group.groups import Group, Groups
    from exporter.session.session import Session
    from reports.ledger.reader import Unposted


@contextlib.contextmanager
def group_reader(
    session: Session, own: sqlite3.Connection, fetch_unposted: Callable[[], Unposted]
) -> Iterator[LedgerReader]:
    """The reader of the machines of `--hosts`; `own` is open on this machine's ledger. Ends the command on errors."""
    assert session.hosts is not None  # noqa: S101 - who calls it has looked
    zone = LedgerReader(own).zone
    group = _read(session, own, zone, words_of(session.hosts.names))
    session.hosts.label = group.label
    session.hosts.note = hosts_note(group.members, group.read_at, session.now(), zone)
    with contextlib.closing(connect_to_group(group.path, group.own)) as connection:
        machine = group.own
        yield LedgerReader(
            connection, fetch_unposted=lambda: ALL_POSTED if machine is None else machine.unposted(fetch_unposted())
        )


class KnownHosts(NamedTuple):
    """The machines of the mirror, their names by id, and why they are as they were before; none without a mirror."""

    hosts: HostList = HostList()
    labels: Mapping[str, str] = MappingProxyType({})
    problem: str = ""


def known_hosts(session: Session) -> KnownHosts:
    """The machines as the mirror has them now."""
    with session.read_posted() as ledger:
        ledger_id, zone = ledger.state().get("ledger_id", ""), ledger.zone
    groups = _groups(session, ledger_id, zone)
    if groups is None:
        return KnownHosts()
    try:
        found = asyncio.run(_hosts(groups))
    except MirrorAwayError as error:
        return KnownHosts(problem=str(error))
    return KnownHosts(found, groups.labels, groups.problem)


def _read(session: Session, own: sqlite3.Connection, zone: ZoneInfo, names: Sequence[str]) -> Group:
    groups = _groups(session, LedgerReader(own).state().get("ledger_id", ""), zone)
    if groups is None:
        raise NoMirrorError
    try:
        group = asyncio.run(_group(groups, names))
    except MirrorAwayError as error:
        raise SessionError(f"the mirror cannot be read ({error})", "`netledger status` says more") from error
    except OSError as error:
        remedy = "ask as the user who runs netledger"
        raise SessionError(f"the rows of other machines cannot be kept ({error})", remedy) from error
    if groups.problem:
        click.echo(f"as the mirror was before: {groups.problem}", err=True)
    return group


def _groups(session: Session, ledger_id: str, zone: ZoneInfo) -> Groups | None:
    return open_groups(session.settings, identify_host(ledger_id), lambda: zone, session.now)


async def _group(groups: Groups, names: Sequence[str]) -> Group:
    try:
        return await groups.group(names, None)
    finally:
        await groups.close()


async def _hosts(groups: Groups) -> HostList:
    try:
        return await groups.hosts(None)
    finally:
        await groups.close()
