"""A project's page of a package index: JSON as PEP 691 has it, or HTML as PEP 503; pure."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import msgspec

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPES = ("application/vnd.pypi.simple.v1+html", "text/html")
ACCEPT = f"{JSON_TYPE}, {HTML_TYPES[0]};q=0.2, {HTML_TYPES[1]};q=0.01"


class ReleaseIndexError(Exception):
    """An index cannot be read: the text says which, and why."""


class ReleaseFile(NamedTuple):
    """A file that an index offers. `sha256` is empty where it names none; `yanked` is the reason, None without."""

    name: str
    url: str
    sha256: str = ""
    requires_python: str = ""
    yanked: str | None = None


class _File(msgspec.Struct, rename="kebab"):
    filename: str
    url: str
    hashes: dict[str, str] = {}
    requires_python: str | None = None
    yanked: bool | str = False


class _Page(msgspec.Struct):
    files: list[_File]


def files_of(body: bytes, content_type: str, url: str) -> list[ReleaseFile]:
    """The files of a page that came from this address, in its order; raises ReleaseIndexError."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == JSON_TYPE:
        return _from_json(body, url)
    if kind in HTML_TYPES:
        return _from_html(body, url)
    raise ReleaseIndexError(f"{url} answers {kind or 'without a type'}, not {JSON_TYPE} or HTML")


def _from_json(body: bytes, url: str) -> list[ReleaseFile]:
    try:
        page = msgspec.json.decode(body, type=_Page)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReleaseIndexError(f"{url}: {error}") from error
    return [
        ReleaseFile(
            name=file.filename,
            url=urljoin(url, file.url),
            sha256=file.hashes.get("sha256", "").lower(),
            requires_python=file.requires_python or "",
            yanked=_reason(file.yanked),
        )
        for file in page.files
    ]


def _reason(yanked: bool | str) -> str | None:  # noqa: FBT001 - the format's own value
    if isinstance(yanked, str):
        return yanked
    return "" if yanked else None


def _from_html(body: bytes, url: str) -> list[ReleaseFile]:
    links = _Links(url)
    links.feed(body.decode("utf-8", "replace"))
    links.close()
    return links.files


class _Links(HTMLParser):
    """Collects the anchors of a page."""

    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self._base = url
        self.files: list[ReleaseFile] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the address of an anchor, with its hash and its attributes."""
        given = dict(attrs)
        href = given.get("href")
        if tag == "base" and href:
            self._base = urljoin(self._base, href)
        elif tag == "a" and href:
            address, fragment = urldefrag(urljoin(self._base, href))
            algorithm, _, digest = fragment.partition("=")
            self.files.append(
                ReleaseFile(
                    name=unquote(urlsplit(address).path.rpartition("/")[2]),
                    url=address,
                    sha256=digest.lower() if algorithm == "sha256" else "",
                    requires_python=given.get("data-requires-python") or "",
                    yanked=(given["data-yanked"] or "") if "data-yanked" in given else None,
                )
            )
