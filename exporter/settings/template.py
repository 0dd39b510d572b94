"""The commented settings file that `config init` writes, made from the tree of settings itself."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from exporter.settings.plans.sections import PlanSettings
from exporter.settings.schema import Key, Section, fields
from exporter.settings.tree import TOP_KEYS, Settings, keys, sections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.settings.rules import FileText

HEAD = """\
# netledger settings. Every key is here with its default; a key that is left out keeps it.
# Durations: 500ms, 10s, 15m, 12h, 30d, 2w. Sizes: 400 MB (units of 1000) or 1 GiB (units of 1024).
# Relative paths are relative to this file. `netledger config check` checks it.
# NETLEDGER_<SECTION>_<KEY> in the environment overrides a key: NETLEDGER_SERVER_PORT=8080."""
PLANS_HEAD = """
# Billing plans. Without one, the plan "default" bills the counted interfaces by calendar months, without a cap.
# plans:"""
INDENT, BULLET = "#     ", "#   - "
# Its default depends on the user of the service: in a file it would hold for other users too.
DEPENDENT = frozenset({"ledger.path"})
# Keys of a plan that exclude another key of the example, or that only some plans need.
FURTHER = frozenset({"cycle", "tier", "price_steps", "prices", "scope", "hosts", "notify"})
PLAIN = re.compile(r"[A-Za-z0-9][\w./]*( [A-Za-z]+)?", re.ASCII)


def settings_template() -> str:
    """A YAML file whose values are the defaults, each with its meaning and rule; an example of a plan."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    defaults = Settings()
    yield HEAD
    for section, kind in sections().items():
        yield f"\n# {(kind.__doc__ or '').strip()}\n{section}:"
        for key in fields(kind, section).values():
            yield from _key_lines(key, defaults)
    for name in TOP_KEYS:
        yield ""
        yield from (line.removeprefix("  ") for line in _key_lines(keys()[name], defaults))
    yield PLANS_HEAD
    meaning, name, *others = _example_lines(PlanSettings, INDENT)
    yield from (meaning, name.replace(INDENT, BULLET), *others)


def _key_lines(key: Key, defaults: Settings) -> Iterator[str]:
    text = key.rule.show(key.value(defaults))
    yield f"  # {key.meaning}"
    yield f"  # Use {key.rule.says}."
    if text is None or key.name in DEPENDENT:
        yield f"  # {key.field}: {text or ''}".rstrip()
    else:
        yield f"  {key.field}: {_yaml(text)}"


def _example_lines(kind: type[Section], indent: str) -> Iterator[str]:
    for key in fields(kind).values():
        yield f"{indent}# {key.meaning}" if key.below else f"{indent}# {key.meaning} Use {key.rule.says}."
        yield f"{indent}{'# ' if key.field in FURTHER else ''}{key.field}: {key.example}".rstrip()
        if key.below and not key.rule.is_list:
            yield from _example_lines(key.below, f"{indent}#   ")


def _yaml(text: FileText) -> str:
    if isinstance(text, dict):
        return f"{{{', '.join(f'{_yaml(name)}: {_yaml(value)}' for name, value in text.items())}}}"
    if isinstance(text, list):
        return f"[{', '.join(_yaml(item) for item in text)}]"
    return text if text and PLAIN.fullmatch(text) else json.dumps(text)
