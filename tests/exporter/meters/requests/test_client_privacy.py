"""What is kept of a client, and that no address reaches the disk that must not."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.ledger.upkeep.backups import write_backup
from exporter.meters.requests.events import LONGEST_AGENT, LONGEST_USER, Event
from exporter.meters.requests.privacy import (
    MOST_REMEMBERED,
    ClientPrivacy,
    network_of,
)
from reports.ledger.addresses import packed_address
from tests.meters.requests import event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exporter.meters.requests.settings import Privacy
    from tests.worlds.request_world import RequestWorld

NOON = 1_772_000_000 // 86_400 * 86_400 + 43_200
DAY = 86_400


def kept(privacy: ClientPrivacy, *events: Event) -> list[Event]:
    return list(privacy.protect(events))


@pytest.mark.parametrize(
    ("privacy", "client", "expected"),
    [
        ("full", "192.0.2.77", "192.0.2.77"),
        ("full", "2001:DB8:0:0::1", "2001:db8::1"),
        ("full", "::ffff:192.0.2.77", "192.0.2.77"),
        ("full", "::1", "::1"),
        ("network", "192.0.2.77", "192.0.2.0/24"),
        ("network", "::ffff:192.0.2.77", "192.0.2.0/24"),
        ("network", "2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("network", "::1", "::/48"),
        ("none", "192.0.2.77", ""),
        ("full", "fe80::1%eth0", ""),
        ("network", "fe80::1%eth0", ""),
        ("full", "", ""),
        ("full", "192.0.2.256", ""),
        ("full", "192.0.2.1\0", ""),
        ("full", "example.org", ""),
        ("network", "<script>", ""),
        ("hash", "\udcff", ""),
        ("full", "1" * 100_000, ""),
    ],
)
def test_what_is_kept_of_an_address(privacy: Privacy, client: str, expected: str) -> None:
    (found,) = kept(ClientPrivacy(privacy), event(NOON, client=client))

    assert found.client == expected


def test_each_service_has_its_own_privacy() -> None:
    privacy = ClientPrivacy("none", {"shop": "full", "blog": "network"})

    found = kept(
        privacy, *(event(NOON, service=name, client="192.0.2.1", user="ann") for name in ("shop", "blog", "x"))
    )

    assert [each.client for each in found] == ["192.0.2.1", "192.0.2.0/24", ""]
    assert [each.user for each in found] == ["ann", "ann", ""]


@given(st.ip_addresses(), st.ip_addresses())
def test_addresses_of_one_network_are_kept_alike(first: object, second: object) -> None:
    one, other = packed_address(str(first)), packed_address(str(second))
    assert one is not None
    assert other is not None
    bits = 3 if len(one) == 4 else 6
    is_same = len(one) == len(other) and one[:bits] == other[:bits]

    assert (network_of(one) == network_of(other)) is is_same


def test_a_hash_is_the_same_for_a_day_and_another_on_the_next() -> None:
    privacy = ClientPrivacy("hash")
    privacy.turn_to(NOON + DAY)

    today, again, yesterday = (
        kept(privacy, event(at, client="192.0.2.1", user="ann"))[0] for at in (NOON + DAY, NOON + DAY + 60, NOON)
    )

    assert today.client == again.client != yesterday.client
    assert len(today.client) == 16
    assert today.user == again.user != yesterday.user
    assert today.user != today.client
    assert "192" not in today.client


def test_two_ledgers_hash_differently() -> None:
    first, second = (kept(ClientPrivacy("hash"), event(NOON, client="192.0.2.1"))[0].client for _ in range(2))

    assert first != second


def test_a_hash_goes_on_over_a_restart_and_its_salt_is_destroyed_after_the_next_day() -> None:
    before = ClientPrivacy("hash")
    first = kept(before, event(NOON, client="192.0.2.1"))[0].client
    salts = before.turn_to(NOON)
    after = ClientPrivacy("hash")
    after.resume(salts)

    assert kept(after, event(NOON, client="192.0.2.1"))[0].client == first
    assert after.turn_to(NOON + DAY) == {}
    assert after.turn_to(NOON + 2 * DAY) == dict.fromkeys(salts, "")
    assert kept(after, event(NOON, client="192.0.2.1"))[0].client != first


@pytest.mark.parametrize("ahead", [-(10**9), 10**9])
def test_a_clock_that_jumps_leaves_two_salts_at_most(ahead: int) -> None:
    privacy = ClientPrivacy("hash")
    salts: dict[str, str] = {}
    for now in (NOON, NOON + ahead, NOON, NOON + DAY):
        changes = privacy.turn_to(now)
        kept(privacy, event(now, client="192.0.2.1"))
        changes |= privacy.turn_to(now)
        salts = {name: salt for name, salt in {**salts, **changes}.items() if salt}

    assert len(salts) <= 2


def test_long_texts_are_cut() -> None:
    (found,) = kept(ClientPrivacy("full"), event(NOON, agent="a" * 5000, user="u" * 5000))

    assert (len(found.agent), len(found.user)) == (LONGEST_AGENT, LONGEST_USER)


def test_what_need_not_change_is_the_same_event() -> None:
    given = event(NOON, client="192.0.2.1", agent="curl/8", user="ann")
    privacy = ClientPrivacy("full")
    kept(privacy, given)

    assert kept(privacy, given) == [given]


def test_the_memory_of_addresses_is_bounded() -> None:
    privacy = ClientPrivacy()

    kept(privacy, *(event(NOON, client=f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}") for n in range(3 * MOST_REMEMBERED)))

    assert len(privacy._kept) <= MOST_REMEMBERED


ADDRESSES = ("203.0.113.77", "::ffff:198.51.100.99", "2001:db8:77:66:55:44:33:22")
USER = "ann@example.org"


def bytes_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("privacy", ["full", "network", "hash", "none"])
def test_no_address_reaches_the_disk_or_a_log_line_that_must_not(
    world: RequestWorld,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    privacy: Privacy,
) -> None:
    caplog.set_level(logging.DEBUG)
    world.stop()
    world.privacy = privacy
    world.start()
    for _ in range(20):
        world.give(*(event(world.machine.seconds, client=client, user=USER) for client in ADDRESSES))
        world.run()
        world.commit()
    written = bytes_on_disk(tmp_path)  # with the write-ahead log

    for part in (b"203.0.113.77", b"198.51.100.99", b"2001:db8:77:66"):
        assert (part in written) is (privacy == "full")
        assert part.decode() not in caplog.text
    for client in ADDRESSES:
        packed = packed_address(client)
        assert packed is not None
        assert (packed in written) is (privacy == "full")
    assert (USER.encode() in written) is (privacy in {"full", "network"})
    assert world.rows("SELECT count(*) FROM request_log") == [(60,)]


def salt_of(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [value for (value,) in connection.execute("SELECT value FROM request_secret")]


def test_a_salt_is_gone_from_the_file_with_its_day_and_never_in_a_backup(world: RequestWorld, tmp_path: Path) -> None:
    world.stop()
    world.privacy = "hash"
    world.start()
    world.give(event(world.machine.seconds, client="192.0.2.1"))
    world.run()
    world.commit()
    (salt,) = salt_of(world.path)
    backup = write_backup(world.path, datetime.fromtimestamp(world.machine.seconds, UTC).date(), 3)
    assert salt.encode() not in backup.read_bytes()
    assert salt.encode() in bytes_on_disk(tmp_path)

    for _ in range(2):
        world.machine.wait(DAY)
        world.run()
        world.give(event(world.machine.seconds, client="192.0.2.1"))
        world.run()
        world.commit()
    world.writer.checkpoint_log(truncate=True)

    assert salt not in salt_of(world.path)
    assert salt.encode() not in bytes_on_disk(tmp_path)


def test_hashed_clients_of_two_days_are_two(open_requests: Callable[[], RequestWorld]) -> None:
    world = open_requests()
    world.stop()
    world.privacy = "hash"
    world.start()
    for _ in range(2):
        world.give(event(world.machine.seconds, client="192.0.2.1"), event(world.machine.seconds, client="192.0.2.1"))
        world.run()
        world.commit()
        world.machine.wait(DAY)

    assert world.rows("SELECT count(DISTINCT client), count(*) FROM request_log") == [(2, 4)]


def test_clients_of_added_requests_are_kept_as_privacy_says() -> None:
    privacy = ClientPrivacy("network", {"bank": "none", "shop": "hash"})
    privacy.turn_to(20_000 * 86_400)
    today, slots = 20_000 * 96, {"192.0.2.7": 2, "192.0.2.9": 3, "no address": 1}

    kept = dict(privacy.kept_clients({(today, name): slots for name in ("bank", "blog", "shop")}))
    past = dict(privacy.kept_clients({(today - 960, name): slots for name in ("blog", "shop")}))

    assert kept[today, "blog"] == past[today - 960, "blog"] == {"192.0.2.0/24": 5}
    assert sorted(kept[today, "shop"].values()) == [2, 3]
    assert (today, "bank") not in kept
    assert (today - 960, "shop") not in past, "salts of that day are destroyed"
