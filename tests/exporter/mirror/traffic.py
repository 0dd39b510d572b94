"""A ledger that is written all the time, as a busy service does it, and its mirror's watch beside it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from exporter.ledger.files import connect_to_read
from exporter.ledger.schema import migrate
from exporter.ledger.writing.writer import Writer
from exporter.meters.registry import new_stores
from exporter.mirror.address import parse_address
from exporter.mirror.building import build_watch
from exporter.mirror.connecting import connect
from exporter.mirror.settings import Mirror
from exporter.mirror.verifying import Verified, verify
from reports.ledger.host import Host
from reports.ledger.shape import APPLICATION, INTERFACE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exporter.mirror.health import MirrorHealth
    from exporter.mirror.watch import MirrorWatch

SECONDS = 40
"""A test fails that waits for longer."""

INTERVAL, POSTINGS_A_SECOND = 0.2, 40
SLOT, DAY = 900, 86_400
LEDGER_ID = "0123456789abcdef0123456789abcdef"


class BusyLedger:
    """Posts until `rest`; the product's own writer and watch, whose rounds follow each other quickly."""

    def __init__(self, path: Path, url: str, *, interval: float = INTERVAL) -> None:
        """`url` is the mirror's."""
        self.path, self.url = path, url
        migrate(path)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as ledger:
            _make_subjects(ledger)
        self._executor = ThreadPoolExecutor(1)
        self._writer = Writer(path, ZoneInfo("UTC"), new_stores())
        self._has_ended, self._number = threading.Event(), 0
        self._thread = threading.Thread(target=self._post_on)
        mirror = Mirror(url=url, interval=interval)
        host = Host("busy", LEDGER_ID, "Linux", "1")
        self.watch: MirrorWatch = build_watch(url, mirror, path, self._writer, self._executor, host)

    def start(self) -> None:
        """Begin to post, and to mirror."""
        self._thread.start()
        self.watch.start()

    @property
    def health(self) -> MirrorHealth:
        """What the watch says."""
        return self.watch.health

    def wait_for(self, condition: Callable[[MirrorHealth], bool]) -> MirrorHealth:
        """Until the health is so; returns it."""
        ends = time.monotonic() + SECONDS
        while not condition(self.health):
            assert time.monotonic() < ends, self.health
            time.sleep(0.01)
        return self.health

    def rest(self) -> None:
        """Post no more, and wait for a round after the last posting."""
        self._has_ended.set()
        self._thread.join()
        for _ in range(2):  # the first may have begun before
            self._wait_for_a_round()

    def post_history(self, days: int) -> None:
        """Post as many old days of quarter hours: they need room in the mirror."""
        self._executor.submit(self._writer.in_transaction, lambda: self._write_history(days), touches=0).result()

    def verified(self, url: str | None = None) -> Verified:
        """The mirror held against the ledger."""

        async def compare() -> Verified | None:
            connection = await connect(parse_address(url or self.url))
            try:
                with contextlib.closing(connect_to_read(self.path)) as ledger:
                    return await verify(connection, ledger, "netledger", machine_id="")
            finally:
                await connection.close(timeout=5)

        found = asyncio.run(compare())
        assert found is not None
        return found

    def close(self) -> None:
        """End everything."""
        self._has_ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self.watch.close()
        self._executor.submit(self._writer.close).result()
        self._executor.shutdown()

    def _wait_for_a_round(self) -> None:
        last = self.health.last_success
        self.wait_for(lambda health: health.is_up and health.last_success > last)

    def _post_on(self) -> None:
        while not self._has_ended.wait(1 / POSTINGS_A_SECOND):
            self._number += 1
            self._post()

    def _post(self) -> None:
        slot = int(time.time()) // SLOT * SLOT - self._number % 7 * SLOT
        self._executor.submit(self._writer.in_transaction, lambda: self._write(slot), touches=slot).result()

    def _write_history(self, days: int) -> None:
        ledger = self._writer.connection
        ledger.execute("UPDATE meter SET posting = posting + 1")
        (first,) = ledger.execute("SELECT min(slot) FROM application_slot").fetchone()
        for number in range(1, days * 96):
            ledger.execute(
                "INSERT INTO application_slot (slot, subject, receive_bytes, posting) "
                "SELECT ?, 2, 1, max(posting) FROM meter",
                (first - number * SLOT,),
            )

    def _write(self, slot: int) -> None:
        ledger = self._writer.connection
        ledger.execute("UPDATE meter SET posting = posting + 1, wall = ?", (time.time_ns(),))
        for spec, subject in ((INTERFACE, 1), (APPLICATION, 2 + self._number % 5)):
            for grain, at in (("slot", slot), ("day", slot // DAY)):
                ledger.execute(
                    f"INSERT INTO {spec.table(grain)} ({grain}, subject, receive_bytes, posting) "  # noqa: S608 - names of the spec
                    "SELECT ?, ?, 1, max(posting) FROM meter WHERE true "
                    f"ON CONFLICT ({grain}, subject) DO UPDATE SET receive_bytes = receive_bytes + 1, "
                    "posting = excluded.posting",
                    (at, subject),
                )


def _make_subjects(ledger: sqlite3.Connection) -> None:
    ledger.execute("INSERT INTO state (name, value) VALUES ('ledger_id', ?)", (LEDGER_ID,))
    ledger.execute("INSERT INTO meter (name, posting, boot_id, wall, elapsed) VALUES ('interface', 0, '', 0, 0)")
    ledger.execute("INSERT INTO subject (meter, key, first_seen, last_seen) VALUES ('interface', 'eth0', 0, 0)")
    ledger.execute("INSERT INTO interface_subject (subject, device, counted) VALUES (1, 'eth0', 1)")
    for number in range(2, 7):
        ledger.execute(
            "INSERT INTO subject (meter, key, first_seen, last_seen) VALUES ('application', ?, 0, 0)", (str(number),)
        )
        ledger.execute("INSERT INTO application_subject VALUES (?, ?, 'internet', 'tcp')", (number, f"app{number}"))
