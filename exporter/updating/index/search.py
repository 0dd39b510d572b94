"""The search for an update: how netledger was installed, which index is asked, and what it offers."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

import exporter
from exporter.updating.index.asking import offered, without_password
from exporter.updating.index.choice import Release, exactly, newest
from exporter.updating.index.configuration import read_indexes
from exporter.updating.index.pages import ReleaseIndexError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.updating.index.configuration import Indexes
    from exporter.updating.ways import Way


class Found(NamedTuple):
    """The release that an index offers, the version that is installed, and the indexes that were asked."""

    installed: Version
    release: Release
    indexes: Indexes

    @property
    def is_newer(self) -> bool:
        """Whether it is an update."""
        return self.release.version > self.installed

    @property
    def is_final(self) -> bool:
        """Whether a tool takes it without being told its version: no pre-release."""
        return not self.release.version.is_prerelease


def find_release(way: Way, environ: Mapping[str, str], version: Version | None = None) -> Found:
    """What the index of this way offers: the newest, or this very version; raises ReleaseIndexError."""
    installed, python = Version(exporter.__version__), platform.python_version()
    indexes = read_indexes(way, environ)
    files = offered(indexes)
    release = newest(files, installed, python) if version is None else exactly(files, version, python)
    if release is None:
        places = " and ".join(map(without_password, indexes.urls))
        raise ReleaseIndexError(f"{places} has no netledger {version or ''}".rstrip() + f" for Python {python}")
    return Found(installed, release, indexes)
