"""The journal of an update beside the ledger, and the copy that is given back."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from exporter.ledger.upkeep.backups import keep_before_update, keep_version, newest_copy
from exporter.updating.journal import (
    JournalError,
    UpdateEntry,
    clear_entry,
    is_update_running,
    journal_path,
    one_update,
    read_entry,
    update_lock_path,
    write_entry,
)
from exporter.updating.supervised import copy_private

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = UpdateEntry("start", "1.0", "2.0rc1+local.1", 2, "why not")


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def test_an_entry_is_read_as_it_was_written_until_it_is_cleared(ledger: Path) -> None:
    write_entry(ledger, ENTRY)
    first = read_entry(ledger)
    write_entry(ledger, UpdateEntry("return", "1.0", "2.0"))
    second = read_entry(ledger)
    clear_entry(ledger)
    clear_entry(ledger)

    assert (first, second, read_entry(ledger)) == (ENTRY, UpdateEntry("return", "1.0", "2.0"), None)
    assert list(ledger.parent.iterdir()) == []


def test_an_entry_is_its_users_own(ledger: Path) -> None:
    write_entry(ledger, ENTRY)

    assert stat.S_IMODE(journal_path(ledger).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        "\xff",
        '{"stage": "never", "old": "1.0", "new": "2.0"}',
        '{"stage": "install", "old": "1.0", "new": "--index-url=http://x"}',
        '{"stage": "install", "old": "1.0 @ http://x", "new": "2.0"}',
        '{"stage": "install", "old": "", "new": "2.0"}',
    ],
)
def test_what_is_no_entry_is_none(text: str, ledger: Path) -> None:
    journal_path(ledger).write_bytes(text.encode("latin-1"))

    assert read_entry(ledger) is None


@pytest.mark.parametrize(
    ("stage", "words"), [("install", "while 2.0"), ("start", "before 2.0 had shown"), ("return", "while 1.0")]
)
def test_an_entry_says_where_it_was_interrupted(stage: str, words: str, ledger: Path) -> None:
    journal_path(ledger).write_text(f'{{"stage": "{stage}", "old": "1.0", "new": "2.0"}}', encoding="utf-8")

    entry = read_entry(ledger)

    assert entry is not None
    assert entry.is_under_way
    assert entry.interrupted.startswith(f"the update from 1.0 to 2.0 was interrupted {words}")


def test_a_second_update_waits_for_no_first(ledger: Path) -> None:
    before = is_update_running(ledger)
    with one_update(ledger):
        during = is_update_running(ledger)
        with pytest.raises(JournalError, match="another update is under way"), one_update(ledger):
            pass

    assert (before, during, is_update_running(ledger)) == (False, True, False)


def test_a_link_in_the_place_of_the_lock_is_not_followed(ledger: Path, tmp_path: Path) -> None:
    update_lock_path(ledger).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(JournalError, match="cannot be written"), one_update(ledger):
        pass

    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["source", "target"])
def test_no_link_is_followed_where_a_ledger_is_given_back(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of root alone", encoding="utf-8")
    files = {each: tmp_path / each for each in ("source", "target")}
    files["source"].write_text("a copy", encoding="utf-8")
    files[name].unlink(missing_ok=True)
    files[name].symlink_to(secret)

    if name == "source":
        with pytest.raises(OSError, match="symbolic link"):
            copy_private(files["source"], files["target"])
    else:
        copy_private(files["source"], files["target"])

    assert secret.read_text(encoding="utf-8") == "of root alone"
    assert not files["target"].is_symlink()


def test_the_newest_copy_of_a_ledger_is_the_one_of_its_migration(empty_ledger: Path, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(empty_ledger.read_bytes())
    first = keep_before_update(path, "1.0")
    second = keep_before_update(path, "2.0")
    os.utime(second, (1, 1))
    alone = newest_copy(path, "2.0", 2)
    keep_version(path, 2)

    assert (first.exists(), alone) == (False, second)
    assert newest_copy(path, "2.0", 2).name == "ledger-schema-2.db"
    assert newest_copy(path, "2.0", 1) == second
