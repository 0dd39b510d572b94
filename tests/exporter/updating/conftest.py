"""Built releases, an index that offers them, and netledger as pip installs it."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from reports.ledger.shape import SCHEMA_VERSION
from tests.worlds.installed_netledger import InstalledNetledger
from tests.worlds.release_index import Offer, build_wheel, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.worlds.release_index import ReleaseIndex

OLD, NEW, SICK, DEAD, GROWN = "0.1.0", "0.2.0", "0.3.0", "0.4.0", "0.5.0"


class Wheels(NamedTuple):
    """A release that works and the next one; one that answers /-/healthy by 500; one that cannot be imported.

    The last changes the ledger's tables, and answers /-/healthy by 500.
    """

    old: Path
    new: Path
    sick: Path
    dead: Path
    grown: Path


def _sicken(source: Path) -> None:
    file = source / "exporter" / "web" / "api" / "prometheus.py"
    text = file.read_text(encoding="utf-8")
    assert '(text="netledger is healthy' in text
    file.write_text(text.replace('(text="netledger is healthy', '(status=500, text="netledger is'), encoding="utf-8")


def _kill(source: Path) -> None:
    (source / "exporter" / "cli" / "root.py").write_text("raise ImportError('half a release')\n", encoding="utf-8")


def _grow(source: Path) -> None:
    _sicken(source)
    migrations, shape = source / "exporter" / "ledger" / "migrations", source / "reports" / "ledger" / "shape.py"
    (migrations / "version_next.py").write_text(
        "def apply(connection):\n    connection.execute('CREATE TABLE novelty (id INTEGER PRIMARY KEY)')\n",
        encoding="utf-8",
    )
    listed = (migrations / "__init__.py").read_text(encoding="utf-8")
    (migrations / "__init__.py").write_text(
        listed.replace("MIGRATIONS = {", f"MIGRATIONS = {{{SCHEMA_VERSION + 1}: 'version_next', "), encoding="utf-8"
    )
    text = shape.read_text(encoding="utf-8")
    shape.write_text(
        text.replace(f"SCHEMA_VERSION = {SCHEMA_VERSION}", f"SCHEMA_VERSION = {SCHEMA_VERSION + 1}"), encoding="utf-8"
    )


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Wheels:
    """Five releases, built once."""
    pytest.importorskip("hatchling", reason="needs requirements/build.txt")
    folder = tmp_path_factory.mktemp("releases")
    return Wheels(
        build_wheel(folder, OLD),
        build_wheel(folder, NEW),
        build_wheel(folder, SICK, _sicken),
        build_wheel(folder, DEAD, _kill),
        build_wheel(folder, GROWN, _grow),
    )


@pytest.fixture
def index(wheels: Wheels) -> Iterator[ReleaseIndex]:
    """An index that offers the old release and the new one."""
    with serving() as made:
        made.offers = [Offer(wheels.old), Offer(wheels.new)]
        yield made


@pytest.fixture(scope="session")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is installed for the tests, without netledger itself."""
    folder = tmp_path_factory.mktemp("dependencies")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("netledger", "_editable")) and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)
    return folder


@pytest.fixture
def installed(tmp_path: Path, index: ReleaseIndex, dependencies: Path, wheels: Wheels) -> Iterator[InstalledNetledger]:
    """The old release, installed by pip."""
    made = InstalledNetledger(tmp_path, index, dependencies)
    made.install(wheels.old)
    yield made
    made.close()
