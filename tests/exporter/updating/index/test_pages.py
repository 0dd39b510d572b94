"""Pages of indexes: JSON and HTML mean the same, and what is neither is refused."""

from __future__ import annotations

import json

import pytest

from exporter.updating.index.pages import JSON_TYPE, ReleaseFile, ReleaseIndexError, files_of

PAGE = "https://index.example/simple/netledger/"
FILES = [
    ReleaseFile("netledger-1.0-py3-none-any.whl", "https://files.example/a/netledger-1.0-py3-none-any.whl", "ab" * 32),
    ReleaseFile(
        "netledger-1.1-py3-none-any.whl",
        "https://index.example/files/netledger-1.1-py3-none-any.whl",
        "",
        ">=3.12",
        "it loses a byte",
    ),
    ReleaseFile("netledger-1.2.tar.gz", "https://index.example/files/netledger-1.2.tar.gz", yanked=""),
]
JSON = {
    "meta": {"api-version": "1.3", "unknown": {}},
    "name": "netledger",
    "versions": ["1.0", "1.1", "1.2"],
    "files": [
        {"filename": FILES[0].name, "url": FILES[0].url, "hashes": {"sha256": "AB" * 32}, "size": 3},
        {
            "filename": FILES[1].name,
            "url": "../../files/" + FILES[1].name,
            "hashes": {"md5": "0"},
            "requires-python": ">=3.12",
            "yanked": "it loses a byte",
        },
        {"filename": FILES[2].name, "url": "/files/" + FILES[2].name, "requires-python": None, "yanked": True},
    ],
}
HTML = f"""<!DOCTYPE html><html><head><base href="/files/"><title>Links</title></head><body>
<a href="{FILES[0].url}#sha256={"AB" * 32}">one</a>
<a href="{FILES[1].name}#md5=0" data-requires-python="&gt;=3.12" data-yanked="it loses a byte">two</a>
<A HREF="{FILES[2].name}" data-yanked>three</A><a name="nowhere">
"""


def test_json_is_read_as_pep_691_has_it() -> None:
    assert files_of(json.dumps(JSON).encode(), JSON_TYPE, PAGE) == FILES


def test_html_is_read_as_pep_503_has_it() -> None:
    assert files_of(HTML.encode(), "text/html; charset=utf-8", PAGE) == FILES


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b"{}", JSON_TYPE, "missing required field `files`"),
        (b'{"files": [{"filename": 3}]}', JSON_TYPE, "filename"),
        (b"\xff", JSON_TYPE, "https://index.example"),
        (b"%PDF", "application/pdf", "answers application/pdf"),
        (b"", "", "answers without a type"),
    ],
)
def test_what_is_neither_is_refused_with_the_reason(body: bytes, kind: str, reason: str) -> None:
    with pytest.raises(ReleaseIndexError, match=reason):
        files_of(body, kind, PAGE)
