"""The web config file of Prometheus' exporters (`--web.config.file`): TLS, basic auth and headers.

As strict as `promtool check web-config`, and stricter where Python could not serve what was asked for.
`http2`, `curve_preferences` and `prefer_server_cipher_suites` are checked and have no effect: without them
the same clients get in, over HTTP/1.1, with OpenSSL's curves and the server's order of ciphers.
`RequestClientCert` asks for nothing, which lets in the same clients; the types that demand a certificate
without verifying it are refused, since Python cannot. So are aliases and tags of YAML, and second documents.
https://prometheus.io/docs/prometheus/latest/configuration/https/
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from exporter.settings.yaml_file import Entry, YamlError, read_yaml_file
from exporter.tls.tls import (
    CIPHERS,
    CIPHERS_1_3,
    CLIENT_CERTIFICATES,
    VERSIONS,
    TlsServer,
    ssl_context,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

log = logging.getLogger(__name__)

SECTIONS = ("tls_server_config", "http_server_config", "basic_auth_users")
TLS_KEYS = (
    "cert_file",
    "key_file",
    "client_auth_type",
    "client_ca_file",
    "min_version",
    "max_version",
    "cipher_suites",
    "curve_preferences",
    "prefer_server_cipher_suites",
)
CURVES = ("CurveP256", "CurveP384", "CurveP521", "X25519")
UNVERIFIED = ("RequireAnyClientCert", "RequireClientCert")
HEADERS: dict[str, tuple[str, ...]] = {
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
    "Content-Security-Policy": (),
}
SWITCHES = ("true", "false", "yes", "no", "on", "off", "y", "n")
BCRYPT = re.compile(r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}", re.ASCII)


__all__ = ["TlsServer", "WatchedWebConfig", "WebConfig", "WebConfigError", "load_web_config", "ssl_context"]


class WebConfigError(Exception):
    """The web config file cannot be used: `file` (with the line), `key` and `rule` say where and why."""

    def __init__(self, file: str, key: str, rule: str) -> None:
        super().__init__(": ".join(filter(None, [file, key, rule])))
        self.file, self.key, self.rule = file, key, rule


@dataclass(frozen=True, slots=True)
class WebConfig:
    """TLS or None, bcrypt hashes by user name (empty: no basic auth), and headers for every answer."""

    tls: TlsServer | None = None
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def asks_for_credentials(self) -> bool:
        """Whether it names users, or trusts only clients with a certificate; TLS alone keeps nobody out."""
        return bool(self.users) or (self.tls is not None and self.tls.client_auth_type == "RequireAndVerifyClientCert")


def load_web_config(path: Path) -> WebConfig:
    """Read and check the file, and load the certificates that it names; raises WebConfigError."""
    try:
        entries = read_yaml_file(path)
    except FileNotFoundError:
        raise WebConfigError(str(path), "", "does not exist") from None
    except YamlError as error:
        raise WebConfigError(f"{path}:{error.line}" if error.line else str(path), "", str(error)) from None
    config = _Parser(path).config(entries)
    if config.tls:
        try:
            ssl_context(config.tls)
        except (ValueError, OSError) as error:
            raise WebConfigError(str(path), "tls_server_config", _tls_fault(config.tls, error)) from None
    return config


def _tls_fault(tls: TlsServer, error: Exception) -> str:
    for file in filter(None, (tls.cert_file, tls.key_file, tls.client_ca_file)):
        try:
            file.open("rb").close()
        except OSError as fault:
            return f"{file} cannot be read: {fault.strerror}"
    reason = getattr(error, "reason", None) or str(error)
    return f"the certificate, its key or the client CA cannot be used: {reason}"


class _Parser:
    """Turns the entries of one file into a WebConfig; the methods take what stands behind a key."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def config(self, entries: tuple[Entry, ...]) -> WebConfig:
        """Check everything that can be checked without the certificates."""
        top = self._mapping(Entry("", 1, entries), SECTIONS)
        tls = self._tls(top["tls_server_config"]) if "tls_server_config" in top else None
        headers = self._headers(top["http_server_config"]) if "http_server_config" in top else {}
        users = self._users(top["basic_auth_users"]) if "basic_auth_users" in top else {}
        return WebConfig(tls, MappingProxyType(users), MappingProxyType(headers))

    def _tls(self, section: Entry) -> TlsServer | None:
        given = self._mapping(section, TLS_KEYS)
        self._switch(given.get("prefer_server_cipher_suites"))
        self._words(given.get("curve_preferences"), CURVES)
        cert, key, ca = (self._file(given.get(name)) for name in ("cert_file", "key_file", "client_ca_file"))
        client = self._word(given.get("client_auth_type"), (*CLIENT_CERTIFICATES, *UNVERIFIED, ""))
        low = self._word(given.get("min_version"), tuple(VERSIONS)) or "TLS12"
        high = self._word(given.get("max_version"), tuple(VERSIONS)) or "TLS13"
        ciphers = self._words(given.get("cipher_suites"), (*CIPHERS, *CIPHERS_1_3))
        if not (cert or key or client or ca):
            return None
        if not cert or not key:
            raise self._error(section, f"has no {'key_file' if cert else 'cert_file'}; TLS needs both")
        if client in UNVERIFIED:
            rule = f"{client} does not verify the certificate; use RequireAndVerifyClientCert"
            raise self._error(given["client_auth_type"], rule)
        if ca and client in ("", "NoClientCert"):
            raise self._error(given["client_ca_file"], "is set without a client_auth_type that uses it")
        if VERSIONS[low] > VERSIONS[high]:
            raise self._error(section, f"min_version {low} is above max_version {high}; nobody could connect")
        return TlsServer(
            cert_file=cert,
            key_file=key,
            client_auth_type=client or "NoClientCert",
            client_ca_file=ca,
            min_version=low,
            max_version=high,
            cipher_suites=ciphers,
        )

    def _headers(self, section: Entry) -> dict[str, str]:
        given = self._mapping(section, ("http2", "headers"))
        self._switch(given.get("http2"))
        if "headers" not in given:
            return {}
        headers = self._mapping(given["headers"], tuple(HEADERS))
        return {name: self._header(entry, HEADERS[name]) for name, entry in headers.items()}

    def _header(self, entry: Entry, allowed: tuple[str, ...]) -> str:
        value = self._text(entry)
        if not value.isprintable():
            raise self._error(entry, "has a line break or another control character")
        if allowed and value not in allowed:
            raise self._error(entry, f"{value!r} is not allowed; use {' or '.join(allowed)}")
        return value

    def _users(self, section: Entry) -> dict[str, str]:
        return {name: self._hash(entry) for name, entry in self._mapping(section, None).items()}

    def _hash(self, entry: Entry) -> str:
        text = self._text(entry)
        if not BCRYPT.fullmatch(text):
            raise self._error(entry, "is not a bcrypt hash; make one with htpasswd -nBC 10 USER")
        return text

    def _error(self, entry: Entry, rule: str) -> WebConfigError:
        return WebConfigError(f"{self._path}:{entry.line}", entry.key, rule)

    def _mapping(self, section: Entry, allowed: tuple[str, ...] | None) -> dict[str, Entry]:
        if section.raw is None:
            return {}
        if not isinstance(section.raw, tuple):
            raise self._error(section, "is not a mapping")
        for entry in section.raw:
            if entry.first_line:
                raise self._error(entry, f"is written twice, first on line {entry.first_line}")
            if allowed is not None and entry.key not in allowed:
                raise self._error(entry, f"is unknown here; use {', '.join(allowed)}")
        return {entry.key: entry for entry in section.raw}

    def _text(self, entry: Entry) -> str:
        if not isinstance(entry.raw, str | None):
            raise self._error(entry, "is not a text")
        return entry.raw or ""

    def _file(self, entry: Entry | None) -> Path | None:
        text = self._text(entry) if entry else ""
        return self._path.parent / text if text else None

    def _word(self, entry: Entry | None, allowed: tuple[str, ...]) -> str:
        if entry is None or entry.raw is None:
            return ""
        if (text := self._text(entry)) not in allowed:
            raise self._error(entry, f"{text!r} is unknown; use {', '.join(filter(None, allowed))}")
        return text

    def _words(self, entry: Entry | None, allowed: tuple[str, ...]) -> tuple[str, ...]:
        if entry is None or entry.raw is None:
            return ()
        if not isinstance(entry.raw, list):
            raise self._error(entry, "is not a list")
        return tuple(self._word(Entry(entry.key, entry.line, raw), allowed) for raw in entry.raw)

    def _switch(self, entry: Entry | None) -> None:
        if entry and entry.raw is not None and self._text(entry).lower() not in SWITCHES:
            raise self._error(entry, "is neither true nor false")


class WatchedWebConfig:
    """A web config file that is read again when it, or a certificate or key that it names, has changed."""

    def __init__(self, path: Path) -> None:
        """Read the file a first time; raises WebConfigError."""
        self._path = path
        self._fault = ""
        self._config, self._stamps = self._read()

    def current(self) -> WebConfig:
        """Return the newest good config: the same object until something has changed, also in a certificate.

        A bad file leaves the last good config in force, and is logged once. So does one that lets everybody in where
        the last did not: a file that is being written is empty for a moment. Taking that over wants a new start.
        """
        if self._fault or self._stamps != _stamps(self._path, self._config):
            try:
                self._config, self._stamps = self._read(self._config)
                self._fault = ""
            except WebConfigError as error:
                self._log_once(str(error))
        return self._config

    def _read(self, before: WebConfig | None = None) -> tuple[WebConfig, object]:
        stamps = _stamps(self._path, load_web_config(self._path))
        # Read after the stamps were taken: what changes in between is found at the next look.
        config = load_web_config(self._path)
        if before is not None and before.asks_for_credentials and not config.asks_for_credentials:
            raise WebConfigError(str(self._path), "", "asks nobody for a password or a certificate any more")
        return config, stamps

    def _log_once(self, fault: str) -> None:
        if fault != self._fault:
            log.error("%s; the last good web config stays in force", fault)
        self._fault = fault


def _stamps(path: Path, config: WebConfig) -> object:
    tls = config.tls
    files = (path, tls.cert_file, tls.key_file, tls.client_ca_file) if tls else (path,)
    return [(file, _stamp(file)) for file in files if file]


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
