"""Commands on a ledger of version 1: what they say before it is migrated, and that they say the same after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.ledger.opening.recovery import make_good
from tests.exporter.cli import test_command_outputs, test_history_commands
from tests.exporter.cli.calls import Commands
from tests.worlds.version_1 import as_version_1

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Golden

CALLS = {**test_command_outputs.CALLS, **test_history_commands.CALLS}


@pytest.fixture
def old(ledger: Path) -> Path:
    """The small ledger, of version 1."""
    as_version_1(ledger)
    return ledger


@pytest.mark.parametrize("name", test_command_outputs.CALLS)
def test_a_migrated_ledger_answers_in_json_as_version_1_did(name: str, old: Path, golden: Golden) -> None:
    make_good(old)

    done = Commands(old)(*test_command_outputs.CALLS[name], "--json")

    assert (done.exit_code, done.stderr) == (0, "")
    golden(f"commands/{name}.json", done.stdout)


@pytest.mark.parametrize("name", CALLS)
def test_a_migrated_ledger_answers_in_text_as_version_1_did(name: str, old: Path, golden: Golden) -> None:
    make_good(old)

    done = Commands(old)(*CALLS[name])

    assert (done.exit_code, done.stderr) == (0, "")
    golden(f"commands/{name}.txt", done.stdout)


@pytest.mark.parametrize(
    "arguments", [("today",), ("ledger", "info"), ("ledger", "verify"), ("ledger", "backup"), ("ledger", "cleanup")]
)
def test_a_ledger_of_version_1_is_named_as_such_and_left_alone(old: Path, arguments: tuple[str, ...]) -> None:
    held = old.read_bytes()

    done = Commands(old)(*arguments)

    assert done.exit_code == 1
    assert "was written by an older netledger (schema version 1): `netledger run` migrates it" in done.stderr
    assert old.read_bytes() == held
