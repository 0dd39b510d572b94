"""PacketBuddy's `~/.packetbuddy/config.toml` as settings of netledger: its keys, and the equal of each.

PacketBuddy itself reads neither `monitoring.interface` nor `cost`: they are taken as their owner meant them. A gigabyte
of its costs is 2^30 bytes.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.importing.foreign import text
from exporter.ledger.past.rows import ForeignFileError
from exporter.settings.auto_update import auto_update_of_packetbuddy
from exporter.settings.reader import SettingsReader
from exporter.settings.yaml_file import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SECTIONS = {"api", "monitoring", "sync", "cost", "auto_update"}
EQUALS: Mapping[str, tuple[str, Callable[[Any], object]]] = {
    "api.host": ("server.host", lambda value: value),
    "api.port": ("server.port", lambda value: value),
    "monitoring.poll_interval": ("interfaces.sample_interval", lambda value: f"{value}s"),
    "monitoring.batch_write_interval": ("ledger.commit_interval", lambda value: f"{value}s"),
    "monitoring.interface": ("interfaces.counted", lambda value: [value]),
    "sync.interval": ("mirror.interval", lambda value: f"{value}s"),
    "cost.rate_per_gb": ("plans.price_per_gb", lambda value: value),
    "cost.currency": ("plans.currency", lambda value: value),
}
WITHOUT_EQUAL = {
    "api.cors_enabled": "no equal: server.cors_origins lists the pages that may read the API, none by default",
}
SYNC = "sync.enabled"
SYNC_IS_ON = "mirror.url, or NEON_DB_URL in the environment as there, names the server that the ledger is copied to"
AUTO_UPDATE = "auto_update"
UNKNOWN = "no equal"


class SettingOfPacketBuddy(NamedTuple):
    """A key of its file, the setting that is its equal, and its value; else a remark that says why there is none."""

    key: str
    setting: str | None
    value: object = None
    remark: str = ""


def settings_of(path: Path) -> list[SettingOfPacketBuddy] | None:
    """The keys of a file in its order; None for one that is no TOML with a section of PacketBuddy's.

    Raises ForeignFileError for half a file, and for a value that netledger refuses.
    """
    if path.suffix != ".toml":
        return None
    try:
        document = tomllib.loads(text(path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ForeignFileError(f"{path} is not whole TOML: {error}") from error
    if not SECTIONS & set(document):
        return None
    found = list(_settings(path, document))
    for each in found:
        if each.setting and (problem := _problem(each)):
            raise ForeignFileError(f"{path}: {each.key}: {problem}")
    return found


def yaml_of(found: list[SettingOfPacketBuddy]) -> str:
    """A settings file of those that have an equal; comments name the key of each, and the others with the reason."""
    lines: list[str] = []
    for section in dict.fromkeys(each.setting.partition(".")[0] for each in found if each.setting):
        of_section = [each for each in found if each.setting and each.setting.partition(".")[0] == section]
        lines += _section(section, of_section)
    lines += [f"# {_comment(each.key)}: {each.remark}" for each in found if not each.setting]
    return "".join(f"{line}\n" for line in lines)


def _settings(path: Path, document: Mapping[str, object]) -> Iterator[SettingOfPacketBuddy]:
    for section, held in document.items():
        if not isinstance(held, dict):
            yield SettingOfPacketBuddy(section, None, remark=UNKNOWN)
            continue
        if section == AUTO_UPDATE:
            if wrong := [name for name, value in held.items() if not isinstance(value, bool)]:
                raise ForeignFileError(f"{path}: {section}.{wrong[0]} is neither true nor false")
            names = ", ".join(f"{section}.{name}" for name in held)
            yield SettingOfPacketBuddy(names or section, AUTO_UPDATE, auto_update_of_packetbuddy(held))
            continue
        for name, value in held.items():
            key = f"{section}.{name}"
            if key == SYNC:
                yield _sync(path, value)
            elif key in EQUALS:
                setting, convert = EQUALS[key]
                yield SettingOfPacketBuddy(key, setting, convert(value))
            else:
                yield SettingOfPacketBuddy(key, None, remark=WITHOUT_EQUAL.get(key, UNKNOWN))


def _sync(path: Path, value: object) -> SettingOfPacketBuddy:
    """Without an address, even an empty one, NEON_DB_URL would turn the mirror on."""
    if not isinstance(value, bool):
        raise ForeignFileError(f"{path}: {SYNC} is neither true nor false")
    return (
        SettingOfPacketBuddy(SYNC, None, remark=SYNC_IS_ON) if value else SettingOfPacketBuddy(SYNC, "mirror.url", "")
    )


def _section(section: str, found: list[SettingOfPacketBuddy]) -> list[str]:
    if section == AUTO_UPDATE:
        return [f"{section}: {_scalar(each.value)}  # {_comment(each.key)}" for each in found]
    names = [(each.setting or "").partition(".")[2] for each in found]
    body = [f"{name}: {_scalar(each.value)}  # {each.key}" for name, each in zip(names, found, strict=True)]
    if section == "plans":
        first, *rest = ["name: default", *body, "gigabyte: binary  # as PacketBuddy's costs"]
        return [f"{section}:", f"  - {first}", *(f"    {line}" for line in rest)]
    return [f"{section}:", *(f"  {line}" for line in body)]


def _scalar(value: object) -> str:
    return json.dumps(value, default=str)  # JSON is YAML


def _comment(key: str) -> str:
    """A key that stays in its line."""
    return key.encode("unicode_escape").decode("ascii")


def _problem(found: SettingOfPacketBuddy) -> str | None:
    """Why netledger refuses the value; None where it takes it."""
    reader = SettingsReader()
    reader.read_file(Path(), parse_yaml(yaml_of([found])))
    return next((problem.partition(": ")[2] for problem in reader.problems), None)
