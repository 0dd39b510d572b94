"""Filters of the request log: services and subjects by their numbers, and conditions on its rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from reports.ledger.addresses import address_within, client_text
from reports.ledger.amounts import ENDLESS
from reports.ledger.shape import ALL, REQUEST
from reports.text.agents import is_bot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.ledger.reader import LedgerReader

CONDITIONS = {
    "subjects": "l.subject IN (SELECT value FROM json_each(:subjects))",
    "path": "instr(ifnull(nullif(l.path, ''), k.route), :path) > 0",
    "client": "address_within(l.client, :client)",
    "least": "l.duration >= :least",
    "most": "l.duration <= :most",
    "bots": "NOT is_bot(ifnull(a.agent, ''))",
}
"""By the part of a filter; those of the log's own columns come before names are joined."""

FEW_SUBJECTS = 64
"""So few subjects are sought day by day and slot by slot, before their rows are read."""


class LogFilter(NamedTuple):
    """Which requests; empty parts stand for all.

    `start` and `end` are UTC microseconds; `code` is a status code or a class such as "5xx"; `route` is a pattern with
    * and ?; `path` a part of the path; `client` an address or a prefix as the log keeps them; `least` and `most` are
    microseconds. `excluded_codes`, `excluded_routes` and `without_bots` leave out.
    """

    services: tuple[str, ...] = ()
    start: int = 0
    end: int = ENDLESS
    method: str = ""
    code: str = ""
    route: str = ""
    path: str = ""
    client: str = ""
    least: int | None = None
    most: int | None = None
    excluded_codes: tuple[str, ...] = ()
    excluded_routes: tuple[str, ...] = ()
    without_bots: bool = False

    @property
    def is_of_subjects(self) -> bool:
        """True if it asks for a method, a code or a route."""
        return any((self.method, self.code, self.route, self.excluded_codes, self.excluded_routes))


def service_ids(ledger: LedgerReader, names: Sequence[str]) -> list[int]:
    """Services as the log numbers them: those of these names, all without any; from here, its conditions are known."""
    if not ledger.has_table("request_log"):
        return []
    ledger.add_function("address_within", 2, address_within)
    ledger.add_function("client_text", 1, client_text)
    ledger.add_function("is_bot", 1, is_bot)
    query = "SELECT id FROM request_service WHERE :names = '[]' OR name IN (SELECT value FROM json_each(:names))"
    return [number for (number,) in ledger.execute(query, {"names": json.dumps(list(names))})]


def subjects_of(ledger: LedgerReader, chosen: LogFilter) -> list[int]:
    """The subjects of a filter: few rows, of which each stands for many of the log."""
    query = f"""
        SELECT subject FROM {REQUEST.subjects} WHERE code <> :all
        AND (:services = '[]' OR service IN (SELECT value FROM json_each(:services)))
        AND (:method = '' OR method = :method) AND (:route = '' OR route GLOB :route)
        AND (:code = '' OR code = :code OR (:code GLOB '[1-5]xx' AND substr(code, 1, 1) = substr(:code, 1, 1)
             AND length(code) = 3))
        AND code NOT IN (SELECT value FROM json_each(:codes)) AND route NOT IN (SELECT value FROM json_each(:routes))
    """
    bounds = {
        "all": ALL,
        "services": json.dumps(list(chosen.services)),
        "method": chosen.method,
        "route": chosen.route,
        "code": chosen.code,
        "codes": json.dumps(list(chosen.excluded_codes)),
        "routes": json.dumps(list(chosen.excluded_routes)),
    }
    return [number for (number,) in ledger.execute(query, bounds)]


def conditions_of(chosen: LogFilter, subjects: Sequence[int] | None) -> tuple[dict[str, int | str], list[str]]:
    """The values of a filter's parts, and their conditions as SQL."""
    parts: dict[str, int | str | None] = {
        "subjects": None if subjects is None else json.dumps(list(subjects)),
        "least": chosen.least,
        "most": chosen.most,
        "bots": "" if chosen.without_bots else None,
        "client": chosen.client or None,
        "path": chosen.path or None,
    }
    used = {name: value for name, value in parts.items() if value is not None}
    conditions = [CONDITIONS[name] for name in used]
    if subjects is not None and len(subjects) <= FEW_SUBJECTS:  # numbers in the query: a tenth less for each row
        conditions[0] = f"l.subject IN ({', '.join(map(str, subjects))})"
    return used, conditions
