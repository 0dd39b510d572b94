"""Which format a client gets, and whether compressed: Accept and Accept-Encoding as RFC 9110 has them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

Format = Literal["text", "openmetrics"]

# The first answers wildcards, and clients that accept neither.
FORMATS: tuple[Format, ...] = ("text", "openmetrics")

_MEDIA_TYPES: dict[Format, str] = {"text": "text/plain", "openmetrics": "application/openmetrics-text"}
_OLD_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_UNESCAPED = frozenset({"allow-utf-8", "underscores", "values"})
"""Schemes that leave names like ours as they are; the scheme "dots" would double every underscore."""

# Nine digits: more would be no version, and thousands of them no number that Python reads.
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


class Negotiated(NamedTuple):
    """What to answer with; `content_type` claims no more than what is written."""

    format: Format
    content_type: str
    is_gzip: bool


class _Wish(NamedTuple):
    """One element of a header: its place, name, parameters and weight."""

    position: int
    name: str
    parameters: dict[str, str]
    weight: float

    @property
    def rank(self) -> tuple[float, int]:
        """Of equal weights the one that was named first wins."""
        return (self.weight, -self.position) if self.weight else (0.0, 0)

    @property
    def version(self) -> tuple[int, ...]:
        """The version of the media type; () without a readable one."""
        text = self.parameters.get("version", "")
        return tuple(map(int, text.split("."))) if _VERSION.fullmatch(text) else ()


# A scraper sends the same headers for years.
@lru_cache(maxsize=32)
def negotiate(accept: str, accept_encoding: str) -> Negotiated:
    """Choose by the client's weights, from the values of both headers ("" where there is none)."""
    wishes = list(_wishes(accept))
    matched = {form: _match(form, wishes) for form in FORMATS}
    chosen = max(FORMATS, key=lambda form: matched[form].rank)
    return Negotiated(chosen, _content_type(chosen, matched[chosen]), accepts_gzip(accept_encoding))


_NO_WISH = _Wish(0, "", {}, 0.0)


def _match(form: Format, wishes: list[_Wish]) -> _Wish:
    """The wish that speaks for this format: the most specific, and of several the weightiest."""
    media_type = _MEDIA_TYPES[form]
    for name in (media_type, media_type.split("/")[0] + "/*", "*/*"):
        found = [wish for wish in wishes if wish.name == name and _is_written(form, wish)]
        if found:
            return max(found, key=lambda wish: wish.rank)
    return _NO_WISH


def _is_written(form: Format, wish: _Wish) -> bool:
    """OpenMetrics before 1.0 is another format; every other version is answered by the nearest we write."""
    return form == "text" or not wish.version or wish.version >= (1,)


def _content_type(form: Format, wish: _Wish) -> str:
    media_type = _MEDIA_TYPES[form]
    if form == "text" and wish.version < (1,):
        return _OLD_TEXT
    escaping = wish.parameters.get("escaping")
    if escaping is None:
        return f"{media_type}; version=1.0.0; charset=utf-8"
    scheme = escaping if escaping in _UNESCAPED else "underscores"
    return f"{media_type}; version=1.0.0; charset=utf-8; escaping={scheme}"


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether a body may be compressed; False where the client prefers identity."""
    weights = {wish.name: wish.weight for wish in _wishes(accept_encoding)}
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _wishes(header: str) -> Iterator[_Wish]:
    for position, element in enumerate(header.lower().split(",")):
        name, *rest = (part.strip() for part in element.split(";"))
        pairs = (part.partition("=") for part in rest)
        parameters = {key.strip(): value.strip().strip('"') for key, _, value in pairs}
        weight = parameters.get("q", "1")
        # A weight that cannot be read is none, and that means 1.
        yield _Wish(position, name, parameters, float(weight) if _WEIGHT.fullmatch(weight) else 1.0)
