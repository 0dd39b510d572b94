"""Connections to the mirror's server. The driver is loaded with the first: without a mirror, nothing pays for it."""

from __future__ import annotations

import asyncio
import functools
import ssl
from contextlib import AsyncExitStack
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.mirror.address import SYSTEM, is_socket
from exporter.mirror.driver import DRIVER, NEEDS_EXTRA, has_driver
from exporter.settings.folders import user_name

if TYPE_CHECKING:
    from asyncpg import Connection

    from exporter.mirror.address import Address, Target, TlsCheck

SECONDS_TO_CLOSE = 2.0
COMMAND_SECONDS = 60.0
"""A server that does not answer a statement for so long is given up: it hangs, or the network lost it."""

UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)
"""What the driver raises by an answer that its own errors do not foresee, such as a greeting without a version."""
STATE = "SELECT pg_catalog.pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'"


class MissingDriverError(Exception):
    """The driver is not installed: it comes with the extra `mirror`."""


class CertificatesError(Exception):
    """The file of sslrootcert cannot be read, or holds no certificates."""


class UnfitServerError(Exception):
    """A server that target_session_attrs passes over; `is_read_only` where one that writes is asked for."""

    def __init__(self, target: Target) -> None:
        super().__init__(f"is not {target}, which target_session_attrs of mirror.url asks for")
        self.is_read_only = target in {"read-write", "primary"}


class UnreadableAnswerError(Exception):
    """A server answers what no PostgreSQL does; the text is the driver's error."""


class NoServerError(Exception):
    """None of the hosts of an address could be connected to; `failures` are the reasons by host, in their order."""

    def __init__(self, failures: tuple[tuple[str, Exception], ...]) -> None:
        super().__init__(", ".join(f"{host}: {type(error).__name__}" for host, error in failures))
        self.failures = failures


class _ServerState(NamedTuple):
    is_standby: bool
    is_read_only: bool

    def fits(self, target: Target) -> bool:
        if target in {"read-write", "read-only"}:
            return self.is_read_only == (target == "read-only")
        return target == "any" or self.is_standby == (target != "primary")


def faults() -> tuple[type[Exception], ...]:
    """What `connect` and a connection raise; of the driver, which is loaded then, if it is there."""
    ours = (OSError, EOFError, MissingDriverError, CertificatesError, NoServerError)
    return (*ours, *_driver_faults(import_module(DRIVER))) if has_driver() else ours


def _driver_faults(driver: Any) -> tuple[type[Exception], ...]:
    return driver.PostgresError, driver.InterfaceError, driver.InternalClientError


async def connect(address: Address, *, timeout: float = 10.0) -> Connection[Any]:  # noqa: ASYNC109 - seconds a host
    """A connection to the first host that answers and fits `target_session_attrs`; the caller closes it.

    `timeout` are seconds for each host, unless the address has its own. It fits a pooler in transaction mode: no
    statement is prepared by a name, and nothing is set for the session. Raises MissingDriverError, CertificatesError
    and NoServerError.
    """
    try:
        driver = await asyncio.to_thread(import_module, DRIVER)  # 19 ms that the loop need not wait for
    except ImportError as error:
        raise MissingDriverError(f"the mirror {NEEDS_EXTRA}") from error
    seconds = timeout if address.timeout is None else address.timeout
    targets: tuple[Target, ...] = ("standby", "any") if address.target == "prefer-standby" else (address.target,)
    of_a_host: tuple[type[Exception], ...] = (OSError, UnfitServerError, *_driver_faults(driver))
    failures: list[tuple[str, Exception]] = []
    for target in targets:
        failures.clear()
        for host, port in address.hosts:
            try:
                async with asyncio.timeout(seconds):
                    return await _connect(driver, address, host, port, target)
            except of_a_host as error:
                failures.append((_place(host, port, address), error))
            except UNREADABLE as error:
                failures.append((_place(host, port, address), UnreadableAnswerError(type(error).__name__)))
    raise NoServerError(tuple(failures))


async def _connect(driver: Any, address: Address, host: str, port: int, target: Target) -> Connection[Any]:
    user = address.user or user_name()
    context = await asyncio.to_thread(tls_context, address.tls.check_of(host), address.tls.root)
    connection: Connection[Any] = await driver.connect(
        host=host,
        port=port,
        user=user,
        # None would make the driver look for all of these in the environment, and for the password in ~/.pgpass.
        password=str(address.password),
        database=address.database or user,
        ssl=context or False,
        direct_tls=False,
        target_session_attrs="any",
        statement_cache_size=0,
        command_timeout=COMMAND_SECONDS,
        server_settings={"application_name": address.application_name},
        timeout=None,
    )
    async with AsyncExitStack() as unfit:
        unfit.push_async_callback(_close, connection)
        await _check_fit(connection, target)
        unfit.pop_all()
    return connection


def tls_context(check: TlsCheck, root: str) -> ssl.SSLContext | None:
    """What a certificate is checked with, None without TLS; blocks for some ms. Raises CertificatesError."""
    if check == "none":
        return None
    try:
        file = ssl.get_default_verify_paths().cafile if root in {"", SYSTEM} else str(Path(root).expanduser())
        return _context(check, None if root in {"", SYSTEM} else file, Path(file).stat().st_mtime_ns if file else 0)
    except OSError as error:  # an SSLError, too
        reason = "holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise CertificatesError(f"the file of sslrootcert: {reason}") from error


@functools.lru_cache(maxsize=2)
def _context(check: TlsCheck, file: str | None, changed: int) -> ssl.SSLContext:
    """Kept until the file changes: reading the authorities of the system takes 30 ms of CPU."""
    del changed
    context = ssl.create_default_context(cafile=file)
    context.check_hostname = check == "full"
    if check == "unverified":
        context.verify_mode = ssl.CERT_NONE
    # From Python 3.13 on, authorities as `openssl req -x509` makes them would be refused; libpq takes them.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


async def _check_fit(connection: Connection[Any], target: Target) -> None:
    if target == "any":
        return
    state = await _state(connection)
    if not state.fits(target):
        raise UnfitServerError(target)


async def _state(connection: Connection[Any]) -> _ServerState:
    """What a server says of itself as it greets (PostgreSQL 14 and later, without a pooler), else when it is asked."""
    greeting = connection.get_settings()
    standby = getattr(greeting, "in_hot_standby", None)
    read_only = getattr(greeting, "default_transaction_read_only", None)
    if standby is not None and read_only is not None:
        return _ServerState(standby == "on", "on" in {standby, read_only})
    async with connection.transaction():  # a pooler keeps to one server within a transaction only
        row = await connection.fetchrow(STATE)
    return _ServerState(bool(row and row[0]), bool(row and row[1]))


async def _close(connection: Connection[Any]) -> None:
    """Say goodbye to a server, or hang up where it does not answer."""
    try:
        await connection.close(timeout=SECONDS_TO_CLOSE)
    except (OSError, TimeoutError, asyncio.CancelledError):
        connection.terminate()


def _place(host: str, port: int, address: Address) -> str:
    """A host as errors name it: with its port where that tells it from another."""
    same = [each for each, _ in address.hosts if each == host]
    return f"{host}:{port}" if len(same) > 1 and not is_socket(host) else host
