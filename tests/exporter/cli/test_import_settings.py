"""`netledger import config.toml`: PacketBuddy's settings in netledger's words, printed and never written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.settings.loading import load_settings
from tests.exporter.cli.calls import Commands

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
[api]
host = "127.0.0.1"
port = 8080
cors_enabled = true
[monitoring]
poll_interval = 2  # Seconds
batch_write_interval = 30
interface = "en0"
[sync]
enabled = false
interval = 60
[cost]
rate_per_gb = 8.25
currency = "EUR"
[auto_update]
enabled = true
auto_apply = false
["x\\ny"]
z = 2026-01-01
"""
PRINTED = """\
server:
  host: "127.0.0.1"  # api.host
  port: 8080  # api.port
interfaces:
  sample_interval: "2s"  # monitoring.poll_interval
  counted: ["en0"]  # monitoring.interface
ledger:
  commit_interval: "30s"  # monitoring.batch_write_interval
mirror:
  url: ""  # sync.enabled
  interval: "60s"  # sync.interval
plans:
  - name: default
    price_per_gb: 8.25  # cost.rate_per_gb
    currency: "EUR"  # cost.currency
    gigabyte: binary  # as PacketBuddy's costs
auto_update: "check"  # auto_update.enabled, auto_update.auto_apply
# api.cors_enabled: no equal: server.cors_origins lists the pages that may read the API, none by default
# x\\ny.z: no equal
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def test_each_key_has_its_equal_or_its_absence(commands: Commands, config: Path) -> None:
    first, _, rest = commands("import", str(config)).stdout.partition("\n")

    assert first == f"# {config} as settings of netledger: nothing is written."
    assert rest == PRINTED
    found = commands.json("import", str(config))
    assert found["yaml"] == PRINTED
    assert {each["key"]: each["setting"] for each in found["settings"]}["api.port"] == "server.port"


def test_what_is_printed_is_a_settings_file(commands: Commands, config: Path, tmp_path: Path) -> None:
    path = tmp_path / "netledger.yaml"
    path.write_text(commands("import", str(config)).stdout, encoding="utf-8")

    settings = load_settings(path, {"NEON_DB_URL": "postgresql://db"}).settings

    assert (settings.server.port, settings.auto_update, settings.interfaces.sample_interval) == (8080, "check", 2)
    assert (settings.mirror.url, settings.mirror.interval) == (None, 60)
    (plan,) = settings.plans
    assert (plan.name, plan.currency) == ("default", "EUR")


def test_a_sync_that_is_on_keeps_its_variable(commands: Commands, config: Path, tmp_path: Path) -> None:
    config.write_text(CONFIG.replace("[sync]\nenabled = false", "[sync]\nenabled = true"), encoding="utf-8")
    path = tmp_path / "netledger.yaml"

    path.write_text(printed := commands("import", str(config)).stdout, encoding="utf-8")

    assert "# sync.enabled: mirror.url, or NEON_DB_URL in the environment as there, names the server" in printed
    assert load_settings(path, {"NEON_DB_URL": "postgresql://db"}).settings.mirror.url == "postgresql://db"


def test_it_needs_no_ledger_and_changes_nothing(config: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())

    done = Commands(tmp_path / "none.db")("import", str(config))

    assert done.exit_code == 0
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "empty.yaml"])


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("poll_interval = 2 ", "poll_interval = 0 ", "monitoring.poll_interval: interfaces.sample_interval"),
        ("poll_interval = 2 ", 'poll_interval = "fast" ', "monitoring.poll_interval: interfaces.sample_interval"),
        ("port = 8080", "port = 99999", "api.port: server.port"),
        ("port = 8080", "port = 2026-01-01", "api.port: server.port"),
        ("rate_per_gb = 8.25", "rate_per_gb = -1", "cost.rate_per_gb: plans"),
        ('currency = "EUR"', 'currency = "money"', "cost.currency: plans"),
        ("enabled = true\nauto", 'enabled = "yes"\nauto', "auto_update.enabled is neither true nor false"),
        ("interval = 60", "interval = 5", "sync.interval: mirror.interval: 5s is below 10s"),
        ("[sync]\nenabled = false", "[sync]\nenabled = 0", "sync.enabled is neither true nor false"),
        ("[cost]", "[cost", "is not whole TOML"),
    ],
)
def test_what_netledger_refuses_is_named_with_its_key(
    old: str, new: str, reason: str, commands: Commands, config: Path
) -> None:
    config.write_text(CONFIG.replace(old, new), encoding="utf-8")

    done = commands("import", str(config))

    assert (done.exit_code, done.stdout) == (1, "")
    assert reason in done.stderr


def test_options_of_history_are_of_no_use_to_settings(commands: Commands, config: Path) -> None:
    assert commands("import", str(config), "--dry-run").exit_code == 0

    done = commands("import", str(config), "--source", "old")

    assert (done.exit_code, "no option is of use" in done.stderr) == (2, True)


def test_other_toml_is_of_no_program_that_is_known(commands: Commands, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\nname = "x"\n', encoding="utf-8")

    done = commands("import", str(path))

    assert done.exit_code == 1
    assert done.stderr.startswith("Error: nothing is imported: ")
