"""One ledger has one writer, whatever happens to the file beside it; and commands find that writer, not a stranger."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from exporter.ledger.files import LedgerError, connect_to_write
from exporter.ledger.locks import lock as lock_module
from exporter.ledger.locks.holder import Holder, find_holder, lock_path
from exporter.ledger.locks.lock import LedgerLock
from tests.exporter.web.running_service import new_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

URL = "http://127.0.0.1:7373"
needs_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another")


@pytest.fixture
def path(empty_ledger: Path, tmp_path: Path) -> Path:
    return new_ledger(empty_ledger, tmp_path)


@pytest.fixture
def held(path: Path) -> Iterator[LedgerLock]:
    """The lock of a ledger that a service writes."""
    lock = LedgerLock(path)
    lock.acquire()
    lock.write_holder(Holder(os.getpid(), URL, "ab12"))
    yield lock
    lock.release()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def by_another_name(path: Path) -> Path:
    link = path.with_name("other") / "books.db"
    link.parent.mkdir()
    link.symlink_to(path)
    return link


def by_a_hard_link(path: Path) -> Path:
    link = path.with_name("books.db")
    link.hardlink_to(path)
    return link


def with_the_note_deleted(path: Path) -> Path:
    lock_path(path).unlink()
    return path


def with_the_note_replaced(path: Path) -> Path:
    lock_path(path).unlink()
    lock_path(path).write_text("{}")
    return path


@pytest.mark.parametrize("change", [by_another_name, by_a_hard_link, with_the_note_deleted, with_the_note_replaced])
def test_a_ledger_has_one_writer_by_whatever_name_it_is_reached(
    held: LedgerLock, path: Path, change: Callable[[Path], Path]
) -> None:
    assert held is not None

    with pytest.raises(LedgerError, match="already writes"):
        LedgerLock(change(path)).acquire()


def test_a_note_that_was_deleted_is_written_again(held: LedgerLock, path: Path) -> None:
    lock_path(path).unlink()

    held.keep()

    assert find_holder(path) == Holder(os.getpid(), URL, "ab12")


def test_a_ledger_that_takes_anothers_place_is_locked_too(held: LedgerLock, path: Path, empty_ledger: Path) -> None:
    new = path.with_name("new.db")
    new.write_bytes(empty_ledger.read_bytes())
    new.replace(path)

    held.keep()

    with pytest.raises(LedgerError, match="already writes"):
        LedgerLock(with_the_note_deleted(path)).acquire()


def test_whoever_looks_for_the_holder_refuses_no_start(path: Path) -> None:
    stopped = threading.Event()

    def look() -> None:
        while not stopped.is_set():
            find_holder(path)

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(100):
            lock = LedgerLock(path)
            lock.acquire()
            lock.release()
    finally:
        stopped.set()
        for looker in lookers:
            looker.join()


FOREIGN = {
    "nothing": b"",
    "garbage": b"\xff\xfe\x00garbage",
    "deep": b"[" * 100_000,
    "huge": b"x" * 5_000_000,
    "a list": b"[1, 2]",
    "a number": b"17",
    "no process": b'{"pid": -1, "url": ""}',
    "a huge process": b'{"pid": 99999999999999999999, "url": ""}',
    "a text for a process": b'{"pid": "1", "url": ""}',
    "no address": b'{"pid": 1, "url": "http://127.0.0.1:port"}',
    "another protocol": b'{"pid": 1, "url": "file:///etc/passwd"}',
    "a number for an address": b'{"pid": 1, "url": 7}',
    "a header": b'{"pid": 1, "url": "", "token": "a\\r\\nX: y"}',
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_note_stops_and_breaks_nothing(path: Path, content: bytes) -> None:
    lock_path(path).write_bytes(content)
    assert find_holder(path) is None
    lock = LedgerLock(path)
    lock.acquire()
    assert find_holder(path) == Holder(os.getpid())
    lock_path(path).write_bytes(content)

    assert find_holder(path) == Holder(0)

    lock.release()


def put_a_link(note: Path) -> None:
    target = note.with_name("precious")
    target.write_text("precious")
    note.symlink_to(target)


@pytest.mark.parametrize("put", [put_a_link, os.mkfifo, os.mkdir], ids=["link", "pipe", "folder"])
def test_what_is_no_file_is_left_alone_and_the_ledger_is_locked_all_the_same(
    path: Path, put: Callable[[Path], None]
) -> None:
    put(lock_path(path))
    before = lock_path(path).lstat()
    lock = LedgerLock(path)

    lock.acquire()

    assert find_holder(path) is None
    with pytest.raises(LedgerError, match="already writes"):
        LedgerLock(path).acquire()
    lock.release()
    assert lock_path(path).lstat().st_ino == before.st_ino
    if put is put_a_link:
        assert path.with_name("precious").read_text() == "precious"


def test_the_ledgers_files_are_closed_to_other_users(path: Path) -> None:
    writer = connect_to_write(path)
    writer.execute("UPDATE state SET value = value")
    lock_path(path).touch()
    files = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm", ".lock")]
    for file in files:
        file.chmod(0o644)
    lock = LedgerLock(path)

    lock.acquire()

    assert [mode(file) for file in files] == [0o640, 0o640, 0o640, 0o600]
    lock.release()
    writer.close()


@needs_root
def test_a_note_of_another_user_leads_nobody_anywhere(path: Path) -> None:
    with lock_path(path).open("w+") as file:
        json.dump(Holder(1, "http://127.0.0.1:1", "ab")._asdict(), file)
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        os.fchown(file.fileno(), 65534, 65534)
        program = "import os, sys; from pathlib import Path; from exporter.ledger.locks.holder import find_holder; "
        program += "os.setuid(12345); print(find_holder(Path(sys.argv[1])))"
        lock_path(path).chmod(0o666)
        path.chmod(0o644)
        for folder in (path.parent, *path.parent.parents):
            if folder.stat().st_uid == os.geteuid() and not mode(folder) & 0o001:
                folder.chmod(mode(folder) | 0o001)

        told = subprocess.run(
            [sys.executable, "-c", program, str(path)],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={"PYTHONPATH": os.pathsep.join(sys.path)},
        )

    assert told.stdout == "None\n", told.stderr


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_said_and_written(
    path: Path, number: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_opened: int) -> bool:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(lock_module, "is_locked", refuse)
    lock = LedgerLock(path)

    lock.acquire()

    assert [record.getMessage() for record in caplog.records] == [
        f"{path} cannot be locked here ({os.strerror(number)}): run one service on it"
    ]
    lock.release()


@pytest.fixture
def tiny(tmp_path: Path, empty_ledger: Path) -> Iterator[Path]:
    """A ledger on a small file system of its own."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", folder], check=False, capture_output=True)
    if made.returncode:
        pytest.skip("only root can mount")
    try:
        yield new_ledger(empty_ledger, folder)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("has_note", [True, False])
def test_on_a_file_system_that_takes_nothing_it_is_locked_as_well(tiny: Path, *, has_note: bool) -> None:
    if has_note:
        first = LedgerLock(tiny)
        first.acquire()
        first.release()
    subprocess.run(["mount", "-o", "remount,ro", tiny.parent], check=True)
    lock = LedgerLock(tiny)

    lock.acquire()

    with pytest.raises(LedgerError, match="already writes"):
        LedgerLock(tiny).acquire()
    assert find_holder(tiny) == (Holder(0) if has_note else None)
    lock.release()


def test_on_a_full_disk_it_is_locked_and_noted(tiny: Path) -> None:
    first = LedgerLock(tiny)
    first.acquire()
    first.release()
    with tiny.with_name("filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(b"x" * 4096):
            pass
    assert shutil.disk_usage(tiny.parent).free == 0
    lock = LedgerLock(tiny)

    lock.acquire()
    lock.write_holder(Holder(os.getpid(), URL, "ab12"))

    assert find_holder(tiny) == Holder(os.getpid(), URL, "ab12")
    lock.release()
