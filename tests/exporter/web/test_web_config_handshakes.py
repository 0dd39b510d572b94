from __future__ import annotations

import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from exporter.tls.web_config import load_web_config, ssl_context

if TYPE_CHECKING:
    from pathlib import Path

PAIR = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"


@pytest.fixture
def file(web_config_file: Path) -> Path:
    return web_config_file


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> str | None:
    """Connect the two over a socket pair; give the version, or None where the server refuses."""
    ours, theirs = socket.socketpair()
    accepted: list[bool] = []

    def serve() -> None:
        try:
            with server.wrap_socket(ours, server_side=True) as secure:
                secure.sendall(b"!")
                accepted.append(True)
        except OSError:
            ours.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(theirs, server_hostname="localhost") as secure:
            return secure.version() if secure.recv(1) else None
    except OSError:
        return None
    finally:
        theirs.close()
        thread.join()


def client_context(file: Path, *, with_certificate: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=file.with_name("cert.pem"))
    if with_certificate:
        context.load_cert_chain(file.with_name("cert.pem"), file.with_name("key.pem"))
    return context


@pytest.mark.parametrize(
    ("extra", "version"),
    [
        ("", "TLSv1.3"),
        ("  max_version: TLS12\n", "TLSv1.2"),
        ("  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n  max_version: TLS12\n", "TLSv1.2"),
        ("  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n  max_version: TLS12\n", None),
    ],
)
def test_tls_speaks_the_versions_and_ciphers_of_the_file(file: Path, extra: str, version: str | None) -> None:
    file.write_text(PAIR + extra, encoding="utf-8")
    tls = load_web_config(file).tls
    assert tls

    assert shake_hands(ssl_context(tls), client_context(file)) == version


@pytest.mark.parametrize(
    ("client_auth_type", "without", "with_one"),
    [
        ("VerifyClientCertIfGiven", True, True),
        ("RequireAndVerifyClientCert", False, True),
    ],
)
def test_client_certificates_are_asked_for(file: Path, client_auth_type: str, *, without: bool, with_one: bool) -> None:
    file.write_text(f"{PAIR}  client_auth_type: {client_auth_type}\n  client_ca_file: cert.pem\n", encoding="utf-8")
    tls = load_web_config(file).tls
    assert tls

    server = ssl_context(tls)

    assert bool(shake_hands(server, client_context(file))) == without
    assert bool(shake_hands(server, client_context(file, with_certificate=True))) == with_one
