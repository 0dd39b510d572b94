"""The power is lost in the middle of an update: the ledger is whole, and the next call finishes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.worlds.release_index import Offer

if TYPE_CHECKING:
    from tests.exporter.updating.conftest import Wheels
    from tests.worlds.installed_netledger import InstalledNetledger
    from tests.worlds.release_index import ReleaseIndex


@pytest.mark.parametrize("last_step", [1, 2, 3, 4, 5])
def test_a_power_cut_leaves_a_whole_ledger_and_an_update_that_is_finished(
    last_step: int, installed: InstalledNetledger
) -> None:
    installed.supervise()
    installed.wait_for_service()

    cut = installed.update(last_step=last_step)

    assert cut.code == -9
    assert installed.version() == ("0.1.0" if last_step == 1 else "0.2.0")
    assert installed.netledger("ledger", "verify").code == 0
    found = [finding["text"] for finding in installed.netledger("doctor", "--json").document["findings"]]
    assert any("was interrupted" in text for text in found) == (last_step < 5)
    finished = installed.update()
    assert finished.code == 0, finished
    assert installed.version() == installed.running_version() == "0.2.0"
    assert installed.netledger("ledger", "verify").code == 0
    assert not installed.journal.exists()


@pytest.mark.parametrize("last_step", [5, 6, 7])
def test_a_power_cut_on_the_way_back_is_finished(
    last_step: int, installed: InstalledNetledger, index: ReleaseIndex, wheels: Wheels
) -> None:
    index.offers = [Offer(wheels.old), Offer(wheels.sick)]
    installed.supervise()
    installed.wait_for_service()

    cut = installed.update(last_step=last_step)
    finished = installed.update()

    assert (cut.code, finished.code) == (-9, 1)
    assert "was interrupted while 0.1.0 was installed again" in finished.stdout
    assert finished.stdout.splitlines()[-1].startswith("went back to netledger 0.1.0")
    assert installed.version() == installed.running_version() == "0.1.0"
    assert installed.netledger("ledger", "verify").code == 0


def test_a_release_that_brought_the_service_down_before_a_power_cut_is_taken_back(
    installed: InstalledNetledger, index: ReleaseIndex, wheels: Wheels
) -> None:
    index.offers = [Offer(wheels.old), Offer(wheels.sick)]
    installed.supervise()
    installed.wait_for_service()

    installed.update(last_step=4)
    installed.close()
    finished = installed.update()

    assert finished.code == 1, finished
    assert installed.version() == installed.running_version() == "0.1.0"


def test_a_power_cut_while_the_tool_copies_files_is_mended_by_the_documented_line(
    installed: InstalledNetledger,
) -> None:
    installed.supervise()
    installed.wait_for_service()
    line = "-m pip install --ignore-installed --no-deps netledger==0.2.0"

    installed.cut_while_copying()
    mended = installed.run(str(installed.python), *line.split())
    finished = installed.update()

    assert (mended.code, finished.code) == (0, 0), (mended, finished)
    assert installed.version() == installed.running_version() == "0.2.0"
    assert installed.netledger("ledger", "verify").code == 0
    assert not installed.journal.exists()
