"""Whoever guesses keys and passwords is slowed, counted and told of once; nobody else notices."""

from __future__ import annotations

import base64
import logging
from typing import TYPE_CHECKING

import bcrypt
import pytest
from msgspec.structs import replace

from exporter.tls.web_config import WatchedWebConfig
from exporter.web.attempts import BURST, MOST_ADDRESSES, Attempts
from tests.exporter.web.running_service import RunningService, running

if TYPE_CHECKING:
    from pathlib import Path

KEY = "first-secret-key"
HERE, ELSEWHERE = "192.0.2.7", "192.0.2.8"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_address_may_be_wrong_a_few_times_and_then_once_a_second() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    guesses = 0
    for _ in range(600):
        if not attempts.seconds_to_wait(HERE):
            attempts.failed(HERE)
            guesses += 1
        clock.now += 0.1

    assert guesses == pytest.approx(BURST + 60, abs=1)
    assert attempts.failures == guesses


def test_addresses_do_not_hinder_each_other_and_are_forgotten_in_time() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(1000):
        attempts.failed(HERE)

    assert attempts.seconds_to_wait(HERE) == 1
    assert attempts.seconds_to_wait(ELSEWHERE) == 0
    clock.now += BURST
    assert attempts.seconds_to_wait(HERE) == 0


def test_a_network_of_ipv6_is_one_client() -> None:
    attempts = Attempts(Clock())
    for number in range(BURST):
        attempts.failed(f"2001:db8::{number:x}")

    assert attempts.seconds_to_wait("2001:db8::ffff") == 1
    assert attempts.seconds_to_wait("2001:db8:0:1::1") == 0
    assert attempts.seconds_to_wait("::ffff:192.0.2.7") == 0


def test_addresses_without_end_take_no_memory_without_end() -> None:
    attempts = Attempts(Clock())
    for number in range(3 * MOST_ADDRESSES):
        attempts.failed(f"10.0.{number // 256}.{number % 256}")

    assert len(attempts._full_at) == MOST_ADDRESSES


def test_the_log_has_a_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(960):
        attempts.failed(HERE)
        clock.now += 0.125

    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert caplog.records[1].getMessage() == f"480 times a wrong key or password, the last from {HERE}"


async def test_guesses_are_refused_counted_and_never_open_the_door(unstarted: RunningService) -> None:
    unstarted.auth = replace(unstarted.auth, api_keys=(KEY,))
    async with running(unstarted) as service:
        wrong = [await service.ask("/api/today", headers={"X-API-Key": f"guess-{n}"}) for n in range(2 * BURST)]
        right = await service.ask("/api/today", headers={"X-API-Key": KEY})
        token = await service.ask("/api/today", headers={"X-API-Key": service.token})
        without = await service.ask("/api/today")
        metrics = await service.ask("/metrics")

    statuses = [told.status for told in wrong]
    assert set(statuses[:BURST]) == {401}
    assert statuses[-1] == right.status == 429
    assert right.headers["Retry-After"] == "1"
    assert "too many" in right.json["error"]
    assert (token.status, without.status) == (200, 401)
    assert f"netledger_http_auth_failures_total {statuses.count(401)}" in metrics.text


async def test_wrong_passwords_are_counted_and_a_right_one_is_not(unstarted: RunningService, tmp_path: Path) -> None:
    def basic(password: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"ann:{password}".encode()).decode()}

    file = tmp_path / "web.yml"
    file.write_text(f"basic_auth_users:\n  ann: {bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n")
    unstarted.web_config = WatchedWebConfig(file)
    async with running(unstarted) as service:
        good = [await service.ask("/metrics", headers=basic("secret")) for _ in range(2 * BURST)]
        bad = [await service.ask("/metrics", headers=basic(f"guess {n}")) for n in range(2 * BURST)]
        assert service.service._parts
        failures = service.service._parts.context.attempts.failures

    assert {told.status for told in good} == {200}
    statuses = [told.status for told in bad]
    assert set(statuses) == {401, 429}
    assert failures == statuses.count(401) < 2 * BURST


@pytest.mark.parametrize("path", ["/", "/api/today", "/metrics"])
async def test_a_key_that_nobody_asks_for_is_no_wrong_one(service: RunningService, path: str) -> None:
    told = [await service.ask(path, headers={"X-API-Key": "whatever"}) for _ in range(2 * BURST)]

    assert {one.status for one in told} == {200}
