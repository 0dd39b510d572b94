"""What each kind of setting accepts: a rule reads a raw value, and shows a value as a file writes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from exporter.settings.measures import format_duration, format_size, parse_duration, parse_size

if TYPE_CHECKING:
    from collections.abc import Callable

Item = TypeVar("Item")

INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
HOST = re.compile(r"[\w.-]+", re.ASCII)
WEB_ADDRESS = re.compile(r"https?://([\w.-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?(/[\w.~%/-]*)?", re.ASCII)
SWITCHES = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


class RuleError(ValueError):
    """A value that its rule refuses; the text is a predicate, such as "99999 is above 65535"."""


class Rule:
    """One kind of value; `says` completes the sentence "use ..."."""

    says = ""
    is_list: ClassVar[bool] = False

    def read(self, raw: object) -> Any:
        """Turn what a file or variable holds into the value; raises RuleError."""
        return self._read(raw)

    def show(self, value: Any) -> str | list[str] | None:
        """Turn a value into the text, or the list of texts, that a file would hold."""
        return self._show(value)

    def _read(self, raw: object) -> Any:
        raise NotImplementedError

    def _show(self, value: Any) -> str | list[str] | None:
        return str(value)


def one_text(raw: object) -> str:
    """Take the text of a scalar; a list, a mapping, nothing, or unprintable characters are refused."""
    if isinstance(raw, list | tuple):
        raise RuleError("is a list" if isinstance(raw, list) else "is a mapping")
    text = "" if raw is None else str(raw)
    if not text.strip():
        raise RuleError("is empty")
    if not text.isprintable():
        raise RuleError("has a character that cannot be printed")
    return text


def each(raw: object, read: Callable[[object], Item]) -> list[Item]:
    """Read every item of a list, a single value as a list of one; raises RuleError with all that is wrong."""
    values, faults = [], []
    for item in raw if isinstance(raw, list) else [raw]:
        try:
            values.append(read(item))
        except RuleError as error:
            faults.append(str(error))
    if faults:
        raise RuleError("; ".join(faults))
    return values


def clipped(text: str) -> str:
    """Shorten a value for an error line."""
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - the line stays readable


class Measure(Rule):
    """A number between two limits, both allowed."""

    def __init__(self, low: float, high: float, parse: Callable[[str], float], show: Callable[[Any], str]) -> None:
        self.low, self.high, self._parse, self._format = low, high, parse, show
        self.says = f"{show(low)} to {show(high)}"

    def _read(self, raw: object) -> float:
        text = one_text(raw)
        try:
            value = self._parse(text)
        except ValueError as error:
            raise RuleError(f"{clipped(text)} {error}") from None
        if value < self.low:
            raise RuleError(f"{clipped(text)} is below {self._format(self.low)}")
        if value > self.high:
            raise RuleError(f"{clipped(text)} is above {self._format(self.high)}")
        return value

    def _show(self, value: Any) -> str:
        return self._format(value)


def _parse_integer(text: str) -> int:
    if not INTEGER.fullmatch(text):
        raise RuleError("is not a whole number")
    return int(text)


def whole(low: int, high: int) -> Measure:
    """Accept an integer."""
    return Measure(low, high, _parse_integer, str)


def seconds(low: str, high: str) -> Measure:
    """Accept a duration, kept as a float of seconds."""
    return Measure(parse_duration(low), parse_duration(high), parse_duration, format_duration)


def size(low: str, high: str) -> Measure:
    """Accept a size, kept as an int of bytes."""
    return Measure(parse_size(low), parse_size(high), parse_size, format_size)


class Switch(Rule):
    """True or false, in YAML's words."""

    says = "true or false"

    def _read(self, raw: object) -> bool:
        text = one_text(raw)
        if text.lower() not in SWITCHES:
            raise RuleError(f"{clipped(text)} is neither true nor false")
        return SWITCHES[text.lower()]

    def _show(self, value: Any) -> str:
        return str(value).lower()


class Choice(Rule):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.says = " or ".join(words)

    def _read(self, raw: object) -> str:
        text = one_text(raw)
        if text not in self.words:
            raise RuleError(f"{clipped(text)} is unknown")
        return text


class Host(Rule):
    """An IP address or a host name, without scheme and port."""

    says = "an IP address or a host name, without scheme, port or brackets"

    def _read(self, raw: object) -> str:
        text = one_text(raw)
        if not HOST.fullmatch(text) and not self._is_ipv6(text):
            raise RuleError(f"{clipped(text)} is neither an address nor a name")
        return text

    @staticmethod
    def _is_ipv6(text: str) -> bool:
        import ipaddress  # noqa: PLC0415 - only who writes colons pays for it

        try:
            return bool(ipaddress.IPv6Address(text))
        except ValueError:
            return False


class Zone(Rule):
    """The word auto, or a name of the IANA time zone database."""

    says = "auto or an IANA name such as Europe/Berlin"

    def _read(self, raw: object) -> str:
        text = one_text(raw)
        if text == "auto":
            return text
        import zoneinfo  # noqa: PLC0415 - auto does not need it

        try:
            zoneinfo.ZoneInfo(text)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            near = {name.lower(): name for name in zoneinfo.available_timezones()}.get(text.lower())
            raise RuleError(f"{clipped(text)} is no time zone{f' (did you mean {near}?)' if near else ''}") from None
        return text


class File(Rule):
    """A path; ~ is the home folder."""

    says = "a path"

    def _read(self, raw: object) -> Path | None:
        text = one_text(raw)
        try:
            return Path(text).expanduser()
        except RuntimeError:
            raise RuleError(f"{clipped(text)} names a home folder that does not exist") from None


class OptionalFile(File):
    """A path, or nothing."""

    says = "a path, or nothing"

    def _read(self, raw: object) -> Path | None:
        return None if raw in (None, "") else super()._read(raw)

    def _show(self, value: Any) -> str | None:
        return None if value is None else str(value)


class OptionalText(Rule):
    """A text of one line, or nothing."""

    says = "a text, or nothing"

    def _read(self, raw: object) -> str | None:
        return None if raw in (None, "") else one_text(raw)

    def _show(self, value: Any) -> str | None:
        return None if value is None else str(value)


class WebAddress(OptionalText):
    """A web address that a page may link to, or nothing; never a script, never with a password."""

    says = "an address such as https://grafana.example.org/path without user, query or fragment, or nothing"

    def _read(self, raw: object) -> str | None:
        text = super()._read(raw)
        if text is not None and not WEB_ADDRESS.fullmatch(text):
            raise RuleError(f"{clipped(text)} is not such an address")
        return text
