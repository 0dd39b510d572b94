"""TLS from files, read again when they are renewed: no restart for a new certificate."""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING

from exporter.tls.web_config import TlsServer, ssl_context

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.settings.tree import Settings
    from exporter.tls.web_config import WatchedWebConfig

log = logging.getLogger(__name__)


class Certificates:
    """The certificate that the server shows, from the settings or a web config file; without either, plain HTTP."""

    def __init__(self, settings: Settings, web_config: WatchedWebConfig | None) -> None:
        """Load it; raises OSError or ssl.SSLError that a person must mend."""
        self._web_config = web_config
        self._own = _from_settings(settings)
        tls = self._tls()
        self.context = ssl_context(tls) if tls else None
        self._stamps = _stamps(tls)

    def renew(self) -> None:
        """Load the files again if they have changed; a bad one leaves the old certificate in force."""
        tls = self._tls()
        if self.context is None or tls is None or _stamps(tls) == self._stamps:
            return
        try:
            ssl_context(tls)  # on trial: a key that does not fit would take the good certificate away too
            self.context.load_cert_chain(tls.cert_file, tls.key_file, password=str)
        except (OSError, ssl.SSLError) as error:
            log.warning("the renewed certificate %s cannot be used: %s", tls.cert_file, error)
        self._stamps = _stamps(tls)

    def _tls(self) -> TlsServer | None:
        return self._own or (self._web_config.current().tls if self._web_config else None)


def _from_settings(settings: Settings) -> TlsServer | None:
    cert, key = settings.server.tls_cert, settings.server.tls_key
    return TlsServer(cert_file=cert, key_file=key) if cert and key else None


def _stamps(tls: TlsServer | None) -> list[int]:
    return [_modified(path) for path in (tls.cert_file, tls.key_file)] if tls else []


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
