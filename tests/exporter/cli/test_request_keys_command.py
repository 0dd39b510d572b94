"""Keys of services are made, listed, replaced and ended by commands, with and without a running service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from exporter.ledger.files import connect_to_read
from exporter.meters.requests.key_ring import KeyRing
from exporter.meters.requests.store import read_keys

if TYPE_CHECKING:
    from pathlib import Path

    from tests.exporter.cli.calls import Commands
    from tests.exporter.cli.service_process import Service


def ring(ledger: Path) -> KeyRing:
    connection = connect_to_read(ledger)
    try:
        return KeyRing(read_keys(connection))
    finally:
        connection.close()


def test_without_a_service_keys_are_made_in_the_ledger(commands: Commands) -> None:
    made = commands.json("requests", "key", "create", "shop")
    rotated = commands.json("requests", "key", "rotate", "1")
    reading = commands("requests", "key", "create", "shop", "--read")
    revoked = commands("requests", "key", "revoke", "3")
    listed = commands.json("requests", "key", "list")["keys"]
    keys = ring(commands.ledger)

    assert keys.find(made["key"]) is None
    found = keys.find(rotated["key"])
    assert found is not None
    assert (found.service, found.right) == ("shop", "ingest")
    assert "shown once" in reading.stderr
    assert revoked.stdout == "key 3 of shop opens nothing any more\n"
    assert [(key["id"], key["right"], key["revoked"] is None) for key in listed] == [
        (1, "ingest", False),
        (2, "ingest", True),
        (3, "read", False),
    ]
    assert made["key"] not in json.dumps(listed)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("revoke", "7"), "id: there is no key 7"),
        (("create", "(other)"), "service:"),
        (("create", "netledger"), "service: netledger is the name of netledger's own requests"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(commands: Commands, arguments: tuple[str, ...], text: str) -> None:
    done = commands("requests", "key", *arguments)

    assert done.exit_code == 2
    assert text in done.stderr


def test_with_a_service_it_makes_the_key(service: Service) -> None:
    service.start()

    made = json.loads(service.command("requests", "key", "create", "shop & co", "--both", "--json").stdout)
    listed = json.loads(service.command("requests", "key", "list", "--json").stdout)["keys"]
    ended = service.command("requests", "key", "revoke", "1")
    again = service.command("requests", "key", "revoke", "1")
    service.stop()

    assert (made["service"], made["right"]) == ("shop & co", "both")
    assert [key["service"] for key in listed] == ["shop & co"]
    assert (ended.code, again.code) == (0, 1)
    assert "id: key 1 is revoked already" in again.stderr
