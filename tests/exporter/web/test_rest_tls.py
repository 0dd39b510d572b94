"""TLS from files, renewed while the service runs; and no open door to other machines."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from exporter.settings.loopback import is_loopback
from tests.exporter.web.running_service import RunningService, running

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def secured(unstarted: RunningService, pems: Path, tmp_path: Path) -> RunningService:
    """A service with a certificate, not started."""
    for name in ("cert.pem", "key.pem"):
        shutil.copy(pems / name, tmp_path / name)
    unstarted.server = replace(unstarted.server, tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem")
    return unstarted


async def shown_certificate(service: RunningService) -> str:
    """What a client that trusts nobody is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", service.port, ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return ssl.DER_cert_to_PEM_cert(shown)


def renew(service: RunningService, cert: Path, key: Path) -> None:
    """As the service does once a minute, after somebody has put other files in place."""
    for source, target in ((cert, service.server.tls_cert), (key, service.server.tls_key)):
        assert target
        shutil.copy(source, target)
        os.utime(target, (1, 1))
    service.service._certificates.renew()


async def test_tls_is_spoken_from_files(secured: RunningService, tmp_path: Path) -> None:
    async with running(secured) as service:
        trust = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        told = await service.ask("/api/today", ssl=trust, server_hostname="localhost")

    assert service.url.startswith("https://127.0.0.1:")
    assert told.status == 200


async def test_a_renewed_certificate_is_shown_without_a_restart(secured: RunningService, pems: Path) -> None:
    async with running(secured) as service:
        before = await shown_certificate(service)
        renew(service, pems / "othercert.pem", pems / "other.pem")
        after = await shown_certificate(service)

    assert before.split() == (pems / "cert.pem").read_text(encoding="utf-8").split()
    assert after.split() == (pems / "othercert.pem").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("bad", ["another key", "garbage"])
async def test_a_renewal_that_went_wrong_leaves_the_old_certificate(
    secured: RunningService, pems: Path, tmp_path: Path, bad: str
) -> None:
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("garbage", encoding="utf-8")
    cert, key = (pems / "othercert.pem", pems / "key.pem") if bad == "another key" else (garbage, garbage)
    async with running(secured) as service:
        renew(service, cert, key)
        shown = await shown_certificate(service)

    assert shown.split() == (pems / "cert.pem").read_text(encoding="utf-8").split()


async def test_plain_http_on_the_tls_port_is_turned_away(
    secured: RunningService, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(secured) as service:
        answer = await service.send(b"GET /api/today HTTP/1.1\r\nHost: localhost\r\n\r\n")
        shown = await shown_certificate(service)

    assert b"HTTP/1.1 200" not in answer
    assert shown
    assert not [record for record in caplog.records if record.exc_info and record.levelname == "ERROR"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.7", False),
        ("localhost.example", False),
        ("myhost", False),
    ],
)
def test_only_loopback_is_this_machine_alone(host: str, *, expected: bool) -> None:
    assert is_loopback(host) == expected


def refused_start(tmp_path: Path, *arguments: str, **variables: str) -> str:
    """What a start that must fail says."""
    environment = {
        **os.environ,
        "NETLEDGER_SERVER_PORT": "0",
        "NETLEDGER_LEDGER_PATH": str(tmp_path / "new.db"),
        "NETLEDGER_CONFIG": "",
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-m", "exporter", "run", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_beyond_loopback_nothing_starts_without_a_key(tmp_path: Path, host: str) -> None:
    said = refused_start(tmp_path, NETLEDGER_SERVER_HOST=host)

    # An address of another machine is told, too.
    assert said.count("\n") == 1 + (host == "192.0.2.7")
    assert all(word in said.splitlines()[0] for word in (host, "auth.api_keys", "127.0.0.1"))


def test_a_certificate_alone_is_no_key(tmp_path: Path, web_config_file: Path) -> None:
    web_config_file.write_text("tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n", encoding="utf-8")

    said = refused_start(tmp_path, f"--web.config.file={web_config_file}", NETLEDGER_SERVER_HOST="0.0.0.0")

    assert "auth.api_keys" in said
