"""Asking indexes over HTTP and in folders: what they offer, and files that are proved."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from exporter.updating.index.asking import offered, verified, without_password
from exporter.updating.index.configuration import Indexes
from exporter.updating.index.pages import ReleaseIndexError
from tests.worlds.release_index import Offer, serving

if TYPE_CHECKING:
    from pathlib import Path

NAME = "netledger-1.0-py3-none-any.whl"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / NAME
    path.write_bytes(b"a wheel")
    return path


@pytest.mark.parametrize("is_json", [True, False])
def test_a_file_of_an_index_is_fetched_and_proved(wheel: Path, *, is_json: bool) -> None:
    with serving() as index:
        index.offers, index.is_json = [Offer(wheel)], is_json
        indexes = Indexes((index.url,))
        (file,) = offered(indexes)

        assert (file.name, verified(file, indexes)) == (NAME, b"a wheel")


def test_a_folder_is_an_index_too(wheel: Path, tmp_path: Path) -> None:
    page = tmp_path / "simple" / "netledger" / "index.html"
    page.parent.mkdir(parents=True)
    digest = hashlib.sha256(b"a wheel").hexdigest()
    page.write_text(f'<a href="../../{NAME}#sha256={digest}">{NAME}</a>', encoding="utf-8")
    indexes = Indexes(((tmp_path / "simple").as_uri(),))

    (file,) = offered(indexes)

    assert (file.url, verified(file, indexes)) == (wheel.as_uri(), b"a wheel")


def test_pip_takes_all_indexes_and_uv_the_first_that_has_it(wheel: Path) -> None:
    with serving() as first, serving() as second, serving() as empty:
        first.offers, second.offers = [Offer(wheel)], [Offer(wheel)]
        urls = (f"{empty.url}/elsewhere", first.url, second.url)

        of_pip, of_uv = offered(Indexes(urls)), offered(Indexes(urls, is_first_enough=True))

    assert (len(of_pip), len(of_uv)) == (2, 1)


def test_an_index_without_netledger_says_so() -> None:
    with serving() as index, pytest.raises(ReleaseIndexError, match=r"127\.0\.0\.1:\d+/other has no netledger"):
        offered(Indexes((f"{index.url.removesuffix('/simple')}/other",)))


def test_a_password_goes_to_the_index_and_into_no_message(wheel: Path) -> None:
    with serving() as index:
        index.offers, index.password = [Offer(wheel)], "user:secret"
        own = index.url.replace("://", "://user:secret@")
        (file,) = offered(Indexes((own,)))
        body = verified(file, Indexes((own,)))
        with pytest.raises(ReleaseIndexError, match="answers 401") as caught:
            offered(Indexes((own.replace("secret", "wrong-one"),)))

    assert body == b"a wheel"
    assert "wrong-one" not in str(caught.value)
    assert without_password(own) == index.url


@pytest.mark.parametrize(
    ("offer", "reason"), [({"sha256": "0" * 64}, "is not what the index says"), ({"sha256": " "}, "names no SHA-256")]
)
def test_what_is_not_proved_is_not_taken(wheel: Path, offer: dict[str, str], reason: str) -> None:
    with serving() as index:
        index.offers = [Offer(wheel, **offer)]
        indexes = Indexes((index.url,))
        (file,) = offered(indexes)

        with pytest.raises(ReleaseIndexError, match=reason):
            verified(file._replace(sha256=file.sha256.strip()), indexes)


@pytest.mark.parametrize("url", ["ftp://x/simple", "https://127.0.0.1:1/simple", "simple"])
def test_an_index_that_cannot_be_read_is_named(url: str) -> None:
    with pytest.raises(ReleaseIndexError, match=url.removesuffix("/simple")):
        offered(Indexes((url,)))
