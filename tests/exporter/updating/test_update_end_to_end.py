"""`netledger update` of a netledger that pip installed, from an index on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.updating.journal import one_update
from exporter.updating.updater import schema_of
from reports.ledger.shape import SCHEMA_VERSION
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


def test_an_update_restarts_the_service_after_a_copy_of_the_ledger(installed: InstalledNetledger) -> None:
    installed.supervise()
    installed.wait_for_service()

    done = installed.update("--json")

    assert (done.code, done.document["text"]) == (0, "netledger 0.2.0 runs"), done.stderr
    assert installed.running_version() == "0.2.0"
    assert (installed.ledger.parent / "backups" / "ledger-before-0.2.0.db").is_file()
    assert not installed.journal.exists()


@pytest.mark.parametrize("name", ["sick", "dead"])
def test_a_release_that_does_not_work_is_taken_back(
    name: str, installed: InstalledNetledger, index: ReleaseIndex, wheels: Wheels
) -> None:
    broken = wheels._asdict()[name]
    index.offers = [Offer(wheels.old), Offer(broken)]
    installed.supervise()
    installed.wait_for_service()

    done = installed.update("--json")

    version = broken.name.split("-")[1]
    assert (done.code, done.document["status"]) == (1, "returned"), done.stderr
    assert f"{version} does not work" in done.stderr
    assert installed.version() == installed.running_version() == "0.1.0"
    again = installed.update("--check-only")
    assert again.code == 100
    assert f"netledger {version} is there" in again.stdout
    assert "the last time it did not work" in again.stdout


def test_force_installs_the_same_version_again_and_a_version_goes_back(installed: InstalledNetledger) -> None:
    page = installed.site / "netledger" / "exporter" / "py.typed"
    page.unlink()

    forced = installed.update("--force", "--version", "0.1.0")
    mended = page.exists()
    newer = installed.update()
    older = installed.update("--version", "0.1.0")

    assert (forced.code, mended, newer.code, older.code) == (0, True, 0, 0), (forced, newer, older)
    assert installed.version() == "0.1.0"
    assert installed.update("--version", "0.1.0").stdout == (
        "netledger 0.1.0 is installed already; --force installs it again\n"
    )


def test_a_file_that_is_not_what_the_index_says_is_not_installed(
    installed: InstalledNetledger, index: ReleaseIndex, wheels: Wheels
) -> None:
    index.offers[1] = Offer(wheels.new, sha256="0" * 64)

    done = installed.update()

    assert (done.code, installed.version()) == (1, "0.1.0")
    assert "is not what the index says" in done.stderr
    assert not installed.journal.exists()


def test_an_index_that_rests_changes_nothing(installed: InstalledNetledger, index: ReleaseIndex) -> None:
    index.refused = {"/simple/netledger/"}

    done = installed.update()

    assert (done.code, installed.version()) == (1, "0.1.0")
    assert "answers 503" in done.stderr


def test_a_ledger_that_a_failing_release_has_changed_is_given_back(
    installed: InstalledNetledger, index: ReleaseIndex, wheels: Wheels
) -> None:
    index.offers = [Offer(wheels.old), Offer(wheels.grown)]
    installed.supervise()
    installed.wait_for_service()

    done = installed.update()

    assert done.code == 1, done
    assert "puts the copy in the place of the ledger, whose tables 0.5.0 has changed" in done.stdout
    assert schema_of(installed.ledger) == SCHEMA_VERSION
    assert schema_of(installed.ledger.with_name("ledger.db.of-0.5.0")) == SCHEMA_VERSION + 1
    assert installed.version() == installed.running_version() == "0.1.0"
    assert installed.netledger("ledger", "verify").code == 0


def test_a_tool_that_fails_changes_nothing(installed: InstalledNetledger) -> None:
    constraint = installed.folder / "constraint.txt"
    constraint.write_text("netledger<0.2\n", encoding="utf-8")
    installed.more_environ["PIP_CONSTRAINT"] = str(constraint)

    done = installed.update()

    assert (done.code, installed.version()) == (1, "0.1.0")
    assert "0.1.0 is still there" in done.stderr
    assert not installed.journal.exists()


def test_two_updates_at_once_are_one(installed: InstalledNetledger) -> None:
    installed.ledger.parent.mkdir(exist_ok=True)
    with one_update(installed.ledger):
        done = installed.update()

    assert (done.code, done.stderr) == (1, "Error: another update is under way\n")
    assert installed.version() == "0.1.0"


def test_a_folder_that_cannot_be_made_is_said(installed: InstalledNetledger) -> None:
    installed.configure(ledger={"path": str(installed.config / "below" / "ledger.db")})

    done = installed.update()

    assert done.code == 1
    assert done.stderr.startswith("Error: cannot make ")
