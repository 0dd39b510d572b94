from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import bcrypt
import pytest

from exporter.tls.web_config import WatchedWebConfig

if TYPE_CHECKING:
    from pathlib import Path

HASH = bcrypt.hashpw(b"open sesame", bcrypt.gensalt(4)).decode()
PAIR = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"


@pytest.fixture
def file(web_config_file: Path) -> Path:
    return web_config_file


def test_a_changed_file_is_in_force_at_the_next_look(file: Path) -> None:
    file.write_text("", encoding="utf-8")
    watched = WatchedWebConfig(file)
    first = watched.current()

    file.write_text(f"basic_auth_users: {{anna: {HASH}}}", encoding="utf-8")

    assert watched.current().users == {"anna": HASH}
    assert first.users == {}


CLIENTS = f"{PAIR}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: cert.pem\n"


@pytest.mark.parametrize("asking", [f"basic_auth_users: {{anna: {HASH}}}", CLIENTS], ids=["users", "certificates"])
@pytest.mark.parametrize(
    "open_to_all",
    ["", "# nothing\n", "basic_auth_users:\n", PAIR, "basic_auth_users: {anna", "tls_server", "http_server_config: {}"],
)
def test_a_file_that_asks_nobody_any_more_is_not_taken_over(file: Path, asking: str, open_to_all: str) -> None:
    file.write_text(asking, encoding="utf-8")
    watched = WatchedWebConfig(file)
    good = watched.current()

    file.write_text(open_to_all, encoding="utf-8")
    kept = [watched.current() for _ in range(2)]
    file.unlink()
    kept.append(watched.current())

    assert all(config is good for config in kept)
    file.write_text(f"basic_auth_users: {{ben: {HASH}}}", encoding="utf-8")
    assert watched.current().users == {"ben": HASH}


@pytest.mark.parametrize("name", ["web.yml", "cert.pem", "key.pem"])
def test_the_same_object_means_that_nothing_changed(file: Path, name: str) -> None:
    file.write_text(PAIR, encoding="utf-8")
    watched = WatchedWebConfig(file)
    first = watched.current()
    assert watched.current() is first

    os.utime(file.with_name(name), ns=(1, 1))

    assert watched.current() is not first
    assert watched.current() is watched.current()


def test_a_bad_change_keeps_the_last_good_file_and_is_logged_once(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.write_text(PAIR, encoding="utf-8")
    watched = WatchedWebConfig(file)
    good = watched.current()
    certificate = file.with_name("cert.pem").read_bytes()

    with caplog.at_level(logging.ERROR):
        file.with_name("cert.pem").unlink()
        kept = [watched.current() for _ in range(3)]

    assert all(config is good for config in kept)
    (record,) = caplog.records
    assert "cert.pem cannot be read: No such file or directory; the last good" in record.getMessage()
    file.with_name("cert.pem").write_bytes(certificate)
    assert watched.current() == good
    assert watched.current() is not good
