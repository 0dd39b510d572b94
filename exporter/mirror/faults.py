"""What went wrong with the mirror's server: a kind that a metric can have as a label, and a sentence with what to do.

By SQLSTATE and the types of errors, so that no driver is loaded for it. No sentence holds a password: what a server
says is shown for errors that have no better sentence, and no server knows it but as what it was sent.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import ssl
from typing import Literal, NamedTuple, TypeAlias, get_args

from exporter.mirror.connecting import (
    CertificatesError,
    MissingDriverError,
    NoServerError,
    UnfitServerError,
    UnreadableAnswerError,
)
from exporter.mirror.driver import NEEDS_EXTRA
from exporter.mirror.identity import IdentityError, OtherLoginError

FaultKind: TypeAlias = Literal[
    "unreachable",
    "timeout",
    "tls",
    "login",
    "database",
    "rights",
    "schema",
    "read_only",
    "full",
    "connections",
    "closed",
    "conflict",
    "protocol",
    "driver",
    "identity",
    "other",
]
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
"""Labels of a metric: they stay as they are."""

LONGEST_MESSAGE = 200
BROKEN = "InternalClientError"
"""The driver's, of a connection that ended in the midst of an answer; while one is made, a stranger has answered."""


class Fault(NamedTuple):
    """One sentence, without a full stop, that says what is wrong and what to do."""

    kind: FaultKind
    text: str


SENTENCES: dict[FaultKind, str] = {
    "unreachable": "cannot be reached: check that it runs, the address and port, and the network",
    "timeout": "did not answer in time: it is tried again; check the network, or whether the server is overloaded",
    "tls": "cannot be trusted: its TLS fails; check sslmode and sslrootcert",
    "login": "refuses the login: check user and password of mirror.url, and pg_hba.conf of the server",
    "database": "has no such database: create it, or correct its name in mirror.url",
    "rights": "denies this login what it needs: `netledger mirror grant` of an owner gives it",
    "schema": "lacks a table or its schema: `netledger mirror init` makes them",
    "read_only": "only reads, as a standby does: name the primary in mirror.url, or wait until one is promoted",
    "full": "has no space left: free some, or raise its limit; nothing is lost meanwhile",
    "connections": "has no connection left: it is tried again; raise max_connections, or put a pooler before it",
    "closed": "has closed the connection, as it does to restart or suspend: it is tried again",
    "conflict": "ended the transaction for the sake of another: it is tried again",
    "protocol": "answers otherwise than PostgreSQL: is the address that of a PostgreSQL 13 or later?",
    "driver": NEEDS_EXTRA,
    "identity": "has rows of another machine under this ledger's id",
    "other": "failed",
}

# https://www.postgresql.org/docs/current/errcodes-appendix.html; the longest prefix counts.
KINDS_BY_STATE: dict[str, FaultKind] = {
    "08": "closed",
    "08001": "unreachable",
    "08004": "unreachable",
    "08P01": "protocol",
    "0A": "protocol",
    "25006": "read_only",
    "25P03": "closed",
    "25P04": "timeout",
    "26": "protocol",
    "28": "login",
    "3D": "database",
    "3F": "schema",
    "40": "conflict",
    "42": "protocol",
    "42501": "rights",
    "42P01": "schema",
    "42703": "schema",
    "42P10": "schema",
    "53": "full",
    "53300": "connections",
    "55P03": "timeout",
    "57": "closed",
    "57014": "timeout",
}

VAGUE_STATES = frozenset({"08P01", "XX000"})
# Poolers and Neon's proxy say by 08P01 or XX000 what PostgreSQL has states of its own for.
KINDS_BY_MESSAGE: tuple[tuple[str, FaultKind], ...] = (
    (r"no more connections|max_client_conn|query_wait_timeout|too many (clients|connections)", "connections"),
    (r"no such (user|role)|authentication failed|SASL|auth_query|login rejected|requested user", "login"),
    (r"no such database|database .* (does not exist|is disabled)", "database"),
    (r"server login has been failing|cannot connect to server|connect failed|server_login_retry", "unreachable"),
    (r"size limit|disk full|no space left|could not extend", "full"),
    (r"endpoint|suspend|quota|control plane|compute|shutting down|server conn|terminat", "closed"),
)
KINDS_BY_TYPE: tuple[tuple[tuple[type[BaseException], ...], FaultKind], ...] = (
    ((TimeoutError, asyncio.TimeoutError), "timeout"),
    ((UnreadableAnswerError,), "protocol"),
    ((ConnectionRefusedError,), "unreachable"),
    ((ConnectionError, EOFError), "closed"),
    ((OSError,), "unreachable"),
)
KINDS_BY_CLASS: dict[str, FaultKind] = {
    "ConnectionDoesNotExistError": "closed",
    "ConnectionFailureError": "closed",
    "ProtocolError": "protocol",
    "InternalClientError": "protocol",
    "UnsupportedClientFeatureError": "protocol",
    "ClientConfigurationError": "protocol",
}


def fault_of(error: BaseException) -> Fault:
    """What an error of a connection, or of a statement, means."""
    if isinstance(error, NoServerError):
        return _of_hosts(error)
    if isinstance(error, MissingDriverError):
        return Fault("driver", str(error))
    if isinstance(error, CertificatesError):
        return Fault("tls", f"{error}: check sslrootcert of mirror.url")
    if isinstance(error, IdentityError | OtherLoginError):
        return Fault("identity" if isinstance(error, IdentityError) else "rights", str(error))
    fault = _fault(error, "the mirror's server")
    if type(error).__name__ == BROKEN:
        return Fault("closed", f"the mirror's server {SENTENCES['closed']}")
    return fault


def _of_hosts(error: NoServerError) -> Fault:
    """The fault of the host that got furthest: what is said of a login or a standby tells more than silence."""
    faults = [_fault(each, f"the mirror's server {host}") for host, each in error.failures]
    silent = ("unreachable", "timeout")
    fault = next((each for each in faults if each.kind not in silent), faults[0])
    more = f"; none of its {len(faults)} hosts will do" if len(faults) > 1 else ""
    return Fault(fault.kind, f"{fault.text}{more}")


def _fault(error: BaseException, server: str) -> Fault:
    if isinstance(error, sqlite3.Error):
        return Fault("other", f"the ledger cannot be read for the mirror ({error}): `netledger doctor` tells more")
    kind = _kind(error)
    text = f"{server} {SENTENCES[kind]}"
    if isinstance(error, UnfitServerError) and not error.is_read_only:
        text = f"{server} {error}"
    elif kind == "tls" and (reason := _tls_reason(error)):
        text = f"{text} ({reason})"
    elif kind in {"other", "protocol", "full", "closed"} and (message := _server_message(error)):
        text = f"{text} ({message})"
    return Fault(kind, text)


def _kind(error: BaseException) -> FaultKind:
    if isinstance(error, UnfitServerError):
        return "read_only" if error.is_read_only else "other"
    if isinstance(error, ssl.SSLError) or (isinstance(error, ConnectionError) and "SSL" in str(error)):
        return "tls"
    if state := _state(error):
        return _kind_of_state(state, str(error))
    for types, kind in KINDS_BY_TYPE:
        if isinstance(error, types):
            return kind
    return _kind_of_class(error)


def _kind_of_state(state: str, message: str) -> FaultKind:
    if state in VAGUE_STATES or not {state, state[:2]} & set(KINDS_BY_STATE):
        for pattern, kind in KINDS_BY_MESSAGE:
            if re.search(pattern, message, re.IGNORECASE):
                return kind
    return KINDS_BY_STATE.get(state) or KINDS_BY_STATE.get(state[:2], "other")


def _kind_of_class(error: BaseException) -> FaultKind:
    """The fault of an error that the driver raises by itself."""
    names = [each.__name__ for each in type(error).__mro__]
    if "InterfaceError" in names and re.search(r"clos(ed|ing)|lost", str(error)):
        return "closed"
    if "InterfaceError" in names and "authentication" in str(error):
        return "login"  # a way of it that the driver lacks
    return next((KINDS_BY_CLASS[name] for name in names if name in KINDS_BY_CLASS), "other")


def _state(error: BaseException) -> str:
    """The SQLSTATE of an error that a server sent; "" for others."""
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else ""


def _tls_reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or "").replace("_", " ").lower()
    return "it offers no TLS"


def _server_message(error: BaseException) -> str:
    """The first line that a server wrote, for a reader."""
    if not _state(error):
        return "" if isinstance(error, OSError) else type(error).__name__
    line = next(iter(str(error).splitlines()), "")
    printable = "".join(each for each in line if each.isprintable())
    return printable if len(printable) <= LONGEST_MESSAGE else f"{printable[: LONGEST_MESSAGE - 3]}..."
