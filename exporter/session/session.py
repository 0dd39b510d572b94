"""A command's session: settings, the ledger file, and what a running service has not posted yet."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfoNotFoundError

import click
import msgspec

from exporter.identity import identify_host
from exporter.ledger.files import connect_to_read, version_of
from exporter.ledger.locks.holder import READING, find_holder, lock_path
from exporter.session.client import ServiceClient, ServiceError
from exporter.session.service_discovery import ForeignServerError, find_service, is_denied, is_unreadable
from exporter.settings.loading import SettingsError, load_settings, usual_files
from exporter.settings.tree import Grafana
from exporter.terminal.amounts import AmountStyle, choose_style
from reports.billing.plans import of_all_interfaces
from reports.ledger.reader import ALL_POSTED, LedgerReader, Unposted
from reports.ledger.shape import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from exporter.ledger.locks.holder import Holder
    from exporter.session.environment import Environment
    from exporter.settings.tree import Settings
    from reports.formats.json.hosts import HostsNote
    from reports.ledger.host import Host
    from reports.usage.scopes import UsageFilter


UNPOSTED = "/api/unposted"
MERGED = f"{UNPOSTED}?merged=true"


class SessionError(click.ClickException):
    """This command cannot read the ledger: the problem, and its remedy."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}: {remedy}")
        self.problem, self.remedy = problem, remedy


class ChosenHosts:
    """The machines of `--hosts`: their names as they were given, and what they are once a command has read them."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.label = ""
        self.note: HostsNote | None = None


class Session(NamedTuple):
    """Settings, the process that writes the ledger (None: none), its client, and the clock (UTC seconds).

    With `hosts` every question is answered for these machines, instead of this one.
    """

    settings: Settings
    holder: Holder | None
    client: ServiceClient | None
    now: Callable[[], float]
    hosts: ChosenHosts | None = None

    def label(self, usage_filter: UsageFilter) -> str:
        """What an answer is of, for people; after it has been read."""
        if self.hosts is None:
            return usage_filter.label
        return ", ".join([self.hosts.label, *([usage_filter.label] if any(usage_filter) else [])])

    def host(self, ledger: LedgerReader) -> Host:
        """What an answer is of: this machine, or several together."""
        if self.hosts is not None:
            names = self.hosts.names if self.hosts.note is None else self.hosts.note.names
            hosts = import_module("exporter.mirror.group.hosts").hosts_of(self.hosts.label, names)
            return identify_host("")._replace(name=self.hosts.label, hosts=hosts)
        return identify_host(ledger.state().get("ledger_id", ""))

    def read(self) -> AbstractContextManager[LedgerReader]:
        """The ledger and what is unposted, at one moment; ends the command on errors."""
        return self._read(self._unposted)

    def read_merged(self) -> AbstractContextManager[LedgerReader]:
        """The same, after the service has merged times and clients of requests, those of the last seconds, too."""
        return self._read(partial(self._unposted, MERGED))

    def read_posted(self) -> AbstractContextManager[LedgerReader]:
        """The ledger alone, at one moment: usage and checkpoints of one posting; ends the command on errors."""
        return self._read(lambda: ALL_POSTED)

    def fallback_service(self) -> ServiceClient | None:
        """The service that answers in place of a ledger that this user may not read; None without either."""
        path = self.settings.ledger.path
        if not is_unreadable(path):
            return None
        try:
            return self.any_service()
        except SessionError as error:
            problem = f"there is no ledger at {path} that this user may read, and {error.problem}"
            raise SessionError(problem, error.remedy) from error

    def any_service(self) -> ServiceClient | None:
        """The service that writes this ledger, else the one at the address of the settings."""
        if self.client is not None:
            return self.client
        try:
            return find_service(self.settings)
        except ForeignServerError as error:
            problem = f"what answers at {error} is not netledger, or speaks TLS by a certificate that is not known here"
            raise SessionError(problem, "set server.port, or SSL_CERT_FILE to the certificate") from error

    @contextlib.contextmanager
    def _read(self, fetch_unposted: Callable[[], Unposted]) -> Iterator[LedgerReader]:
        path = self.settings.ledger.path
        self.require_ledger()
        try:
            with contextlib.closing(connect_to_read(path)) as connection:
                _require_version(connection, path)
                with self._reader(connection, fetch_unposted) as reader, reader.at_one_moment() as ledger:
                    yield ledger
        except sqlite3.Error as error:
            raise SessionError(f"cannot read {path} ({error})", "`netledger ledger verify` says more") from error
        except ZoneInfoNotFoundError as error:
            raise SessionError(f"the time zone of {path} is unknown here ({error})", "install tzdata") from error

    def _reader(
        self, connection: sqlite3.Connection, fetch_unposted: Callable[[], Unposted]
    ) -> AbstractContextManager[LedgerReader]:
        if self.hosts is not None:
            found: AbstractContextManager[LedgerReader]
            found = import_module("exporter.session.machines").group_reader(self, connection, fetch_unposted)
            return found
        aliases = self.settings.interfaces.names
        return contextlib.nullcontext(LedgerReader(connection, fetch_unposted=fetch_unposted, aliases=aliases))

    def require_ledger(self) -> None:
        """End the command where there is no ledger that this user may read."""
        try:
            require_ledger(self.settings.ledger.path)
        except SessionError as error:
            service = self.fallback_service()
            if service is None:
                raise
            problem = f"{error.problem.removesuffix(' yet')}, and the netledger at {service.url} keeps another"
            raise SessionError(problem, "this command needs the file: call it as the user who runs that one") from error

    def _unposted(self, path: str = UNPOSTED) -> Unposted:
        """Unposted usage; without an answer of the service a warning, and none."""
        if self.client is None:
            return ALL_POSTED
        try:
            found: Unposted = msgspec.convert(self.client.get(path)["unposted"], Unposted)
        except ServiceError as error:
            problem = str(error)
        except (KeyError, msgspec.ValidationError):
            problem = "the running service is of another version: start it again"
        else:
            return found
        click.echo(f"without the last seconds: {problem}", err=True)
        return ALL_POSTED


def require_ledger(path: Path) -> None:
    """End the command where there is no ledger that this user may read."""
    try:
        path.open("rb").close()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SessionError(f"there is no ledger at {path} yet", "start one with `netledger run`") from error
    except OSError as error:
        remedy = "ask as the user who runs netledger, or set ledger.path"
        raise SessionError(f"cannot read {path} ({error.strerror})", remedy) from error


def require_lock_access(path: Path) -> None:
    """End the command where this user cannot see whether a service writes the ledger."""
    try:
        os.close(os.open(lock_path(path), READING))
    except PermissionError as error:
        problem = f"cannot see whether netledger runs: {path.parent}: {error.strerror}"
        raise SessionError(problem, "ask as the user who runs it, or set ledger.path") from error
    except OSError:
        return  # no service has written the ledger yet


def _warn(text: str) -> None:
    click.echo(text, err=True)


def open_settings(
    environment: Environment, warn: Callable[[str], None] = _warn, search: Sequence[Path] | None = None
) -> Settings:
    """Load the settings, or end the command with every problem of them."""
    try:
        loaded = load_settings(environment.config, environment.environ, search)
    except SettingsError as error:
        raise click.ClickException("\n".join(error.problems)) from error
    for warning in loaded.warnings:
        warn(f"warning: {warning}")
    return loaded.settings


def open_session(environment: Environment) -> Session:
    """Load the settings, and find the process that writes the ledger.

    A system's file that this user may not read is skipped: a service without keys can be asked without it.
    """
    settings = open_settings(environment, search=[path for path in usual_files() if not is_denied(path)])
    usual = settings.display
    choose_style(AmountStyle(environment.units or usual.units, environment.rate or usual.rate, usual.locale))
    holder = find_holder(settings.ledger.path)
    client = None
    if holder is not None and holder.url:
        client = ServiceClient(holder.local_url or holder.url, key=holder.token)
    if not environment.hosts:
        return Session(settings, holder, client, environment.now)
    return Session(settings_of_hosts(settings), holder, client, environment.now, ChosenHosts(environment.hosts))


def settings_of_hosts(settings: Settings) -> Settings:
    """Settings for an answer of several machines: plans bill all of them, and no dashboard shows it."""
    plans = tuple(of_all_interfaces(plan) for plan in settings.plans)
    return msgspec.structs.replace(settings, plans=plans, grafana=Grafana())


def _require_version(connection: sqlite3.Connection, path: Path) -> None:
    version = version_of(connection)
    if version > SCHEMA_VERSION:
        problem = f"{path} was written by a newer netledger (schema version {version})"
        raise SessionError(problem, "use that one to read it")
    if 0 < version < SCHEMA_VERSION:
        problem = f"{path} was written by an older netledger (schema version {version})"
        raise SessionError(problem, "`netledger run` migrates it")
    if version < SCHEMA_VERSION:
        raise SessionError(f"{path} is not a ledger, or an unfinished one", "`netledger run` prepares it")
