"""What each list among the settings accepts; a single text is a list of one."""

from __future__ import annotations

import re
from typing import Any

from exporter.settings.rules import Host, Rule, RuleError, clipped, each, one_text

SHORTEST_KEY = 8
HIDDEN = "***"
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]+", re.ASCII)


class Texts(Rule):
    """A list; a single text is a list of one."""

    is_list = True

    def _read(self, raw: object) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each(raw, self._item)))

    def _item(self, raw: object) -> str:
        raise NotImplementedError

    def _show(self, value: Any) -> list[str]:
        return list(value)


class Hosts(Texts):
    """Names that a Host header may carry; *.example.org stands for all below example.org."""

    says = "a list of host names or *.example.org, without scheme or port"

    def _item(self, raw: object) -> str:
        text = one_text(raw).lower()
        Host().read(text.removeprefix("*."))
        return text


class Origins(Texts):
    """Web origins, as a browser sends them."""

    says = "a list of origins such as https://example.org:8443, without a path"

    def _item(self, raw: object) -> str:
        text = one_text(raw).lower()
        if not ORIGIN.fullmatch(text):
            raise RuleError(f"{clipped(text)} is not an origin")
        return text


class Globs(Texts):
    """Shell patterns of interface names."""

    says = "a list of names or patterns such as [eth0, wl*]"

    def _item(self, raw: object) -> str:
        text = one_text(raw)
        if re.search(r"[\s,/]", text):
            raise RuleError(f"{clipped(text)} has a space, comma or slash")
        return text


class SomeGlobs(Globs):
    """Shell patterns, at least one."""

    def _read(self, raw: object) -> tuple[str, ...]:
        if not (values := super()._read(raw)):
            raise RuleError("is empty")
        return values


class Counted(SomeGlobs):
    """The word auto alone, or shell patterns."""

    says = "auto, or a list of names or patterns such as [eth0, wl*]"

    def _read(self, raw: object) -> tuple[str, ...]:
        values = super()._read(raw)
        if "auto" in values and len(values) > 1:
            raise RuleError("mixes auto with patterns")
        return values


class Keys(Texts):
    """API keys. No error and no `show` ever holds one: errors name a key by its position."""

    says = f"keys of at least {SHORTEST_KEY} printable ASCII characters without spaces"

    def _read(self, raw: object) -> tuple[str, ...]:
        keys = raw if isinstance(raw, list) else [raw]
        faults = [f"key {number} {fault}" for number, key in enumerate(keys, start=1) if (fault := self._fault(key))]
        if faults:
            raise RuleError("; ".join(faults))
        return tuple(dict.fromkeys(keys))

    @staticmethod
    def _fault(key: object) -> str | None:
        if not key:
            return "is empty"
        if not isinstance(key, str):
            return "is not a text"
        return None if re.fullmatch(r"[!-~]+", key) else "has a space or a character outside ASCII"

    def _show(self, value: Any) -> list[str]:
        return [HIDDEN for _ in value]
