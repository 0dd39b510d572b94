"""Read the settings file and the environment into the frozen tree; all that is wrong is told at once."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.settings.folders import NoHomeError, config_folder
from exporter.settings.list_rules import SHORTEST_KEY
from exporter.settings.loopback import is_loopback
from exporter.settings.rules import RuleError
from exporter.settings.tree import PLANS, Key, Notify, Settings, keys, sections
from exporter.settings.wording import did_you_mean, place_of, shown
from exporter.settings.yaml_file import Entry, YamlError, read_yaml_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.billing.plans import Plan


FILE_NAME = "netledger.yaml"
SYSTEM_FILE = Path("/etc/netledger") / FILE_NAME
CONFIG_VARIABLE = "NETLEDGER_CONFIG"
KEY_VARIABLE = "BANDWIDTH_API_KEY"
PLANS_VARIABLE = "NETLEDGER_PLANS"
API_KEYS = "auth.api_keys"
KEY_FILE = "auth.api_key_file"
HOST, LOOPBACK = "server.host", "127.0.0.1"


class SettingsError(Exception):
    """The settings cannot be used; `problems` holds every reason: a line with place, key and rule."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Loaded(NamedTuple):
    """Settings, their file, where each key comes from ("default", "FILE:LINE", a variable), and warnings."""

    settings: Settings
    path: Path | None
    origins: dict[str, str]
    warnings: tuple[str, ...] = ()


def user_file() -> Path:
    """Say where the user's own settings file is looked for; raises NoHomeError."""
    return config_folder() / FILE_NAME


def load_settings(config: Path | None, environ: Mapping[str, str], search: Sequence[Path] | None = None) -> Loaded:
    """Read the named file, else the first of `search` that exists, then variables; raises SettingsError.

    `search` is the user's and the system's file unless given. A file that `config` or NETLEDGER_CONFIG names
    must exist. Relative paths in the file are relative to it. No error and no warning holds an API key.
    """
    collected = _Collected()
    path = collected.read_file(config, environ, search)
    collected.read_variables(environ)
    collected.read_further_keys(environ)
    collected.check_pairs()
    collected.check_keys()
    collected.check_free_hours()
    if collected.problems:
        raise SettingsError(collected.problems)
    return Loaded(collected.settings(), path, collected.origins, tuple(collected.warnings))


class _Collected:
    """Values by full name, and all that is wrong with them."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.plans: tuple[Plan, ...] = ()
        self.notify: dict[str, Notify] = {}
        self.origins = dict.fromkeys(keys(), "default")
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.short_keys: list[str] = []

    def read_file(self, config: Path | None, environ: Mapping[str, str], search: Sequence[Path] | None) -> Path | None:
        named = config or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
        if named is None and search is None:
            search = usual_files()
        for path in (named,) if named else search or ():
            try:
                entries = read_yaml_file(path)
            except FileNotFoundError:
                continue
            except YamlError as error:
                self.problems.append(f"{place_of(path, error.line)}: {error}")
                return path
            for entry in entries:
                self._take_section(path, entry)
            if self.values.get(API_KEYS):
                self._warn_of_readers(path)
            return path
        if named:
            self.problems.append(f"{named}: does not exist")
        return None

    def _take_section(self, path: Path, entry: Entry) -> None:
        place = place_of(path, entry.line)
        if entry.first_line:
            self.problems.append(f"{place}: {shown(entry.key)}: is written twice, first on line {entry.first_line}")
        if entry.key == PLANS:
            self._take_plans(path, entry)
        elif entry.key not in sections():
            self.problems.append(f"{place}: {_unknown(entry.key)}")
        elif isinstance(entry.raw, tuple):
            for inner in entry.raw:
                self._take_entry(path, entry.key, inner)
        elif entry.raw is not None:
            self.problems.append(f"{place}: {entry.key}: is not a mapping; {_fields(entry.key)}")

    def _take_plans(self, path: Path, entry: Entry) -> None:
        from exporter.settings.plan_reading import PlanReader  # noqa: PLC0415 - 2 ms that only plans need

        reader = PlanReader(path)
        reader.read(entry)
        self.plans, self.notify = tuple(reader.plans), reader.notify
        self.origins |= reader.origins
        self.problems += reader.problems

    def _take_entry(self, path: Path, section: str, entry: Entry) -> None:
        name, place = f"{section}.{entry.key}", place_of(path, entry.line)
        if entry.first_line:
            self.problems.append(f"{place}: {shown(name)}: is written twice, first on line {entry.first_line}")
        if key := keys().get(name):
            self._take(key, entry.raw, place, f"{place}: {name}")
            value = self.values.get(name)
            if isinstance(value, Path):
                self.values[name] = path.parent / value
        else:
            self.problems.append(f"{place}: {_unknown(name)}")

    def _take(self, key: Key, raw: object, origin: str, subject: str) -> None:
        try:
            self.values[key.name] = key.rule.read(raw)
        except RuleError as error:
            self.problems.append(f"{subject}: {error}; use {key.rule.says}")
        else:
            self.origins[key.name] = origin
            if key.name == API_KEYS:
                self.short_keys.clear()  # a variable replaces what the file lists
                self._note_short_keys(self.values[API_KEYS], subject)

    def read_variables(self, environ: Mapping[str, str]) -> None:
        """Let NETLEDGER_<SECTION>_<KEY> override; lists are separated by commas."""
        known = {key.variable: key for key in keys().values()}
        prefixes = tuple(f"NETLEDGER_{section}_".upper() for section in sections())
        for variable, text in environ.items():
            if key := known.get(variable):
                raw = [item.strip() for item in text.split(",") if text.strip()] if key.rule.is_list else text
                self._take(key, raw, variable, variable)
            elif variable.startswith(prefixes):
                self.problems.append(f"{shown(variable)}: unknown setting{did_you_mean(variable, known)}")
            elif variable.startswith(PLANS_VARIABLE):
                self.problems.append(f"{shown(variable)}: plans are set in the file only")

    def read_further_keys(self, environ: Mapping[str, str]) -> None:
        """Add the keys of BANDWIDTH_API_KEY and of the key file to those that are listed."""
        if environ.get(KEY_VARIABLE):
            self._add_key(environ[KEY_VARIABLE], KEY_VARIABLE, KEY_VARIABLE)
        if path := self.values.get(KEY_FILE):
            try:
                lines = _read_key_lines(path)
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
                self.problems.append(f"{self.origins[KEY_FILE]}: {KEY_FILE}: {path} cannot be read: {reason}")
                return
            for number, line in lines:
                self._add_key(line, str(path), place_of(path, number))
            if not lines:
                self.problems.append(f"{self.origins[KEY_FILE]}: {KEY_FILE}: {path} holds no key")
            self._warn_of_readers(path)

    def _add_key(self, text: str, origin: str, subject: str) -> None:
        rule = keys()[API_KEYS].rule
        try:
            added = rule.read([text])
        except RuleError as error:
            self.problems.append(f"{subject}: {error}; use {rule.says}")
            return
        self._note_short_keys(added, subject)
        before = self.values.get(API_KEYS, ())
        origins = [*self.origins[API_KEYS].split(", "), origin] if before else [origin]
        self.values[API_KEYS] = tuple(dict.fromkeys((*before, *added)))
        self.origins[API_KEYS] = ", ".join(dict.fromkeys(origins))

    def _warn_of_readers(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            if not path.stat().st_mode & stat.S_IROTH:
                return
            self.warnings.append(
                f"{path}: holds API keys and can be read by every user: chmod o-r it, or, where the service is another "
                "user, keep them in a file that it alone may read (auth.api_key_file)"
            )

    def check_pairs(self) -> None:
        """TLS needs a certificate and its key."""
        pair = ("server.tls_cert", "server.tls_key")
        for one, other in (pair, pair[::-1]):
            if self.values.get(one) and not self.values.get(other):
                self.problems.append(f"{self.origins[one]}: {one}: is set without {other}; use both or neither")

    def check_keys(self) -> None:
        """A short key is soon guessed: on loopback it is warned of, beyond it is refused."""
        told = self.warnings if is_loopback(self.values.get(HOST, LOOPBACK)) else self.problems
        told += self.short_keys

    def _note_short_keys(self, given: Sequence[str], subject: str) -> None:
        for number, key in enumerate(given, 1):
            if len(key) < SHORTEST_KEY:
                fault = f"key {number} is shorter than {SHORTEST_KEY} characters"
                self.short_keys.append(f"{subject}: {fault}; use {keys()[API_KEYS].rule.says}")

    def check_free_hours(self) -> None:
        """The quarter hours that free hours are cut from must be kept for as long as a plan needs them."""
        if self.problems or not any(plan.free_hours for plan in self.plans):
            return
        from exporter.settings.plan_slots import shortage  # noqa: PLC0415 - as plans

        kept = self.settings().ledger.slot_retention
        for number, plan in enumerate(self.plans):
            if found := shortage(plan, kept):
                name = f"{PLANS}[{number}].{found.key}"
                told = self.problems if found.is_fatal else self.warnings
                told.append(f"{self.origins[name]}: {name}: {found.fault}")

    def settings(self) -> Settings:
        """Build the tree; what is not given keeps its default."""
        tree: dict[str, dict[str, Any]] = {section: {} for section in sections()}
        for name, value in self.values.items():
            tree[keys()[name].section][keys()[name].field] = value
        try:
            parts: dict[str, Any] = {section: kind(**tree[section]) for section, kind in sections().items()}
        except NoHomeError as error:
            raise SettingsError([f"ledger.path: {error}; set ledger.path (NETLEDGER_LEDGER_PATH)"]) from error
        return Settings(**parts, plans=self.plans, notify=self.notify) if self.plans else Settings(**parts)


def usual_files() -> tuple[Path, ...]:
    """Say where a settings file is looked for that nobody names: the user's own, then the system's."""
    try:
        return (user_file(), SYSTEM_FILE)
    except NoHomeError:
        return (SYSTEM_FILE,)


def _read_key_lines(path: Path) -> list[tuple[int, str]]:
    lines = enumerate(path.read_text("utf-8").splitlines(), start=1)
    return [(number, line.strip()) for number, line in lines if line.strip() and not line.lstrip().startswith("#")]


def _fields(section: str) -> str:
    return f"its keys are {', '.join(key.field for key in keys().values() if key.section == section)}"


def _top_keys() -> tuple[str, ...]:
    return (*sections(), PLANS)


def _unknown(name: str) -> str:
    """Describe a key that does not exist, with the nearest that does."""
    section, _, field = name.rpartition(".")
    if name in keys():
        return f"{name}: unknown key; write {field}: below {section}:"
    siblings = {key.field: key.name for key in keys().values() if key.section == section}
    others = {key.field: key.name for key in keys().values()}
    candidates = [siblings, others] if section else [{known: known for known in _top_keys()}, others]
    if field in others:
        candidates.insert(0, {field: others[field]})
    hints = (did_you_mean(field, candidate) for candidate in candidates)
    all_there_is = _fields(section) if siblings else f"the sections are {', '.join(_top_keys())}"
    return f"{shown(name)}: unknown key{next(filter(None, hints), f'; {all_there_is}')}"
