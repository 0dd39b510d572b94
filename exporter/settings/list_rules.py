"""What each list among the settings accepts; a single text is a list of one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from exporter.settings.rules import Rule, RuleError, clipped, each, matching, one_text, read_host

if TYPE_CHECKING:
    from collections.abc import Callable

    Texts = tuple[str, ...]

SHORTEST_KEY = 8
HIDDEN = "***"
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]+", re.ASCII)
read_glob = matching(re.compile(r"[^\s,/]+"), "has a space, comma or slash")
KEY = re.compile(r"[!-~]+")


def list_of(
    says: str, read_item: Callable[[object], str], check: Callable[[Texts], Texts] = lambda values: values
) -> Rule:
    """A list without duplicates; `check` returns its values, or raises RuleError."""
    return Rule(says, lambda raw: check(tuple(dict.fromkeys(each(raw, read_item)))), list, is_list=True)


def globs_or(word: str, examples: str) -> Rule:
    """A word alone, or shell patterns of interface names."""

    def check(values: Texts) -> Texts:
        if word in values and len(values) > 1:
            raise RuleError(f"mixes {word} with patterns")
        return not_empty(values)

    return list_of(f"{word}, or a list of names or patterns such as {examples}", read_glob, check)


def not_empty(values: Texts) -> Texts:
    """The values of a list that must have one; raises RuleError."""
    if not values:
        raise RuleError("is empty")
    return values


def _read_host_pattern(raw: object) -> str:
    text = one_text(raw).lower()
    read_host(text.removeprefix("*."))
    return text


def _read_origin(raw: object) -> str:
    text = one_text(raw).lower()
    if not ORIGIN.fullmatch(text):
        raise RuleError(f"{clipped(text)} is not an origin")
    return text


def _read_keys(raw: object) -> Texts:
    """No error holds a key: errors name it by its position."""
    keys = raw if isinstance(raw, list) else [raw]
    faults = [f"key {number} {fault}" for number, key in enumerate(keys, start=1) if (fault := _fault(key))]
    if faults:
        raise RuleError("; ".join(faults))
    return tuple(dict.fromkeys(keys))


def _fault(key: object) -> str | None:
    if not key:
        return "is empty"
    if not isinstance(key, str):
        return "is not a text"
    return None if KEY.fullmatch(key) else "has a space or a character outside ASCII"


HOSTS = list_of("a list of host names or *.example.org, without scheme or port", _read_host_pattern)
ORIGINS = list_of("a list of origins such as https://example.org:8443, without a path", _read_origin)
GLOBS = list_of("a list of names or patterns such as [eth0, wl*]", read_glob)
SOME_GLOBS = list_of(GLOBS.says, read_glob, not_empty)
API_KEYS = Rule(
    f"keys of at least {SHORTEST_KEY} printable ASCII characters without spaces",
    _read_keys,
    lambda keys: [HIDDEN for _ in keys],
    is_list=True,
)
