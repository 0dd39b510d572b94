"""Entries of a settings file, read by the schema: values, their origins, and all problems."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from exporter.settings.rules import RuleError, clipped
from exporter.settings.schema import Key, Section, fields
from exporter.settings.spelling import nearest
from exporter.settings.tree import NETWORKS, PLANS, TOP_KEYS, keys, sections
from exporter.settings.yaml_file import YamlError, parse_yaml, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from exporter.settings.plans.sections import PlanSettings
    from exporter.settings.rules import MappingRule, Rule
    from exporter.settings.yaml_file import Entry, Raw


class SettingsReader:
    """Values by section and key, their origins, and all that is wrong with them; a refused value is None."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {name: {} for name in (*sections(), NETWORKS)}
        self.plans: tuple[PlanSettings, ...] = ()
        self.origins = dict.fromkeys(keys(), "default")
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self._places: dict[str, str] = {}
        self._path = Path()

    def read_file(self, path: Path, entries: Iterable[Entry]) -> None:
        """Take the sections and plans of a file; its relative paths are relative to it."""
        self._path = path
        for entry, name in self._each("", entries):
            if entry.key == PLANS:
                self._read_plans(entry)
            elif name in TOP_KEYS:
                self.given[name] = self._value(keys()[name], name, entry)
            elif name not in sections():
                self._add_problem(entry.line, _unknown(name))
            elif entry.raw is not None:
                self.given[name] |= self._mapping(sections()[name], name, entry.raw, entry.line) or {}

    def read_value(self, key: Key, name: str, raw: object, origin: str, subject: str) -> Any:
        """The value of a key, None where its rule refuses it; `subject` begins the line of the problem."""
        self.origins[name] = self._places[name] = origin
        return self._read(key.rule, raw, subject)

    def read_variable(self, key: Key, text: str) -> None:
        """Take the text of a variable; lists are separated by commas, mappings are YAML in braces."""
        name, variable = key.name, key.variable
        if key.rule.mapping:
            value = self._read_yaml(key, text)
            self.origins[name] = variable
        else:
            raw = [item.strip() for item in text.split(",") if text.strip()] if key.rule.is_list else text
            value = self.read_value(key, name, raw, variable, variable)
        (self.given[key.section] if key.section else self.given)[key.field] = value

    def _read_yaml(self, key: Key, text: str) -> Any:
        self._path = Path(key.variable)
        try:
            entry, *_ = parse_yaml(f"{key.field}: {' '.join(text.split())}")
        except YamlError as error:
            self._add_problem(None, str(error))
            return None
        return self._value(key, key.name, entry)

    def _read(self, rule: Rule, raw: object, subject: str) -> Any:
        try:
            return rule.read(raw)
        except RuleError as error:
            self.problems.append(f"{subject}: {error}; use {rule.says}")
            return None

    def check(self, kind: type[Section], name: str, given: dict[str, Any]) -> None:
        """Note the keys of a section that contradict each other."""
        for key, fault in kind.faults(given):
            self.problems.append(f"{self._places[f'{name}.{key}']}: {name}.{key}: {fault}")

    def _read_plans(self, entry: Entry) -> None:
        from exporter.settings.plans.sections import PlanSettings  # noqa: PLC0415 - 2 ms that only plans need

        fault = f"is not a list; write - before each plan; {its_keys(PlanSettings)}"
        found = [] if entry.raw in (None, []) else self._list(PlanSettings, PLANS, entry, fault) or []
        self._check_names([None if given is None else given.get("name", PlanSettings().name) for given in found])
        if not self.problems:
            self.plans = tuple(msgspec.convert(given, PlanSettings) for given in found)

    def _check_names(self, names: Sequence[str | None]) -> None:
        for number, name in enumerate(names):
            if name and (first := names.index(name)) < number:
                plan = f"{PLANS}[{number}]"
                place = self._places.get(f"{plan}.name", self._places[plan])
                fault = f"{clipped(repr(name))} is the name of {PLANS}[{first}] too; use another"
                self.problems.append(f"{place}: {plan}.name: {fault}")

    def _list(self, kind: type[Section], name: str, entry: Entry, fault: str) -> list[dict[str, Any] | None] | None:
        if not isinstance(entry.raw, list) or not entry.raw:
            self._add_problem(entry.line, f"{name}: {fault}")
            return None
        found = []
        for number, raw in enumerate(entry.raw):
            line = raw[0].line if isinstance(raw, tuple) and raw else entry.line
            self._places[f"{name}[{number}]"] = place_of(self._path, line)
            given = self._mapping(kind, f"{name}[{number}]", raw, line)
            if given is not None:
                self.check(kind, f"{name}[{number}]", given)
            found.append(given)
        return found

    def _mapping(self, kind: type[Section], name: str, raw: Raw, line: int) -> dict[str, Any] | None:
        if not isinstance(raw, tuple):
            self._add_problem(line, f"{name}: is not a mapping; {its_keys(kind)}")
            return None
        given = {}
        for entry, full_name in self._each(name, raw):
            if key := fields(kind).get(entry.key):
                given[key.field] = self._value(key, full_name, entry)
            else:
                self._add_problem(entry.line, _unknown(full_name, kind))
        return given

    def _value(self, key: Key, name: str, entry: Entry) -> Any:
        place = self._places[name] = place_of(self._path, entry.line)
        if key.rule.mapping:
            self.origins[name] = place
            return {} if entry.raw is None else self._names(key.rule, key.rule.mapping, name, entry)
        if key.below is None:
            value = self.read_value(key, name, entry.raw, place, f"{place}: {name}")
            return self._path.parent / value if isinstance(value, Path) else value
        if key.rule.is_list:
            self.origins[name] = place
            with suppress(RuleError):
                if entry.raw in (None, []):
                    return key.rule.read([])
            return self._list(key.below, name, entry, f"is not {key.rule.says}")
        return {} if entry.raw is None else self._mapping(key.below, name, entry.raw, entry.line)

    def _names(self, rule: Rule, mapping: MappingRule, name: str, entry: Entry) -> dict[str, Any] | None:
        if not isinstance(entry.raw, tuple):
            self._add_problem(entry.line, f"{name}: is not a mapping; use {rule.says}")
            return None
        values = {}
        for item, full_name in self._each(name, entry.raw):
            self._places[full_name] = place = place_of(self._path, item.line)
            self._read(mapping.name, item.key, f"{place}: {name}")
            values[item.key] = self._read(mapping.item, item.raw, f"{place}: {printable(full_name)}")
        for key, fault in mapping.faults(values):
            self.problems.append(f"{self._places[f'{name}.{key}']}: {printable(f'{name}.{key}')}: {fault}")
        return values

    def _each(self, name: str, entries: Iterable[Entry]) -> Iterator[tuple[Entry, str]]:
        for entry in entries:
            full_name = f"{name}.{entry.key}" if name else entry.key
            if entry.first_line:
                fault = f"is written twice, first on line {entry.first_line}"
                self._add_problem(entry.line, f"{printable(full_name)}: {fault}")
            yield entry, full_name

    def _add_problem(self, line: int | None, text: str) -> None:
        self.problems.append(f"{place_of(self._path, line)}: {text}")


def its_keys(kind: type[Section]) -> str:
    """The keys of a section, as a part of a sentence."""
    return f"its keys are {', '.join(fields(kind))}"


def _unknown(name: str, kind: type[Section] | None = None) -> str:
    """The problem of a key that does not exist, with the nearest that does: beside it, else elsewhere."""
    section, _, field = name.rpartition(".")
    if name in keys():
        return f"{name}: unknown key; write {field}: below {section}:"
    top = dict(zip(names := (*sections(), *TOP_KEYS, PLANS), names, strict=True))
    siblings = fields(kind, section if section in sections() else "") if kind else {}
    beside = {key.field: key.name for key in siblings.values()} if kind else top
    elsewhere = {key.field: key.name for key in keys().values()}
    exact = {field: elsewhere[field]} if field in elsewhere else {}
    hints = (did_you_mean(field, candidates) for candidates in (exact, beside, elsewhere))
    otherwise = its_keys(kind) if kind else f"the sections are {', '.join(top)}"
    return f"{printable(name)}: unknown key{next(filter(None, hints), f'; {otherwise}')}"


def printable(name: str) -> str:
    """A key that is only in the file: short, and in one line."""
    return clipped(name if name.isprintable() else repr(name))


def did_you_mean(word: str, candidates: Mapping[str, str]) -> str:
    """A hint at the value of the candidate that is nearest to a word; empty where none is near."""
    near = nearest(word, candidates)
    return "" if near is None else f"; did you mean {candidates[near]}?"
