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
    for licence in {"LICENSE", *licences}:
        assert any(name.endswith(f".dist-info/licenses/{licence}") for name in names), licence


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
    assert {"exporter/__init__.py", "reports/__init__.py", "netledger_client/__init__.py"} <= of_image
    assert of_image == of_repository


def _modules(folder: Path) -> set[str]:
    (path,) = folder.glob("*.whl")
    return {name for name in zipfile.ZipFile(path).namelist() if name.endswith(".py")}
