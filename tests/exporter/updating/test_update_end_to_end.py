"""`netledger update` of a netledger that pip installed, from an index on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.worlds.release_index import Offer

if TYPE_CHECKING:
    from tests.exporter.updating.conftest import Wheels
    from tests.worlds.installed_netledger import InstalledNetledger
    from tests.worlds.release_index import ReleaseIndex


@pytest.mark.parametrize("is_json", [True, False], ids=["json", "html"])
def test_a_check_says_that_there_is_an_update_and_changes_nothing(
    installed: InstalledNetledger, index: ReleaseIndex, wheels: Wheels, *, is_json: bool
) -> None:
    index.is_json = is_json
    before = sorted(installed.folder.iterdir())

    done = installed.update("--check-only", "--json")

    assert done.code == 100, done.stderr
    assert {name: done.document[name] for name in ("status", "way", "installed", "version", "sha256")} == {
        "status": "available",
        "way": "pip",
        "installed": "0.1.0",
        "version": "0.2.0",
        "sha256": Offer(wheels.new).digest,
    }
    assert done.document["command"].endswith("-m pip install --disable-pip-version-check netledger==0.2.0")
    assert sorted(installed.folder.iterdir()) == before
    assert installed.version() == "0.1.0"


def test_the_newest_version_is_up_to_date(installed: InstalledNetledger, index: ReleaseIndex) -> None:
    index.offers = index.offers[:1]

    done = installed.update("--check-only")

    assert (done.code, done.stdout) == (0, "netledger 0.1.0 is up to date\n")


def test_an_update_without_a_service_is_installed(installed: InstalledNetledger) -> None:
    done = installed.update()

    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "netledger 0.2.0 is installed"
    assert installed.version() == "0.2.0"
