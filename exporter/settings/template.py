"""The commented settings file that `config init` writes, made from the tree of settings itself."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from exporter.settings.plan_showing import example_lines
from exporter.settings.tree import Key, Settings, keys, sections

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = """\
# netledger settings. Every key is here with its default; a key that is left out keeps it.
# Durations: 500ms, 10s, 15m, 12h, 30d, 2w. Sizes: 400 MB (units of 1000) or 1 GiB (units of 1024).
# Relative paths are relative to this file. `netledger config check` checks it.
# NETLEDGER_<SECTION>_<KEY> in the environment overrides a key: NETLEDGER_SERVER_PORT=8080."""
# Its default depends on who runs the service, so that writing it down would change it for others.
DEPENDENT = frozenset({"ledger.path"})
PLAIN = re.compile(r"[A-Za-z0-9][\w./]*( [A-Za-z]+)?", re.ASCII)


def settings_template() -> str:
    """Write a YAML file whose values are the defaults, each with its meaning and rule."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    defaults = Settings()
    yield HEAD
    for section, kind in sections().items():
        yield f"\n# {(kind.__doc__ or '').strip()}\n{section}:"
        for key in keys().values():
            if key.section == section:
                yield from _key_lines(key, defaults)
    yield from example_lines()


def _key_lines(key: Key, defaults: Settings) -> Iterator[str]:
    shown = key.rule.show(key.value(defaults))
    yield f"  # {key.meaning}"
    yield f"  # Use {key.rule.says}."
    if shown is None or key.name in DEPENDENT:
        yield f"  # {key.field}: {shown or ''}".rstrip()
    else:
        yield f"  {key.field}: {_yaml(shown)}"


def _yaml(shown: str | list[str]) -> str:
    if isinstance(shown, list):
        return f"[{', '.join(_yaml(item) for item in shown)}]"
    return shown if PLAIN.fullmatch(shown) else json.dumps(shown)
