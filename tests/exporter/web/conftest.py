from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from aiohttp import TCPConnector

from tests.exporter.web.running_service import RunningService, ServiceServer, new_ledger

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_aiohttp.plugin import AiohttpClient

    from tests.worlds.fake_machine import Machine


@pytest.fixture
def unstarted(machine: Machine, empty_ledger: Path, tmp_path: Path) -> RunningService:
    """Make a service that can be given settings and history before it starts."""
    return RunningService(machine, new_ledger(empty_ledger, tmp_path))


@pytest.fixture
async def service(unstarted: RunningService, aiohttp_client: AiohttpClient) -> RunningService:
    """Run a service with the settings that nobody changed; the client stops it."""
    each_its_own = TCPConnector(force_close=True)
    unstarted.client = await aiohttp_client(ServiceServer(unstarted), connector=each_its_own)
    return unstarted


@pytest.fixture(scope="session")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with a certificate, its key, and the key of nobody."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("pems")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-subj", "/CN=localhost"]
    for name in ("", "other"):
        cert, key = folder / f"{name}cert.pem", folder / (f"{name}.pem" if name else "key.pem")
        names = ["-addext", "subjectAltName=DNS:localhost"]
        request = [
            "openssl",
            "req",
            "-x509",
            *new_key,
            *names,
            "-days",
            "2",
            "-keyout",
            str(key),
            "-out",
            str(cert),
        ]
        subprocess.run(request, check=True, capture_output=True)
    return folder


@pytest.fixture
def web_config_file(tmp_path: Path, pems: Path) -> Path:
    """Name a web config file, not yet written, in a folder of its own with the certificates beside it."""
    shutil.copytree(pems, tmp_path, dirs_exist_ok=True)
    return tmp_path / "web.yml"
