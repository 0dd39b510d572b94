"""The settings file and the environment, read into the frozen tree; all problems are reported at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from exporter.settings.api_keys import collect_keys, warn_of_readers
from exporter.settings.folders import NoHomeError, config_folder
from exporter.settings.reader import SettingsReader, did_you_mean, printable
from exporter.settings.rules import clipped
from exporter.settings.tree import PLANS, TOP_KEYS, Settings, keys, sections
from exporter.settings.yaml_file import YamlError, place_of, read_yaml_file
from reports.ledger.shape import INTERNET, LAN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exporter.settings.plans.sections import PlanSettings

FILE_NAME = "netledger.yaml"
SYSTEM_FILE = Path("/etc/netledger") / FILE_NAME
CONFIG_VARIABLE = "NETLEDGER_CONFIG"
PLANS_VARIABLE = "NETLEDGER_PLANS"
MIRROR_URL = "mirror.url"
NEON_VARIABLE = "NEON_DB_URL"
OWNER_VARIABLE = "NETLEDGER_MIRROR_OWNER_URL"
"""The address of the mirror's owner, for commands that make logins: no setting, since no service needs it."""

"""The variable that PacketBuddy has for the address of its PostgreSQL."""


class SettingsError(Exception):
    """The settings cannot be used; `problems` holds every reason: a line with place, key and rule."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Loaded(NamedTuple):
    """Settings, their file, where each key comes from ("default", "FILE:LINE", a variable), and warnings.

    `plans` are the plans of the file, by its keys.
    """

    settings: Settings
    path: Path | None
    origins: dict[str, str]
    warnings: tuple[str, ...] = ()
    plans: tuple[PlanSettings, ...] = ()


def user_file() -> Path:
    """The user's own settings file; raises NoHomeError."""
    return config_folder() / FILE_NAME


def usual_files() -> tuple[Path, ...]:
    """Settings files that need no name: the user's own, then the system's."""
    try:
        return (user_file(), SYSTEM_FILE)
    except NoHomeError:
        return (SYSTEM_FILE,)


def load_settings(config: Path | None, environ: Mapping[str, str], search: Sequence[Path] | None = None) -> Loaded:
    """Settings of the named file, else of the first of `search` that exists, then of variables; raises SettingsError.

    `search` is the user's and the system's file unless given. A file that `config` or NETLEDGER_CONFIG names
    must exist. Relative paths in the file are relative to it. No error and no warning holds an API key.
    """
    reader = SettingsReader()
    path = _read_file(reader, config, environ, search)
    _read_variables(reader, environ)
    _read_neon(reader, environ)
    collect_keys(reader, environ)
    for section, kind in sections().items():
        reader.check(kind, section, reader.given[section])
    if reader.problems:
        raise SettingsError(reader.problems)
    settings = _build(reader)
    _check_scopes(reader, settings)
    _check_hosts(reader, settings)
    if any(plan.free_hours for plan in settings.plans):
        _check_free_hours(reader, settings)
    return Loaded(settings, path, reader.origins, tuple(reader.warnings), reader.plans)


def _read_file(
    reader: SettingsReader, config: Path | None, environ: Mapping[str, str], search: Sequence[Path] | None
) -> Path | None:
    named = config or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    if named is None and search is None:
        search = usual_files()
    for path in (named,) if named else search or ():
        try:
            reader.read_file(path, read_yaml_file(path))
        except FileNotFoundError:
            continue
        except YamlError as error:
            reader.problems.append(f"{place_of(path, error.line)}: {error}")
        if reader.given["auth"].get("api_keys"):
            warn_of_readers(reader, path)
        url = reader.given["mirror"].get("url")
        if url and keys()[MIRROR_URL].rule.show(url) != url:
            warn_of_readers(reader, path, "the password of mirror.url", "the variable NETLEDGER_MIRROR_URL of its unit")
        return path
    if named:
        reader.problems.append(f"{named}: does not exist")
    return None


def _read_variables(reader: SettingsReader, environ: Mapping[str, str]) -> None:
    """NETLEDGER_<SECTION>_<KEY> overrides the file."""
    known = {key.variable: key for key in keys().values()}
    prefixes = tuple(f"NETLEDGER_{section}_".upper() for section in (*sections(), *TOP_KEYS))
    for variable, text in environ.items():
        if key := known.get(variable):
            reader.read_variable(key, text)
        elif variable.startswith(prefixes) and variable != OWNER_VARIABLE:
            hint = did_you_mean(variable, {name: name for name in known})
            reader.problems.append(f"{printable(variable)}: unknown setting{hint}")
        elif variable.startswith(PLANS_VARIABLE):
            reader.problems.append(f"{printable(variable)}: plans are set in the file only")


def _read_neon(reader: SettingsReader, environ: Mapping[str, str]) -> None:
    """NEON_DB_URL is the mirror's address where nothing else sets one, be it to nothing."""
    if reader.origins[MIRROR_URL] == "default" and (text := environ.get(NEON_VARIABLE)):
        key = keys()[MIRROR_URL]
        reader.given["mirror"]["url"] = reader.read_value(key, MIRROR_URL, text, NEON_VARIABLE, NEON_VARIABLE)


def _build(reader: SettingsReader) -> Settings:
    """The tree; what is not given keeps its default."""
    plans: dict[str, object] = {}
    if reader.plans:
        plans["plans"] = tuple(plan.plan() for plan in reader.plans)
        plans["notify"] = {plan.name: plan.notify for plan in reader.plans}
    try:
        return msgspec.convert({**reader.given, **plans}, Settings)
    except NoHomeError as error:
        raise SettingsError([f"ledger.path: {error}; set ledger.path (NETLEDGER_LEDGER_PATH)"]) from error


def _check_scopes(reader: SettingsReader, settings: Settings) -> None:
    """Plans of scopes name scopes that there are: the built-in ones, and those of `networks`."""
    known = (LAN, INTERNET, *settings.networks)
    problems = [
        f"{reader.origins[name]}: {name}: there is no scope {clipped(repr(scope))}; known are {', '.join(known)}"
        for number, plan in enumerate(reader.plans)
        for name, scopes in {
            f"{PLANS}[{number}].scope": plan.scope,
            f"{PLANS}[{number}].prices": tuple(plan.prices),
        }.items()
        for scope in scopes
        if scope not in known
    ]
    if problems:
        raise SettingsError(problems)


def _check_hosts(reader: SettingsReader, settings: Settings) -> None:
    """Plans of several machines need the mirror that has their rows."""
    problems = [
        f"{reader.origins[name]}: {name}: needs the mirror, which has the other machines' rows; set {MIRROR_URL}, "
        "or leave it out"
        for number, plan in enumerate(reader.plans)
        if plan.hosts and settings.mirror.url is None and (name := f"{PLANS}[{number}].hosts")
    ]
    if problems:
        raise SettingsError(problems)


def _check_free_hours(reader: SettingsReader, settings: Settings) -> None:
    """The quarter hours that free hours are cut from must be kept for as long as a plan needs them."""
    from exporter.settings.plans.slots import shortage  # noqa: PLC0415 - only plans with free hours need it

    problems: list[str] = []
    for number, plan in enumerate(settings.plans):
        if found := shortage(plan, settings.ledger.slot_retention):
            name = f"{PLANS}[{number}].{found.key}"
            lines = problems if found.is_fatal else reader.warnings
            lines.append(f"{reader.origins[name]}: {name}: {found.fault}")
    if problems:
        raise SettingsError(problems)
