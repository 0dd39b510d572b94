"""The release to install, of all that an index offers: pure, by the rules of `packaging`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from exporter.updating.ways import NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.version import Version

    from exporter.updating.index.pages import ReleaseFile


class Release(NamedTuple):
    """A version, and its wheel for this Python."""

    version: Version
    file: ReleaseFile


def newest(files: Iterable[ReleaseFile], installed: Version, python: str) -> Release | None:
    """The newest release that this Python runs; None without one.

    Yanked ones are left out, and pre-releases, unless one is installed.
    """
    found = [
        release
        for release in _releases(files, python)
        if release.file.yanked is None and (installed.is_prerelease or not release.version.is_prerelease)
    ]
    return max(found, key=lambda release: release.version, default=None)


def exactly(files: Iterable[ReleaseFile], version: Version, python: str) -> Release | None:
    """This very version, older, yanked or not; None where the index has no wheel of it for this Python."""
    return next((release for release in _releases(files, python) if release.version == version), None)


def _releases(files: Iterable[ReleaseFile], python: str) -> Iterator[Release]:
    supported = frozenset(sys_tags())
    for file in files:
        try:
            name, version, _, tags = parse_wheel_filename(file.name)
            is_for_python = SpecifierSet(file.requires_python).contains(python, prereleases=True)
        except (InvalidWheelFilename, InvalidSpecifier):
            continue  # a source archive, or a name that no tool takes either
        if name == NAME and is_for_python and not supported.isdisjoint(tags):
            yield Release(version, file)
