"""Who is answered: Host and Origin, keys and passwords, and what a browser is told."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from typing import TYPE_CHECKING

import bcrypt
import pytest
from msgspec.structs import replace

from exporter.settings.loading import load_settings
from exporter.tls.web_config import WatchedWebConfig
from tests.exporter.web.running_service import RunningService, running

if TYPE_CHECKING:
    from pathlib import Path

KEY, OTHER_KEY = "first-secret-key", "second-secret-key"
PAGE = "https://grafana.example"
OPEN = ("/", "/-/healthy", "/-/ready", "/api/openapi.json", "/api/docs")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("127.0.0.1", 200),
        ("127.0.0.1:80", 200),
        ("192.0.2.7:7373", 200),
        ("[::1]", 200),
        ("[::1]:7373", 200),
        ("[fe80::1%25eth0]:7373", 200),
        ("{name}", 200),
        ("{NAME}:7373", 200),
        ("books.example", 200),
        ("books.example:8443", 200),
        ("a.lab.example", 200),
        ("a.b.LAB.example:7373", 200),
        ("lab.example", 403),
        ("alab.example", 403),
        ("{name}.evil.example", 403),
        ("localhost/.evil.com", 403),
        ("localhost#.evil.com", 403),
        ("localhost?.evil.com", 403),
        ("evil.com@127.0.0.1", 403),
        ("localhost:abc", 403),
        ("127.0.0.1:80:80", 403),
        ("evil.example", 403),
        ("evil.example:7373", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("2130706433", 403),
        ("[::1", 403),
        ("[", 403),
        (":80", 403),
        ("", 403),
    ],
)
async def test_only_addresses_and_own_names_are_served(unstarted: RunningService, host: str, status: int) -> None:
    own_name = socket.gethostname()
    header = {"Host": host.format(name=own_name, NAME=own_name.upper())}
    unstarted.server = replace(unstarted.server, allowed_hosts=("books.example", "*.lab.example"))
    async with running(unstarted) as service:
        told = [await service.ask(path, headers=header) for path in ("/api/today", "/")]
        scraped = [await service.ask(path, headers=header) for path in ("/metrics", "/-/healthy", "/-/ready")]

    assert {one.status for one in told} == {status}
    assert {one.status for one in scraped} == {200}


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET /api/today HTTP/1.0\r\n\r\n", b"200"),
        (b"GET /api/today HTTP/1.0\r\nHost: evil.example\r\n\r\n", b"403"),
        (b"GET /api/today HTTP/1.1\r\nConnection: close\r\n\r\n", b"400"),
        (b"GET /api/today HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n", b"400"),
    ],
)
async def test_a_missing_or_second_host(service: RunningService, request_head: bytes, status: bytes) -> None:
    answer = await service.send(request_head)

    assert answer.split(b" ", 2)[1] == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[evil"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://localhost:7373", "Host": "localhost:7373"}, 200),
        ({"Origin": "http://localhost:8080", "Host": "localhost:7373"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Origin": PAGE, "Sec-Fetch-Site": "cross-site"}, 200),
    ],
)
async def test_another_site_may_change_nothing(unstarted: RunningService, headers: dict[str, str], status: int) -> None:
    unstarted.server = replace(unstarted.server, cors_origins=(PAGE,))
    async with running(unstarted) as service:
        told = await service.ask("/api/commit", "POST", headers={**headers, "X-API-Key": service.token})

    assert told.status == status, told.text


async def test_no_page_may_read_while_no_origin_is_listed(service: RunningService) -> None:
    told = await service.ask("/api/today", headers={"Origin": PAGE})
    asked = await service.ask("/api/today", "OPTIONS", headers={"Origin": PAGE, "Access-Control-Request-Method": "GET"})

    assert told.status == 200
    assert "Access-Control-Allow-Origin" not in told.headers
    assert asked.status == 405
    assert "Access-Control-Allow-Origin" not in asked.headers


async def test_a_listed_page_may_read_with_a_key(unstarted: RunningService) -> None:
    unstarted.server = replace(unstarted.server, cors_origins=(PAGE,))
    unstarted.auth = replace(unstarted.auth, api_keys=(KEY,))
    async with running(unstarted) as service:
        asked = await service.ask(
            "/api/today", "OPTIONS", headers={"Origin": PAGE, "Access-Control-Request-Headers": "x-api-key"}
        )
        told = await service.ask("/api/today", headers={"Origin": PAGE, "X-API-Key": KEY})
        refused = await service.ask("/api/today", headers={"Origin": PAGE})
        other = await service.ask("/api/today", headers={"Origin": f"{PAGE}.evil.example", "X-API-Key": KEY})
        metrics = await service.ask("/metrics", headers={"Origin": PAGE})

    assert asked.status == 204
    allowed = "X-API-Key, Authorization, Content-Type, Content-Encoding"
    assert asked.headers["Access-Control-Allow-Headers"] == allowed
    assert told.headers["Access-Control-Expose-Headers"] == "Retry-After"
    assert [one.headers.get("Access-Control-Allow-Origin") for one in (asked, told, refused, other)] == [PAGE] * 3 + [
        None
    ]
    assert [told.status, refused.status, other.status] == [200, 401, 200]
    assert other.headers["Vary"] == "Origin"
    assert metrics.headers["Vary"] == "Accept, Accept-Encoding, Origin"
    assert "Access-Control-Allow-Credentials" not in told.headers


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    ("headers", "status", "word"),
    [
        ({"X-API-Key": KEY}, 200, ""),
        ({"X-API-Key": OTHER_KEY}, 200, ""),
        (bearer(KEY), 200, ""),
        ({"Authorization": f"bearer {OTHER_KEY}"}, 200, ""),
        ({}, 401, "needed"),
        ({"X-API-Key": ""}, 401, "wrong"),
        ({"X-API-Key": KEY[:-1]}, 401, "wrong"),
        ({"X-API-Key": f"{KEY}x"}, 401, "wrong"),
        ({"X-API-Key": KEY.upper()}, 401, "wrong"),
        ({"X-API-Key": "schlüssel"}, 401, "wrong"),
        (bearer(""), 401, "wrong"),
        (bearer("no"), 401, "wrong"),
        ({"Authorization": f"Basic {KEY}"}, 401, "wrong"),
        ({"Authorization": KEY}, 401, "wrong"),
    ],
)
async def test_the_api_opens_to_any_of_its_keys(
    unstarted: RunningService, headers: dict[str, str], status: int, word: str
) -> None:
    unstarted.auth = replace(unstarted.auth, api_keys=(KEY, OTHER_KEY))
    async with running(unstarted) as service:
        told = await service.ask("/api/today", headers=headers)
        posted = await service.ask("/api/commit", "POST", headers=headers)

    assert told.status == posted.status == status
    assert word in told.text
    assert (status == 401) == ("WWW-Authenticate" in told.headers)


async def test_bytes_that_are_no_text_are_a_wrong_key(unstarted: RunningService) -> None:
    unstarted.auth = replace(unstarted.auth, api_keys=(KEY,))
    async with running(unstarted) as service:
        answer = await service.send(
            b"GET /api/today HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-API-Key: \xff\xfe\r\n\r\n"
        )

    assert answer.startswith((b"HTTP/1.1 401", b"HTTP/1.1 400"))


async def test_the_key_of_the_environment_opens_too(unstarted: RunningService) -> None:
    loaded = load_settings(None, {"BANDWIDTH_API_KEY": KEY, "NETLEDGER_AUTH_API_KEYS": OTHER_KEY}, search=())
    unstarted.auth = loaded.settings.auth
    async with running(unstarted) as service:
        told = [await service.ask("/api/v1/stats/bandwidth", headers={"X-API-Key": key}) for key in (KEY, OTHER_KEY)]
        refused = await service.ask("/api/v1/stats/bandwidth")

    assert [one.status for one in told] == [200, 200]
    assert refused.status == 401


@pytest.mark.parametrize(("is_protected", "status"), [(False, 200), (True, 401)])
async def test_metrics_are_open_unless_protected(unstarted: RunningService, *, is_protected: bool, status: int) -> None:
    unstarted.auth = replace(unstarted.auth, api_keys=(KEY,), protect_metrics=is_protected)
    async with running(unstarted) as service:
        without = [(await service.ask(path)).status for path in ("/metrics", "/%6detrics")]
        having_one = await service.ask("/metrics", headers=bearer(KEY))
        open_ones = [(await service.ask(path)).status for path in OPEN]

    assert without == [status, status]
    assert having_one.status == 200
    assert open_ones == [200] * len(OPEN)


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (basic("ann", "secret"), 200),
        (basic("ann", "wrong"), 401),
        (basic("bob", "secret"), 401),
        ({"Authorization": "Basic !!!"}, 401),
        ({"Authorization": "Basic /w=="}, 401),
        ({}, 401),
        ({"X-API-Key": KEY}, 200),
        (bearer(KEY), 200),
        ({"X-API-Key": "wrong-key"}, 401),
    ],
)
async def test_users_of_the_web_config_guard_everything_and_a_key_passes(
    unstarted: RunningService, tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    stored = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    file = tmp_path / "web.yml"
    file.write_text(f"basic_auth_users:\n  ann: {stored}\n", encoding="utf-8")
    unstarted.web_config = WatchedWebConfig(file)
    unstarted.auth = replace(unstarted.auth, api_keys=(KEY,))
    async with running(unstarted) as service:
        told = [await service.ask(path, headers=headers) for path in ("/metrics", "/api/today", "/", "/-/healthy")]

    assert {one.status for one in told} == {status}
    assert all(("Basic" in one.headers.get("WWW-Authenticate", "")) == (status == 401) for one in told)


async def test_a_password_that_was_changed_is_in_force_and_the_old_one_is_not(
    unstarted: RunningService, tmp_path: Path
) -> None:
    file = tmp_path / "web.yml"

    async def statuses(service: RunningService) -> list[int]:
        told = [await service.ask("/api/today", headers=basic("ann", password)) for password in ("old", "new")]
        return [one.status for one in told]

    def write(password: bytes) -> None:
        stored = bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()
        file.write_text(f"basic_auth_users:\n  ann: {stored}\n", encoding="utf-8")

    write(b"old")
    unstarted.web_config = WatchedWebConfig(file)
    async with running(unstarted) as service:
        before = await statuses(service)
        write(b"new")
        os.utime(file, (1, 1))
        after = await statuses(service)

    assert (before, after) == ([200, 401], [401, 200])


async def test_a_listed_page_may_ask_before_it_sends_a_password(unstarted: RunningService, tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text(
        f"basic_auth_users:\n  ann: {bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n", encoding="utf-8"
    )
    unstarted.web_config = WatchedWebConfig(file)
    unstarted.server = replace(unstarted.server, cors_origins=(PAGE,))
    async with running(unstarted) as service:
        asked = await service.ask("/api/today", "OPTIONS", headers={"Origin": PAGE})
        stranger = await service.ask("/api/today", "OPTIONS", headers={"Origin": "https://evil.example"})

    assert [asked.status, stranger.status] == [204, 401]


@pytest.mark.parametrize("path", ["/api/today", "/api/docs", "/", "/metrics", "/nothing"])
async def test_every_answer_carries_the_headers_that_bind_a_browser(service: RunningService, path: str) -> None:
    headers = (await service.ask(path)).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Server"] == "netledger"
    if path in {"/", "/api/docs"}:
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


async def test_every_answer_carries_the_headers_of_the_web_config(unstarted: RunningService, tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text("http_server_config:\n  headers:\n    X-Frame-Options: deny\n", encoding="utf-8")
    unstarted.web_config = WatchedWebConfig(file)
    async with running(unstarted) as service:
        told = [await service.ask(path) for path in ("/metrics", "/api/today", "/nothing")]

    assert [one.headers.get("X-Frame-Options") for one in told] == ["deny"] * 3


@pytest.mark.parametrize("path", ["/api/today", "/api/nothing", "/api/today?x=1"])
async def test_nobody_keeps_an_answer(service: RunningService, path: str) -> None:
    assert (await service.ask(path)).headers["Cache-Control"] == "no-store"


async def test_many_ask_at_once(service: RunningService) -> None:
    told = await asyncio.gather(*(service.ask("/api/month") for _ in range(40)))

    assert {one.status for one in told} == {200}
