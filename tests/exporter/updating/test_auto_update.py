"""A service that looks for a newer netledger by itself, of an index on loopback."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.exporter.updating.conftest import NEW, OLD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.worlds.installed_netledger import InstalledNetledger
    from tests.worlds.release_index import ReleaseIndex

SECONDS = 60


def _wait(condition: Callable[[], object]) -> None:
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.1)


def test_off_asks_no_index(installed: InstalledNetledger, index: ReleaseIndex) -> None:
    installed.supervise()
    installed.wait_for_service()
    time.sleep(0.5)

    assert index.asked == []


def test_check_says_in_status_that_there_is_one(installed: InstalledNetledger) -> None:
    installed.configure(auto_update="check")
    installed.supervise()
    installed.wait_for_service()
    _wait(lambda: "update" in installed.netledger("status", "--json").document)

    done = installed.netledger("status")

    assert re.search(r"^Update +0\.2\.0 is there: `netledger update`$", done.stdout, re.MULTILINE)
    assert installed.version() == installed.running_version() == OLD


def test_an_index_that_rests_is_a_line_of_the_log(installed: InstalledNetledger, index: ReleaseIndex) -> None:
    index.refused = {"/simple/netledger/"}
    installed.configure(auto_update="check")
    installed.supervise()
    log = installed.folder / "service.log"

    _wait(lambda: "does not say whether there is an update" in log.read_text(encoding="utf-8"))

    assert "answers 503" in log.read_text(encoding="utf-8")
    assert installed.running_version() == OLD


@contextlib.contextmanager
def _updater_ended(installed: InstalledNetledger) -> Iterator[None]:
    """The updater watches the service for a minute; no test waits for that."""
    try:
        yield
    finally:
        installed.close()  # the service would finish what is interrupted, by another one
        for pid in _updaters(installed):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        installed.close()  # an updater may have restarted it in between


def _updaters(installed: InstalledNetledger) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (folder / "cmdline").read_text(encoding="utf-8", errors="replace")
            if line.startswith(f"{installed.python}\0") and line.rstrip("\0").endswith("\0update"):
                found.append(int(folder.name))
    return found


def test_apply_installs_by_a_process_that_outlives_the_restart(installed: InstalledNetledger) -> None:
    installed.configure(auto_update="apply")
    installed.supervise()
    installed.wait_for_service()

    with _updater_ended(installed):
        _wait(lambda: installed.running_version() == NEW)
        updaters = _updaters(installed)

    assert len(updaters) == 1
    assert installed.service_pid() not in updaters
    assert "pip install --disable-pip-version-check netledger==0.2.0" in installed.update_log.read_text(
        encoding="utf-8"
    )
    assert installed.netledger("ledger", "verify").code == 0
