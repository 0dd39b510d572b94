"""Checks of the request meter: services, their keys, logs that are followed, and what is not measured."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.findings import FACT, LIMIT, PROBLEM, Finding, MeterReport
from exporter.meters.requests.settings import Requests
from exporter.terminal.imported import marked, marked_title
from exporter.terminal.printing import TextTable
from reports.calendar.days import day_of
from reports.calendar.period import Period
from reports.ledger.service_keys import valid_keys
from reports.ledger.shape import OWN_SERVICE
from reports.text.amounts import human_count
from reports.text.milliseconds import human_milliseconds
from reports.usage.requests.summary import services

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from exporter.settings.tree import Settings
    from reports.ledger.reader import LedgerReader
    from reports.usage.requests.figures import ServiceFigures

TOPIC = "requests"
COLUMNS = ("Service", "Requests", "Errors", "p95", "Keys")
MOST_ROWS, MOST_NAMES = 10, 5
WAYS = "docs/requests.md names the ways: a middleware, OpenTelemetry, an access log, a plain HTTP call."


class RequestFacts(NamedTuple):
    """How requests are measured: by the settings, what services reported this month, how many valid keys each has.

    `services` is None where the ledger cannot be read.
    `limits` are what the running service says that it did not count. `unreadable` are the access logs that this user
    cannot read, by service, where no service runs that would.
    """

    settings: Requests = Requests()
    services: Sequence[ServiceFigures] | None = None
    keys: Mapping[str, int] = {}
    limits: Sequence[str] = ()
    unreadable: Mapping[str, str] = {}


def check(settings: Settings, ledger: LedgerReader | None, running: Mapping[str, object] | None) -> MeterReport:
    """Findings about services and what is not measured, and the services of this month."""
    limits = (running or {}).get("limits")
    facts = RequestFacts(
        settings.requests,
        limits=[str(text) for text in limits] if isinstance(limits, list) else [],
        unreadable=_unreadable(settings.requests) if running is None else {},
    )
    if ledger is not None:
        facts = facts._replace(services=_of_this_month(ledger, time.time()), keys=valid_keys(ledger))
    return request_report(facts)


def request_report(facts: RequestFacts) -> MeterReport:
    """The report of these facts."""
    found = facts.services or ()
    rows = [_row(each, facts.keys.get(each.service, 0)) for each in found[:MOST_ROWS]]
    document = {
        "services": [each.service for each in found],
        "keys": dict(facts.keys),
        "limits": list(facts.limits),
    }
    title = marked_title("Services with the most requests this month", sum(each.imported for each in found[:MOST_ROWS]))
    table = TextTable(title, COLUMNS, rows)
    return MeterReport(list(_find(facts)), table, {"request_meter": document})


def _find(facts: RequestFacts) -> Iterator[Finding]:
    others = [each for each in facts.services or () if each.service != OWN_SERVICE]
    if others:
        yield Finding(TOPIC, FACT, f"Requests of this month are of {_names(each.service for each in others)}.")
    elif facts.services is not None:
        yield Finding(TOPIC, FACT, "No service has reported requests this month.", WAYS)
    if facts.keys:
        yield Finding(TOPIC, FACT, f"Keys are valid for {_names(facts.keys)}.")
    if silent := facts.keys.keys() - {each.service for each in others}:
        yield Finding(TOPIC, LIMIT, f"Without a request this month, but with a key: {_names(sorted(silent))}.")
    for service, reason in facts.unreadable.items():
        text = f"The access log of {service} cannot be read by this user: {reason}."
        yield Finding(TOPIC, PROBLEM, text, "Give the service's user the right to read it (on Debian: the group adm).")
    yield from (Finding(TOPIC, LIMIT, text) for text in (*facts.limits, *_unmeasured(facts.settings, others)))


def _unmeasured(settings: Requests, found: Iterable[ServiceFigures]) -> Iterator[str]:
    """What the settings turn off, and what services do not report."""
    if not settings.own:
        yield "Requests to netledger itself are not counted: requests.own is off."
    if not settings.log:
        kept = [service for service, is_kept in settings.service_log.items() if is_kept]
        of_whom = f" but those of {_names(kept)}" if kept else ""
        yield f"Single requests are not kept{of_whom}: requests.log is off."
    elif unkept := [service for service, is_kept in settings.service_log.items() if not is_kept]:
        yield f"Single requests of {_names(unkept)} are not kept: requests.service_log."
    if nameless := [service for service, privacy in settings.service_privacy.items() if privacy == "none"]:
        yield f"Different clients of {_names(nameless)} are not counted: requests.service_privacy is none."
    if settings.privacy == "none":
        yield "Different clients are not counted: requests.privacy is none."
    if untimed := [each.service for each in found if not each.figures.timed]:
        yield f"Nobody reports how long requests of {_names(untimed)} take: they have no quantiles."


def _unreadable(settings: Requests) -> dict[str, str]:
    found = {service: _reason(str(path)) for service, path in settings.logs.items()}
    return {service: reason for service, reason in found.items() if reason}


def _reason(path: str) -> str:
    if os.access(path, os.R_OK):
        return ""
    return f"{path} may not be read" if os.path.exists(path) else f"there is no {path}"  # noqa: PTH110 - no error of a folder


def _of_this_month(ledger: LedgerReader, now: float) -> list[ServiceFigures]:
    today = day_of(int(now), ledger.zone)
    return services(ledger, Period.month(today.year, today.month, ledger.zone).span)


def _row(each: ServiceFigures, keys: int) -> tuple[str, ...]:
    requests, errors = human_count(each.figures.requests), human_count(each.figures.errors)
    return marked(each.service, each.imported), requests, errors, human_milliseconds(each.quantiles.p95), str(keys)


def _names(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - MOST_NAMES} more" if len(listed) > MOST_NAMES else ""
    return ", ".join(listed[:MOST_NAMES]) + more
