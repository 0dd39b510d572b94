"""Which release is chosen: the newest that is no pre-release, not yanked, and for this Python."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from exporter.updating.index.choice import exactly, newest
from exporter.updating.index.pages import ReleaseFile


def _file(
    version: str, requires_python: str = ">=3.11", yanked: str | None = None, tag: str = "py3-none-any"
) -> ReleaseFile:
    return ReleaseFile(f"netledger-{version}-{tag}.whl", "https://x", "", requires_python, yanked)


@pytest.mark.parametrize(
    ("files", "installed", "chosen"),
    [
        ([_file("0.9"), _file("0.10"), _file("0.2")], "0.1", "0.10"),
        ([_file("1.0"), _file("2.0rc1")], "0.1", "1.0"),
        ([_file("1.0"), _file("2.0rc1")], "2.0b1", "2.0rc1"),
        ([_file("1.0"), _file("2.0.dev3")], "1.0", "1.0"),
        ([_file("1.0"), _file("1.1", yanked="")], "0.1", "1.0"),
        ([_file("1.0"), _file("2.0", ">=3.13")], "0.1", "1.0"),
        ([_file("1.0"), _file("2.0", "three")], "0.1", "1.0"),
        ([_file("1.0"), _file("2.0", tag="cp39-cp39-win32")], "0.1", "1.0"),
        ([_file("1.0"), ReleaseFile("netledger-2.0.tar.gz", "https://x")], "0.1", "1.0"),
        ([_file("1.0"), ReleaseFile("other-2.0-py3-none-any.whl", "https://x")], "0.1", "1.0"),
        ([_file("1.0"), ReleaseFile("netledger.whl", "https://x")], "0.1", "1.0"),
        ([_file("1.0"), _file("1.0.post1")], "1.0", "1.0.post1"),
        ([_file("1.0", yanked="gone")], "0.1", None),
    ],
)
def test_the_newest_release_for_this_python_is_chosen(
    files: list[ReleaseFile], installed: str, chosen: str | None
) -> None:
    found = newest(files, Version(installed), "3.11.7")

    assert (None if found is None else str(found.version)) == chosen


def test_a_version_that_is_asked_for_may_be_yanked_or_a_pre_release() -> None:
    files = [_file("1.0", yanked="gone"), _file("2.0rc1"), _file("3.0")]

    found = [exactly(files, Version(version), "3.11.7") for version in ("1.0.0", "2.0rc1", "4.0")]

    assert [release and str(release.version) for release in found] == ["1.0", "2.0rc1", None]


@given(st.lists(st.tuples(*[st.integers(0, 99)] * 3), min_size=1, unique=True))
def test_no_release_is_newer_than_the_chosen_one(versions: list[tuple[int, int, int]]) -> None:
    found = newest([_file(".".join(map(str, version))) for version in versions], Version("0"), "3.11.7")

    assert found is not None
    assert found.version.release == max(versions)
