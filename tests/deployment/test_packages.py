"""What is uploaded: a source distribution that is this repository, and a wheel with every licence."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("exporter", "netledger_client", "reports")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both."""
    pytest.importorskip("hatchling", reason="needs requirements/build.txt")
    folder = tmp_path_factory.mktemp("built")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=ROOT, check=True, capture_output=True
    )
    return folder


def test_the_source_distribution_holds_every_file_of_the_repository(built: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("needs the repository")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode()
    (path,) = built.glob("*.tar.gz")

    with tarfile.open(path) as archive:
        held = {member.name.split("/", 1)[1] for member in archive if member.isfile()}

    # A file that is deleted and not committed yet is listed still.
    assert {name for name in listed.split("\0") if (ROOT / name).is_file()} - held == set()


def test_the_wheel_names_every_licence(built: Path) -> None:
    (path,) = built.glob("*.whl")

    names = zipfile.ZipFile(path).namelist()

    licences = {name for name in names if name.endswith("LICENSE") and ".dist-info/" not in name}
    assert licences
    for licence in {"LICENSE", *(name.removeprefix("netledger/") for name in licences)}:
        assert any(name.endswith(f".dist-info/licenses/{licence}") for name in names), licence


@pytest.mark.parametrize("call", [["-m", "netledger"], ["-c", "import netledger; netledger.main()"]])
def test_a_wheel_runs_beside_distributions_whose_packages_have_the_names_of_ours(
    call: list[str], built: Path, tmp_path: Path
) -> None:
    (wheel,) = built.glob("*.whl")
    shutil.unpack_archive(wheel, tmp_path, "zip")
    for name in PACKAGES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise ImportError('another {name}')", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, *call, "export", "--format", "csv"],
        env={"PYTHONPATH": str(tmp_path), "NETLEDGER_LEDGER_PATH": str(tmp_path / "none.db")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert "none.db" in done.stderr


def test_nothing_of_the_wheel_stands_outside_its_folder(built: Path) -> None:
    (wheel,) = built.glob("*.whl")

    assert {name.split("/")[0].split("-")[0] for name in zipfile.ZipFile(wheel).namelist()} == {"netledger"}


def test_a_wheel_that_is_built_of_what_the_image_copies_is_whole(built: Path, tmp_path: Path) -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split() if line.startswith("!")]
    for name in kept:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name)
        else:
            shutil.copyfile(ROOT / name, tmp_path / name)

    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )

    of_image, of_repository = (_modules(folder) for folder in (tmp_path / "dist", built))
    assert {f"netledger/{name}/__init__.py" for name in PACKAGES} | {"netledger/__init__.py"} <= of_image
    assert of_image == of_repository


def _modules(folder: Path) -> set[str]:
    (path,) = folder.glob("*.whl")
    return {name for name in zipfile.ZipFile(path).namelist() if name.endswith(".py")}
