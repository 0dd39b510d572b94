"""The language that settings are declared in: a section is a frozen struct, a key its field with a rule and a meaning.

    port: Annotated[int, rules.whole(0, 65535), "TCP port; 0 takes any free one."] = 7373

A field whose type is a section, or a tuple of sections, holds keys of its own.
"""

from __future__ import annotations

import functools
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from exporter.settings.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A group of keys; unknown ones are errors. Durations are seconds, sizes bytes."""

    @classmethod
    def faults(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Keys that contradict each other, each with the reason. A value that its rule refused is None."""
        del given
        return ()


class Key(NamedTuple):
    """A field of a section; `example` is YAML, `below` the section that its mapping, or each item of its list, is."""

    section: str
    field: str
    rule: Rule
    meaning: str
    example: str = ""
    below: type[Section] | None = None

    @property
    def name(self) -> str:
        """The full name in files and errors, such as "server.port"."""
        return f"{self.section}.{self.field}" if self.section else self.field

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return f"NETLEDGER_{self.name.replace('.', '_')}".upper()

    def value(self, settings: Section) -> Any:
        """This setting's value in the tree."""
        return attrgetter(self.name)(settings)


@functools.cache
def fields(kind: type[Section], section: str = "") -> dict[str, Key]:
    """The keys of a section by their names, in the order of the file."""
    found = {}
    for field, hint in get_type_hints(kind, include_extras=True).items():
        declared = (
            get_args(hint) if hasattr(hint, "__metadata__") else (hint, Rule("", str), (hint.__doc__ or "").strip())
        )
        value, rule, meaning, example = (*declared, "")[:4]
        item = get_args(value)[0] if get_origin(value) is tuple else value
        below = item if isinstance(item, type) and issubclass(item, Section) else None
        found[field] = Key(section, field, rule, meaning, example, below)
    return found


def leaves(section: Section, name: str) -> Iterator[tuple[str, Key, Any]]:
    """Every key of a section and of the mappings in it: its full name, and its value."""
    for field, key in fields(type(section)).items():
        value = getattr(section, field)
        if isinstance(value, Section):
            yield from leaves(value, f"{name}.{field}")
        else:
            yield f"{name}.{field}", key, value
