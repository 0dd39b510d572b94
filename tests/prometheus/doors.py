"""Services that ask who scrapes them, and the settings of prometheus.yml that open them without their "#"."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import bcrypt
import yaml

from tests.exporter.cli.service_process import Service
from tests.prometheus.optional_settings import BLOCKS, CONFIG, with_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY, PASSWORD = "k" * 32, "open sesame"
FILES = {"netledger.key": f"{KEY}\n", "netledger.password": f"{PASSWORD}\n"}


class Door(NamedTuple):
    """A way in: what it is called, and the key of prometheus.yml whose lines open it."""

    name: str
    setting: str


DOORS = (Door("key", "authorization"), Door("password", "basic_auth"), Door("certificate", "scheme"))
REFUSALS = (("wrong-key", "401"), ("wrong-password", "401"), ("unknown-certificate", "x509"))
"""The same doors with another file beside prometheus.yml, and what the server then says on its page /targets."""


@contextmanager
def behind_doors(folder: Path) -> Iterator[list[dict[str, Any]]]:
    """Start a service behind each door; yields the jobs that scrape them, with the right files and with wrong ones.

    Files lie in `folder`, beside the configuration.
    """
    for name, content in FILES.items():
        (folder / name).write_text(content, encoding="utf-8")
        (folder / f"wrong-{name}").write_text("w" * 32, encoding="utf-8")
    for name in ("netledger", "wrong-netledger"):
        _make_certificate(folder, f"{name}-ca.pem")
    with ExitStack() as opened:
        jobs: list[dict[str, Any]] = []
        for door, (refused, _) in zip(DOORS, REFUSALS, strict=True):
            address = _start(opened, folder, door)
            jobs.extend((_job(door, address, door.name, ""), _job(door, address, refused, "wrong-")))
        yield jobs


def _start(opened: ExitStack, folder: Path, door: Door) -> str:
    own = folder / door.name
    own.mkdir()
    service = Service(own, own / "ledger.db")
    opened.callback(service.end)
    arguments: tuple[str, ...] = ()
    if door.name == "key":
        service.configure(auth={"api_keys": [KEY], "protect_metrics": True})
    if door.name == "certificate":
        service.configure(server={"tls_cert": str(folder / "netledger-ca.pem"), "tls_key": str(folder / "private.pem")})
    if door.name == "password":
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        (own / "web.yml").write_text(yaml.safe_dump({"basic_auth_users": {"prometheus": hashed}}), encoding="utf-8")
        arguments = ("--web.config.file", str(own / "web.yml"))
    return service.start(*arguments).partition("://")[2]


def _job(door: Door, address: str, name: str, wrong: str) -> dict[str, Any]:
    """The job of prometheus.yml with the door's lines, its target and its name."""
    (block,) = (block for block in BLOCKS if door.setting in block.name)
    text = with_settings(CONFIG, block).replace(": netledger.", f": {wrong}netledger.")
    job: dict[str, Any] = yaml.safe_load(text.replace(": netledger-ca.", f": {wrong}netledger-ca."))["scrape_configs"][
        0
    ]
    del job["file_sd_configs"]
    return {**job, "job_name": name, "static_configs": [{"targets": [address]}]}


def _make_certificate(folder: Path, name: str) -> None:
    """One for 127.0.0.1, signed by itself; the first one's key stays as private.pem."""
    key = folder / ("private.pem" if not (folder / "private.pem").exists() else "another.pem")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-noenc",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=netledger", "-addext", "subjectAltName=IP:127.0.0.1"]
    written = ["-keyout", str(key), "-out", str(folder / name)]
    subprocess.run([*command, *names, *written], check=True, capture_output=True, timeout=30)
