"""What each kind of setting accepts: a rule reads a raw value, and writes a value as a file does."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from exporter.settings.loopback import is_ipv6
from exporter.settings.measures import format_duration, format_size, parse_duration, parse_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Item = TypeVar("Item")
FileText: TypeAlias = "str | list[str] | dict[str, FileText] | None"

INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
HOST_NAME = re.compile(r"[\w.-]+", re.ASCII)
WEB_URL = re.compile(r"https?://([\w.-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?(/[\w.~%/-]*)?", re.ASCII)
LOGIN = re.compile(r"(?<=://).*(?=@)|(?<=password=)[^&\s]*")
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
LOCALE_NAME = re.compile(r"[a-z]{2,3}(_[A-Za-z0-9]{2,8})*", re.ASCII)
NO_LOCALE = "none"
LONGEST_VALUE = 60


class RuleError(ValueError):
    """A value that its rule refuses; the text is a predicate, such as "99999 is above 65535"."""


class Rule(NamedTuple):
    """One kind of value: `says` completes the sentence "use ..."; `read` raises RuleError."""

    says: str
    read: Callable[[object], Any]
    write: Callable[[Any], FileText] = str
    is_list: bool = False
    mapping: MappingRule | None = None

    def show(self, value: Any) -> FileText:
        """The text, the list of texts, or the mapping that a file holds for a value; None for none."""
        return None if value is None else self.write(value)


class MappingRule(NamedTuple):
    """A mapping whose names the user chooses; `faults` are names that contradict others, each with the reason."""

    name: Rule
    item: Rule
    faults: Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]


def mapping_of(
    says: str, name: Rule, item: Rule, faults: Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]] = lambda _: ()
) -> Rule:
    """A rule of mappings, of which a reader reads each name and each value; a value that was refused is None."""
    return Rule(
        says,
        one_text,
        lambda values: {key: item.show(value) for key, value in values.items()},
        mapping=MappingRule(name, item, faults),
    )


def one_text(raw: object) -> str:
    """The text of a scalar; a list, a mapping, nothing, or unprintable characters are refused."""
    if isinstance(raw, list | tuple):
        raise RuleError("is a list" if isinstance(raw, list) else "is a mapping")
    text = "" if raw is None else str(raw)
    if not text.strip():
        raise RuleError("is empty")
    if not text.isprintable():
        raise RuleError("has a character that cannot be printed")
    return text


def matching(pattern: re.Pattern[str], fault: str) -> Callable[[object], str]:
    """A reader of texts that match a pattern; raises RuleError with the fault of others."""

    def read(raw: object) -> str:
        text = one_text(raw)
        if not pattern.fullmatch(text):
            raise RuleError(f"{clipped(text)} {fault}")
        return text

    return read


def each(raw: object, read: Callable[[object], Item]) -> list[Item]:
    """Every item of a list, a single value as a list of one; raises RuleError with all that is wrong."""
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
    """A value as an error line has it: short, and without the login of an address, which may be another key's."""
    text = LOGIN.sub("***", text)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def optional(rule: Rule) -> Rule:
    """The same rule, for which nothing is None."""
    return rule._replace(
        says=f"{rule.says}, or nothing", read=lambda raw: None if raw in (None, "") else rule.read(raw)
    )


def _between(low: Any, high: Any, parse: Callable[[str], Any], write: Callable[[Any], str]) -> Rule:
    def read(raw: object) -> Any:
        text = one_text(raw)
        try:
            value = parse(text)
        except ValueError as error:
            raise RuleError(f"{clipped(text)} {error}") from None
        if value < low:
            raise RuleError(f"{clipped(text)} is below {write(low)}")
        if value > high:
            raise RuleError(f"{clipped(text)} is above {write(high)}")
        return value

    return Rule(f"{write(low)} to {write(high)}", read, write)


def _parse_integer(text: str) -> int:
    if not INTEGER.fullmatch(text):
        raise RuleError("is not a whole number")
    return int(text)


def whole(low: int, high: int) -> Rule:
    """An integer between two limits, both allowed."""
    return _between(low, high, _parse_integer, str)


def seconds(low: str, high: str) -> Rule:
    """A duration between two limits; a float of seconds."""
    return _between(parse_duration(low), parse_duration(high), parse_duration, format_duration)


def size(low: str, high: str) -> Rule:
    """A size between two limits; an int of bytes."""
    return _between(parse_size(low), parse_size(high), parse_size, format_size)


def choice(*words: str) -> Rule:
    """One of a few words."""

    def read(raw: object) -> str:
        text = one_text(raw)
        if text not in words:
            raise RuleError(f"{clipped(text)} is unknown")
        return text

    return Rule(" or ".join(words), read)


def _read_switch(raw: object) -> bool:
    text = one_text(raw)
    if text.lower() not in TRUE + FALSE:
        raise RuleError(f"{clipped(text)} is neither true nor false")
    return text.lower() in TRUE


def read_host(raw: object) -> str:
    """An IP address or a host name; raises RuleError."""
    text = one_text(raw)
    if not HOST_NAME.fullmatch(text) and not is_ipv6(text):
        raise RuleError(f"{clipped(text)} is neither an address nor a name")
    return text


def _read_zone(raw: object) -> str:
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


def _read_locale(raw: object) -> str:
    text = one_text(raw)
    name = text.replace("-", "_")
    if text != NO_LOCALE and not (LOCALE_NAME.fullmatch(name) and import_module("babel.localedata").exists(name)):
        raise RuleError(f"{clipped(text)} is no locale that is known")
    return name


def _read_path(raw: object) -> Path:
    text = one_text(raw)
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise RuleError(f"{clipped(text)} names a home folder that does not exist") from None


SWITCH = Rule("true or false", _read_switch, lambda value: str(value).lower())
HOST = Rule("an IP address or a host name, without scheme, port or brackets", read_host)
LOCALE = Rule("none, or a locale such as de, en_GB or pt_BR", _read_locale)
ZONE = Rule("auto or an IANA name such as Europe/Berlin", _read_zone)
PATH = Rule("a path", _read_path)
TEXT = Rule("a text", one_text)
# A page links to it: it is never a script, and never holds a password.
WEB_ADDRESS = Rule(
    "an address such as https://grafana.example.org/path without user, query or fragment",
    matching(WEB_URL, "is not such an address"),
)
