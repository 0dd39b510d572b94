"""What docs/fleet.md says to type for a mirror is taken: addresses, settings, the statement for Citus."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from exporter.mirror.address import parse_address
from exporter.mirror.tables import TABLES, creation
from exporter.settings.tree import keys

if TYPE_CHECKING:
    from tests.worlds.postgresql import Database

TEXT = (Path(__file__).parents[3] / "docs" / "fleet.md").read_text(encoding="utf-8")
ADDRESSES = sorted(set(re.findall(r"postgresql://[^\s`]+", TEXT)))
CITUS = re.compile(
    r"^SELECT create_distributed_table\((?P<name>format\(.*?\)::regclass), 'host'\) (?P<rest>FROM .*);$", re.MULTILINE
)


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_address_is_one(url: str) -> None:
    address = parse_address(url)

    assert address.user == "laptop"
    assert address.database == "fleet"


def test_several_hosts_ask_for_the_one_that_writes() -> None:
    (url,) = (url for url in ADDRESSES if "," in url)

    address = parse_address(url)

    assert [host for host, _ in address.hosts] == ["pg1", "pg2", "pg3"]
    assert address.target == "read-write"


def test_settings_that_are_shown_or_named_exist() -> None:
    (block,) = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(mirror:.*?)```", TEXT, re.DOTALL))
    named = set(re.findall(r"`((?:mirror|ledger|metrics)\.[a-z_]+)", TEXT))

    assert {f"mirror.{name}" for name in block["mirror"]} | named <= set(keys())


def test_the_statement_for_citus_names_every_table(fresh_database: Database) -> None:
    fresh_database.execute(*creation("netledger"))
    found = CITUS.search(TEXT)
    assert found is not None

    names = fresh_database.execute(f"SELECT {found['name']} {found['rest']}").splitlines()

    assert sorted(names) == sorted(f"netledger.{table.name}" for table in TABLES)
