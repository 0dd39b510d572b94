"""Commands find their way into a service of the same user, whatever it asks of others."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import bcrypt
import pytest

from exporter.ledger.locks.holder import find_holder

if TYPE_CHECKING:
    from tests.exporter.cli.service_process import Service

USERS = f"basic_auth_users:\n  ann: {bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n"
TLS = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"
CLIENTS = f"{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: cert.pem\n"
KEYS: dict[str, object] = {"api_keys": ["a-secret-key"], "protect_metrics": True}
COMMANDS = (
    ("status",),
    ("live", "--count", "1"),
    ("doctor", "--json"),
    ("ledger", "cleanup"),
    ("ledger", "verify"),
    ("today",),
)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody has signed, and its key."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificates")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-subj", "/CN=books.example"]
    subprocess.run(
        ["openssl", "req", "-x509", *key, "-days", "2", "-keyout", "key.pem", "-out", "cert.pem"],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    return folder


@pytest.mark.parametrize(
    ("web_config", "auth"),
    [("", {}), ("", KEYS), (USERS, {}), (TLS, {}), (TLS, KEYS), (TLS + USERS, KEYS), (CLIENTS, {})],
    ids=["open", "keys", "users", "tls", "tls and keys", "tls, users and keys", "client certificates"],
)
def test_every_command_reaches_a_healthy_service(
    service: Service, certificates: Path, web_config: str, auth: dict[str, object]
) -> None:
    file = Path(shutil.copytree(certificates, service.folder / "web")) / "web.yml"
    file.write_text(web_config)
    service.configure(auth=auth)
    service.start(f"--web.config.file={file}")
    service.configure()  # commands need none of the keys

    done = {arguments: service.command(*arguments) for arguments in COMMANDS}

    assert {arguments: told.stderr for arguments, told in done.items()} == dict.fromkeys(COMMANDS, "")
    assert {told.code for arguments, told in done.items() if arguments[0] != "doctor"} == {0}
    findings = json.loads(done[("doctor", "--json")].stdout)["findings"]
    of_service = [found for found in findings if found["topic"] == "service"]
    assert {found["level"] for found in of_service} == {"fact"}
    if not web_config.startswith(TLS):
        asks = "asks for a key" if web_config or auth else "asks for no key"
        assert any(asks in found["text"] for found in of_service)
    assert service.stop().code == 0


def ask(url: str, path: str, key: str = "", method: str = "GET") -> int:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        connection.request(method, path, headers={"X-API-Key": key} if key else {})
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_door_of_commands_opens_to_their_token_only(service: Service, certificates: Path) -> None:
    file = Path(shutil.copytree(certificates, service.folder / "web")) / "web.yml"
    file.write_text(TLS)
    service.start(f"--web.config.file={file}")

    holder = find_holder(service.ledger)

    assert holder is not None
    assert holder.local_url.startswith("http://127.0.0.1:")
    paths = ("/api/today", "/metrics", "/", "/-/healthy")
    assert {ask(holder.local_url, path) for path in paths} == {401}
    assert {ask(holder.local_url, path, "wrong-token") for path in paths} == {401}
    assert {ask(holder.local_url, path, holder.token) for path in paths} == {200}


def test_the_token_is_another_at_each_start_and_for_the_ledgers_user_only(service: Service) -> None:
    tokens = []
    for _ in range(2):
        service.start()
        holder = find_holder(service.ledger)
        assert holder is not None
        tokens.append(holder.token)
        lock = service.ledger.with_name("ledger.db.lock")
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600
        assert tokens[-1] in lock.read_text()
        service.stop()
        assert tokens[-1] not in lock.read_text()

    assert len(set(tokens)) == 2
    assert all(len(token) == 64 for token in tokens)


@pytest.mark.parametrize("path", ["/api/commit", "/api/storage/cleanup?aggressive=true", "/api/notices/seen"])
def test_nobody_changes_anything_without_being_asked_who_he_is(service: Service, path: str) -> None:
    url = service.start()
    holder = find_holder(service.ledger)
    assert holder is not None

    statuses = [ask(url, path, key, "POST") for key in ("", "wrong", holder.token)]

    assert statuses == [401, 401, 200]
    assert ask(url, "/api/today") == 200


def test_a_new_ledger_is_its_users_own(service: Service) -> None:
    service.ledger = service.folder / "new" / "ledger.db"
    service.configure()
    before = os.umask(0)
    try:
        service.start()
        made = service.command("ledger", "backup")
    finally:
        os.umask(before)

    files = [file for file in service.ledger.parent.rglob("*") if file.is_file()]
    assert made.code == 0
    assert {file.name for file in files} >= {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.lock"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
