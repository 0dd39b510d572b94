"""The address of a PostgreSQL server, parsed as libpq does, but strictly: what cannot be honoured is refused.

No error holds a part of the address but the name of a parameter: a password with an @ or a / that is not
percent-encoded falls apart into host, database and query.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from exporter.settings.loopback import is_ipv6, is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT_PORT, HIGHEST_PORT = 5432, 65_535
LONGEST_TIMEOUT = 600
LONGEST_NAME = 63
"""Bytes of a name that PostgreSQL keeps."""
HIDDEN = "***"
SYSTEM = "system"
"""The value of sslrootcert that stands for the authorities of the system."""

SslMode: TypeAlias = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
Target: TypeAlias = Literal["any", "read-write", "read-only", "primary", "standby", "prefer-standby"]
TlsCheck: TypeAlias = Literal["none", "unverified", "authority", "full"]
"""No TLS; TLS; TLS whose certificate a known authority has signed; and one that is of the very host, too."""

URL = re.compile(r"(?P<scheme>postgres(?:ql)?)://(?P<authority>[^/?]*)(?:/(?P<database>[^?]*))?(?:\?(?P<query>.*))?")
HOST = re.compile(r"(?=.{1,253}\Z)[\w-]{1,63}(\.[\w-]{1,63})*\.?", re.ASCII)
HOST_AND_PORT = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::([^:]*))?")
ESCAPE = re.compile(r"%([0-9a-fA-F]{2})?")
PARAMETER = re.compile(r"[A-Za-z_]{1,40}")
KNOWN = (
    "user",
    "password",
    "host",
    "port",
    "dbname",
    "sslmode",
    "sslrootcert",
    "channel_binding",
    "target_session_attrs",
    "application_name",
    "connect_timeout",
)
CHANNEL_BINDINGS = ("disable", "prefer", "require")
REFUSED = {
    "options": "options, which a pooler refuses (Neon's endpoint is found by the name of the host)",
    "sslcert": "sslcert: certificates of clients are not supported",
    "sslkey": "sslkey: certificates of clients are not supported",
    "hostaddr": "hostaddr: write the address as the host",
}
ENCODE = "write %40 for an @, %2F for a /, %3F for a ? and %25 for a % of a name or password"


class AddressError(ValueError):
    """An address that cannot be used: a predicate that names the part and the rule, and never the password."""


class Password(str):
    """A password, which no `repr` shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{HIDDEN}'"


class Tls(NamedTuple):
    """What the address says of TLS: `mode` is "" where it has no sslmode, `root` where it names no authorities."""

    mode: SslMode | Literal[""] = ""
    root: str = ""
    is_bound: bool = False

    def check_of(self, host: str) -> TlsCheck:
        """How the certificate of a host is checked.

        Off loopback TLS is verified unless sslmode is `disable`: where libpq would take any certificate (`require`) or
        none at all (`allow`, `prefer`), the certificate must be the host's. With sslrootcert, `require` is
        `verify-ca`, as there. A channel cannot be bound, so that one that must be is verified in full instead.
        """
        if is_socket(host):
            return "none"
        if self.is_bound or self.mode == "verify-full":
            return "full"
        if self.mode == "disable":
            return "none"
        if self.mode == "verify-ca" or (self.mode == "require" and self.root):
            return "authority"
        if not is_loopback(host) or self.root:
            return "full"
        return "unverified" if self.mode == "require" else "none"


class Address(NamedTuple):
    """Where the server is, and as whom; `user` and `database` are "" where the address leaves them to the system.

    A host that begins with / is the folder of a Unix socket. `timeout` are seconds a host, None where none are given.
    """

    hosts: tuple[tuple[str, int], ...]
    user: str = ""
    password: Password = Password()
    database: str = ""
    tls: Tls = Tls()
    target: Target = "read-write"
    application_name: str = "netledger"
    timeout: float | None = None


class _Parts(NamedTuple):
    """An address as it is written: nothing decoded but the names of parameters."""

    scheme: str
    user: str
    password: str | None
    hosts: str
    database: str
    parameters: tuple[tuple[str, str], ...]


def is_socket(host: str) -> bool:
    """True for the folder of a Unix socket."""
    return host.startswith("/")


def parse_address(url: str) -> Address:
    """The address that a URL means; raises AddressError."""
    parts = _split(url)
    given = _parameters(parts)
    tls, hosts = _tls(given), tuple(_hosts(given))
    if tls.is_bound and any(is_socket(host) for host, _ in hosts):
        raise AddressError("has channel_binding=require, which needs TLS, and a socket has none")
    return Address(
        hosts,
        given.get("user", ""),
        Password(given.get("password", "")),
        given.get("dbname", ""),
        tls,
        _target(given),
        _application_name(given),
        _timeout(given),
    )


def masked(url: str) -> str:
    """An address that was parsed, as it may be shown: with *** for its password."""
    parts = _split(url)
    user = parts.user if parts.password is None else f"{parts.user}:{HIDDEN}"
    database = f"/{parts.database}" if parts.database else ""
    query = "&".join(f"{name}={HIDDEN if name == 'password' else value}" for name, value in parts.parameters)
    return f"{parts.scheme}://{user}{'@' if user else ''}{parts.hosts}{database}{'?' if query else ''}{query}"


def _split(url: str) -> _Parts:
    if not url.isprintable():
        raise AddressError("has a character that cannot be printed")
    found = URL.fullmatch(url)
    if found is None:
        raise AddressError("does not begin with postgresql://")
    scheme, authority, database, query = found.group("scheme", "authority", "database", "query")
    login, at, hosts = authority.rpartition("@")
    if "@" in f"{login}{database or ''}{query or ''}":
        raise AddressError(f"has an @ that does not end the login: {ENCODE}")
    user, colon, password = login.partition(":")
    if at and not login:
        raise AddressError("has no user before its @")
    return _Parts(scheme, user, password if colon else None, hosts, database or "", tuple(_query(query or "")))


def _query(text: str) -> Iterator[tuple[str, str]]:
    is_behind_password = False
    for number, pair in enumerate(text.split("&") if text else (), start=1):
        name, equals, value = pair.partition("=")
        name = _decoded(name, f"name of parameter {number}")
        if reason := REFUSED.get(name):
            raise AddressError(f"has {reason}; leave it out")
        if name not in KNOWN:
            # Behind a password it may be the rest of one with an & in it.
            is_shown = PARAMETER.fullmatch(name) and not is_behind_password
            known = f"known are {', '.join(KNOWN)}; write %26 for an & of a password"
            raise AddressError(f"has a parameter {name if is_shown else number}, which is not known; {known}")
        if not equals:
            raise AddressError(f"has a parameter {name} without a value")
        is_behind_password |= name == "password"
        yield name, value


def _decoded(text: str, part: str) -> str:
    """A part of the address with its escapes resolved."""
    if any(found[1] is None for found in ESCAPE.finditer(text)):
        raise AddressError(f"has a % in its {part} that two hexadecimal digits do not follow: {ENCODE}")
    try:
        decoded = ESCAPE.sub(lambda found: chr(int(found[1], 16)), text.encode().decode("latin-1")).encode("latin-1")
        decoded_text = decoded.decode()
    except UnicodeError:
        raise AddressError(f"has a {part} that is not UTF-8") from None
    if "\0" in decoded_text:
        raise AddressError(f"has a zero byte in its {part}")
    return decoded_text


def _parameters(parts: _Parts) -> dict[str, str]:
    """Every part by the name of its parameter, decoded; hosts stay as they are written, in brackets and encoded."""
    given: dict[str, str] = {}
    of_url = {"user": parts.user, "password": parts.password or "", "dbname": parts.database}
    given |= {name: _decoded(value, name) for name, value in of_url.items() if value}
    if parts.hosts:
        given["hosts"] = parts.hosts
    for name, value in parts.parameters:
        if name in given or (name in {"host", "port"} and "hosts" in given):
            raise AddressError(f"says {name} twice")
        given[name] = _decoded(value, name)
    return given


def _hosts(given: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    if "hosts" in given:
        for number, text in enumerate(given["hosts"].split(","), start=1):
            found = HOST_AND_PORT.fullmatch(text)
            if found is None:
                raise AddressError(f"has a host {number} that is none; IPv6 stands in brackets")
            host = _decoded(found[1], f"host {number}")
            yield _host(host, number, is_bracketed=text.startswith("[")), _port(found[2], number)
        return
    if not given.get("host"):
        raise AddressError("names no host; for a socket on this machine write ?host=/run/postgresql")
    hosts, ports = given["host"].split(","), given.get("port", "").split(",")
    if len(ports) not in {1, len(hosts)}:
        raise AddressError("has another number of ports than of hosts")
    for number, host in enumerate(hosts, start=1):
        yield _host(host, number, is_bracketed=":" in host), _port(ports[(number - 1) % len(ports)], number)


def _host(text: str, number: int, *, is_bracketed: bool) -> str:
    if is_bracketed:
        address = text.removeprefix("[").removesuffix("]")
        if not is_ipv6(address):
            raise AddressError(f"has a host {number} in brackets that is no IPv6 address")
        return address
    if not text:
        raise AddressError(f"names no host {number}" if number > 1 else "names no host")
    if not is_socket(text) and not HOST.fullmatch(text):
        raise AddressError(f"has a host {number} that is neither a name, an address nor the folder of a socket")
    return text


def _port(text: str | None, number: int) -> int:
    if not text:
        return DEFAULT_PORT
    if not re.fullmatch(r"\d{1,5}", text, re.ASCII) or not 1 <= int(text) <= HIGHEST_PORT:
        raise AddressError(f"has a port of host {number} that is no number from 1 to {HIGHEST_PORT}")
    return int(text)


def _tls(given: Mapping[str, str]) -> Tls:
    mode = given.get("sslmode", "")
    for known in get_args(SslMode):
        if mode == known:
            break
    else:
        if "sslmode" in given:
            raise AddressError(f"has an sslmode that is none of {', '.join(get_args(SslMode))}")
    binding, root = given.get("channel_binding", "prefer"), given.get("sslrootcert", "")
    if binding not in CHANNEL_BINDINGS:
        raise AddressError(f"has a channel_binding that is none of {', '.join(CHANNEL_BINDINGS)}")
    if binding == "require" and mode == "disable":
        raise AddressError("has channel_binding=require, which needs TLS, and sslmode=disable")
    if "sslrootcert" in given and root != SYSTEM and not Path(root).expanduser().is_absolute():
        raise AddressError(f"has an sslrootcert that is neither the full path of a file nor {SYSTEM}")
    return Tls(mode, root, binding == "require")  # type: ignore[arg-type]


def _target(given: Mapping[str, str]) -> Target:
    target = given.get("target_session_attrs", "read-write")
    for known in get_args(Target):
        if target == known:
            return known  # type: ignore[no-any-return]
    raise AddressError(f"has a target_session_attrs that is none of {', '.join(get_args(Target))}")


def _application_name(given: Mapping[str, str]) -> str:
    name = given.get("application_name", "netledger")
    if not (name.isascii() and name.isprintable() and 0 < len(name) <= LONGEST_NAME):
        raise AddressError(f"has an application_name that is not 1 to {LONGEST_NAME} printable ASCII characters")
    return name


def _timeout(given: Mapping[str, str]) -> float | None:
    text = given.get("connect_timeout")
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII) or not 1 <= int(text) <= LONGEST_TIMEOUT:
        raise AddressError(f"has a connect_timeout that is no number of seconds from 1 to {LONGEST_TIMEOUT}")
    return float(text)
