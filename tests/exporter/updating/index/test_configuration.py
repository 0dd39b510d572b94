"""Which indexes are asked: those of pip's configuration, or of uv's."""

from __future__ import annotations

import tomllib

import pytest

from exporter.updating.index.configuration import DEFAULT_INDEX, Indexes, indexes_of_pip, indexes_of_uv
from exporter.updating.index.pages import ReleaseIndexError


@pytest.mark.parametrize(
    ("config", "indexes"),
    [
        ("", Indexes((DEFAULT_INDEX,))),
        ("global.index-url='https://a/simple'\n", Indexes(("https://a/simple",))),
        ("global.index-url='https://a'\ninstall.index-url='https://b'\n", Indexes(("https://b",))),
        ("install.index-url='https://b'\n:env:.index-url='https://c'\nglobal.timeout='3'\n", Indexes(("https://c",))),
        ("download.index-url='https://d'\n", Indexes((DEFAULT_INDEX,))),
        (
            "global.extra-index-url='https://a\\nhttps://b'\nglobal.cert='/etc/ca.pem'\n",
            Indexes((DEFAULT_INDEX, "https://a", "https://b"), certificate="/etc/ca.pem"),
        ),
        ("global.index-url='https://u:p=w@a/simple'\n", Indexes(("https://u:p=w@a/simple",))),
        ("global.no-index='false'\n", Indexes((DEFAULT_INDEX,))),
    ],
)
def test_the_indexes_of_pip_are_those_of_pip_config_list(config: str, indexes: Indexes) -> None:
    assert indexes_of_pip(config) == indexes


def test_a_pip_that_may_ask_no_index_has_no_update() -> None:
    with pytest.raises(ReleaseIndexError, match="no-index"):
        indexes_of_pip("global.no-index='true'\n")


@pytest.mark.parametrize(
    ("environ", "file", "urls"),
    [
        ({}, "", (DEFAULT_INDEX,)),
        ({"UV_DEFAULT_INDEX": "https://a"}, 'index-url = "https://b"', ("https://a",)),
        ({"UV_INDEX_URL": "https://a"}, "", ("https://a",)),
        ({"UV_INDEX": "own=https://o https://p"}, "", ("https://o", "https://p", DEFAULT_INDEX)),
        ({}, 'index-url = "https://b"\nextra-index-url = ["https://c"]', ("https://c", "https://b")),
        (
            {"UV_EXTRA_INDEX_URL": "https://e"},
            '[[index]]\nname = "own"\nurl = "https://o"\n[[index]]\nurl = "https://d"\ndefault = true',
            ("https://e", "https://o", "https://d"),
        ),
    ],
)
def test_the_indexes_of_uv_are_those_of_its_variables_and_files(
    environ: dict[str, str], file: str, urls: tuple[str, ...]
) -> None:
    assert indexes_of_uv(environ, [tomllib.loads(file)]) == Indexes(urls, is_first_enough=True)
