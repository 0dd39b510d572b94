"""A YAML file as entries with their lines: what a reader of settings needs to name the place of every fault.

Scalars stay text (a key such as 0123 or `no` is not turned into a number or a truth); `None` is YAML's null.
Texts of syntax errors leave out what the file says, since it may be a key.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Raw: TypeAlias = "str | list[Raw] | tuple[Entry, ...] | None"
LARGEST = 1_000_000
# libyaml's composer recurses in C: a file of brackets only would end the process.
DEEPEST = 8
TOO_DEEP = "is nested too deep"
# libyaml scans ahead of the events that it hands out, and from 0.2.6 on has a limit of its own.
TOO_DEEP_FOR_LIBYAML = "exceeded maximum nesting depth"
OWN_TAGS = "tag:yaml.org,2002:"
HINTS = {
    "did not find expected alphabetic or numeric character": "a text that begins with * or & needs quotes",
    "found character that cannot start any token": "indent with spaces, quote what begins with @ % `",
}


class Entry(NamedTuple):
    """One key of a mapping and its line, from 1; a tuple of entries is a mapping.

    `first_line` is set on a key that the same mapping already has further up.
    """

    key: str
    line: int
    raw: Raw
    first_line: int | None = None


def place_of(path: Path, line: int | None) -> str:
    """A line of a file, or the file where a problem has no line."""
    return str(path) if line is None else f"{path}:{line}"


class YamlError(Exception):
    """The file cannot be read as one YAML mapping; `line` is None where none is to blame."""

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.line = line


def read_yaml_file(path: Path) -> tuple[Entry, ...]:
    """The entries of a file; none of an empty one. Raises FileNotFoundError and YamlError."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(path) from None
    except OSError as error:
        raise YamlError(f"cannot be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise YamlError("is larger than 1 MB; a settings file is not")
    try:
        return parse_yaml(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise YamlError("is not UTF-8 text", 1 + data.count(b"\n", 0, error.start)) from None


def parse_yaml(text: str) -> tuple[Entry, ...]:
    """The entries of one YAML document; raises YamlError. Aliases, merges and tags are not supported."""
    import yaml  # noqa: PLC0415 - 10 ms that only those with a file pay

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_events(yaml.parse(text, Loader=loader))
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(_syntax_text(error.problem), mark.line + 1 if mark else None) from None
    except yaml.YAMLError:
        raise YamlError("has a character that YAML does not allow") from None
    if root is None:
        return ()
    raw = _raw(root)
    if not isinstance(raw, tuple | None):
        raise YamlError("is not a mapping of sections", root.start_mark.line + 1)
    return raw or ()


def _check_events(events: Iterator[Any]) -> None:
    depth = 0
    for event in events:
        name, line = type(event).__name__, event.start_mark.line + 1
        if name == "AliasEvent":
            raise YamlError("aliases are not supported; a text that begins with * needs quotes", line)
        depth += name.endswith("StartEvent") - name.endswith("EndEvent")
        if depth > DEEPEST:
            raise YamlError(TOO_DEEP, line)


def _syntax_text(problem: str | None) -> str:
    # libyaml quotes single characters; anything longer may be a secret of the file.
    fault = re.sub(r" '[^'<]{2,}'", "", problem or "").removeprefix("but ")
    if fault == TOO_DEEP_FOR_LIBYAML:
        return TOO_DEEP
    return "; ".join(filter(None, [f"is not YAML: {fault}", HINTS.get(fault)]))


def _raw(node: Any) -> Raw:
    if not node.tag.startswith(OWN_TAGS):
        line = node.start_mark.line + 1
        raise YamlError("tags are not supported; a text that begins with ! needs quotes", line)
    if node.id == "scalar":
        return None if node.tag == f"{OWN_TAGS}null" else str(node.value)
    return [_raw(value) for value in node.value] if node.id == "sequence" else _entries(node.value)


def _entries(pairs: list[tuple[Any, Any]]) -> tuple[Entry, ...]:
    first_lines: dict[str, int] = {}
    entries = []
    for key, value in pairs:
        line = key.start_mark.line + 1
        if key.id != "scalar":
            raise YamlError("a key is not text", line)
        entries.append(Entry(key.value, line, _raw(value), first_lines.get(key.value)))
        first_lines.setdefault(key.value, line)
    return tuple(entries)
