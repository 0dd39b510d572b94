"""What is installed is what was tested: requirements/ holds an exact version and hashes of everything."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WANTED = {
    "run": PROJECT["project"]["dependencies"],
    "build": PROJECT["build-system"]["requires"],
    **PROJECT["project"]["optional-dependencies"],
}
ENTRY = re.compile(
    r"^([a-z0-9._-]+)==([^ ;]+)( ;[^\\]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)


def _versions(file: Path) -> dict[str, str]:
    return {name: version for name, version, _, _ in ENTRY.findall(file.read_text(encoding="utf-8"))}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


LOCKED = {name: version for file in FILES for name, version in _versions(file).items()}


def test_there_is_a_file_for_every_purpose() -> None:
    assert {file.stem for file in FILES} == WANTED.keys()


@pytest.mark.parametrize("purpose", WANTED)
def test_every_dependency_is_locked_to_a_version_that_it_allows(purpose: str) -> None:
    wanted = [Requirement(text) for text in WANTED[purpose]]

    locked = {found.name: LOCKED.get(_canonical(found.name), "nowhere") for found in wanted}
    assert [name for name, version in locked.items() if version == "nowhere"] == []
    assert [found.name for found in wanted if not found.specifier.contains(locked[found.name])] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_locked_file_holds_exact_versions_and_hashes_and_nothing_else(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)

    assert ENTRY.sub("", "".join(line for line in lines if not line.startswith("#"))) == ""


def test_a_package_has_one_version_in_all_files() -> None:
    pairs = {pair for file in FILES for pair in _versions(file).items()}

    assert len(pairs) == len(LOCKED)
