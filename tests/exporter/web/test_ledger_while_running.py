"""What happens to the ledger's files while the service runs costs no byte, and is told."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from exporter.ledger.upkeep.backups import write_backup
from exporter.metering.counters.readings import Counts
from reports.calendar.days import day_of
from tests.exporter.web.running_service import INDIA, RunningService

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WRITTEN_BACK = "ledger written back: the ledger was deleted or replaced while it was in use"


def _delete_all(path: Path) -> None:
    for part in path.parent.glob(f"{path.name}*"):
        if part.suffix != ".lock":
            part.unlink()


def _delete_the_log(path: Path) -> None:
    path.with_name(path.name + "-wal").unlink()


def _foreign(path: Path) -> Path:
    made = path.with_name("photos.db")
    with contextlib.closing(sqlite3.connect(made)) as connection:
        connection.execute("CREATE TABLE photo (name TEXT)")
        connection.executemany("INSERT INTO photo (name) VALUES (?)", ((f"photo {n}",) for n in range(5000)))
        connection.commit()
    return made


def _replace(path: Path) -> None:
    _foreign(path).replace(path)


def _replace_by_nothing(path: Path) -> None:
    path.unlink()
    path.touch()


def _overwrite(path: Path) -> None:
    shutil.copyfile(_foreign(path), path)


def _overwrite_with_garbage(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"garbage" * 10_000)


@pytest.mark.parametrize("harm", [_delete_all, _delete_the_log, _replace, _replace_by_nothing])
async def test_books_whose_file_was_taken_away_are_written_back(
    service: RunningService, harm: Callable[[Path], None]
) -> None:
    await _move(service, 700)
    harm(service.ledger.path)

    await _move(service, 30)

    assert await _told(service) == {730}
    (problem,) = (await service.get("/api/health"))["problems"]
    assert WRITTEN_BACK in problem
    assert service.service.ended.done() is False
    await service.stop()
    await service.start()
    assert await _told(service) == {730}
    assert WRITTEN_BACK in (await service.get("/api/health"))["problems"][0]


async def test_a_service_that_stops_writes_the_books_back(service: RunningService) -> None:
    await _move(service, 700)
    _delete_all(service.ledger.path)
    service.machine.move("eth0", 20)

    await service.stop()
    await service.start()

    assert await _told(service) == {720}


@pytest.mark.parametrize("harm", [_overwrite, _overwrite_with_garbage])
async def test_a_ledger_that_was_overwritten_in_place_is_restored(
    service: RunningService, harm: Callable[[Path], None]
) -> None:
    await _move(service, 700)
    write_backup(service.ledger.path, day_of(service.machine.seconds, INDIA), 3)
    await _move(service, 30)
    harm(service.ledger.path)
    service.machine.move("eth0", 5)
    service.pass_time()

    await service.ask("/api/commit", "POST")
    assert service.service.ended.done()
    await service.restart()

    assert await _told(service) == {735}
    assert "was restored" in (await service.get("/api/health"))["problems"][0]


async def test_an_older_copy_in_the_place_of_the_ledger_is_found_out(service: RunningService) -> None:
    await _move(service, 700)
    copy = write_backup(service.ledger.path, day_of(service.machine.seconds, INDIA), 3)
    await _move(service, 30)
    path = service.ledger.path
    with contextlib.closing(sqlite3.connect(copy)) as source, contextlib.closing(sqlite3.connect(path)) as target:
        source.backup(target)
    service.machine.move("eth0", 5)
    service.pass_time()

    await service.ask("/api/commit", "POST")
    assert service.service.ended.done()
    await service.restart()

    assert await _told(service) == {735}


async def test_one_value_that_no_ledger_holds_stops_nobody_else(service: RunningService) -> None:
    await _move(service, 100)
    machine = service.machine
    other = machine.create("bad0")
    other.counts = Counts(5, 5, 2**64 - 3, 1, 2**63)

    await _move(service, 30)

    assert await _told(service) == {130}
    health = await service.get("/api/health")
    assert (await service.ask("/metrics")).text.count("netledger_ledger_commit_failures_total 0.0") <= 1
    assert [problem for problem in health["problems"] if not problem.startswith("not booked: bad0: ")] == []
    other.counts = Counts(6, 5, 10, 1)
    await _move(service, 3)
    assert await _told(service) == {133}


async def test_any_failure_of_a_commit_is_told_and_tried_again(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _move(service, 100)

    def fail(*_: object) -> None:
        raise RuntimeError("out of luck")

    with monkeypatch.context() as patch:
        patch.setattr("exporter.ledger.writing.writer.Writer.post", fail)
        service.machine.move("eth0", 11)
        service.pass_time()
        assert (await service.ask("/api/commit", "POST")).json == {"committed": False}
        assert any("out of luck" in problem for problem in (await service.get("/api/health"))["problems"])
        assert "netledger_ledger_commit_failures_total 1" in (await service.ask("/metrics")).text

    await _move(service, 2)
    assert await _told(service) == {113}
    assert (await service.get("/api/health"))["problems"] == []


async def _move(service: RunningService, received: int) -> None:
    service.machine.move("eth0", received)
    service.pass_time()
    assert (await service.ask("/api/commit", "POST")).json == {"committed": True}


async def _told(service: RunningService) -> set[int]:
    """What /metrics, REST and the ledger say of eth0's received bytes."""
    summary = await service.get("/api/summary")
    with contextlib.closing(sqlite3.connect(service.ledger.path)) as connection:
        booked = connection.execute("SELECT sum(receive_bytes) FROM usage_by_day WHERE device = 'eth0'").fetchone()[0]
    return {await shown_by_metrics(service), summary["bytes_received"], booked}


async def shown_by_metrics(service: RunningService) -> int:
    """The counter of eth0's received bytes."""
    found = re.search(
        r"netledger_interface_receive_bytes_total\{.*eth0.*\} (\S+)", (await service.ask("/metrics")).text
    )
    assert found is not None
    return int(float(found[1]))
