"""`netledger status`: does the service run, and how is it?"""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from exporter.ledger.locks.holder import Holder
from exporter.session.client import ServiceError
from exporter.session.dashboards import dashboard_notes
from exporter.session.reading import CommandAnswer, reading
from exporter.session.running_service import NOT_RUNNING
from exporter.session.session import Session, require_lock_access
from exporter.terminal.amounts import count_text
from exporter.terminal.printing import TextTable, print_sentence, print_table
from reports.calendar.days import DAY_SECONDS
from reports.text.amounts import human_duration


@click.command()
@reading("Print JSON.")
def status(session: Session) -> CommandAnswer:
    """Whether the service runs, and how it is (exit code 3 when it does not, 1 when it has a problem)."""
    path = str(session.settings.ledger.path.absolute())
    service = session.client or session.fallback_service()
    if session.holder is None and service is None:
        require_lock_access(session.settings.ledger.path)
        text = f"netledger is not running (ledger: {path})"
        return CommandAnswer({"status": "stopped", "ledger": path}, partial(print_sentence, text), NOT_RUNNING)
    try:
        health: dict[str, Any] = service.get("/api/health") if service else {"status": "starting", "problems": []}
    except ServiceError as error:
        health = {"status": "unreachable", "problems": [str(error)]}
    holder = session.holder or Holder(0, service.url if service else "")
    document = {"pid": holder.pid or None, "url": holder.url, **health}
    return CommandAnswer(document, partial(_print, session, holder, health), int(bool(health["problems"])))


def _print(session: Session, holder: Holder, health: dict[str, Any]) -> None:
    rows = [("Process", str(holder.pid or "of another user"))]
    rows += [("Address", holder.url or "-"), ("State", str(health["status"]))]
    if session.holder is not None:
        rows.append(("Ledger", str(session.settings.ledger.path.absolute())))
    if "seconds_since_sample" in health:
        rows.append(("Last sample", f"{health['seconds_since_sample']:.1f} s ago"))
        rows.append(("Time zone", health["timezone"]))
    for name, meter in health.get("meters", {}).items():
        way = f"not measured: {meter['reason']}" if meter["backend"] == "none" else f"measured by {meter['backend']}"
        rows.append((f"{name.capitalize()}s", way))
    if (update := health.get("update", {})).get("available"):
        rows.append(("Update", f"{update['version']} is there: {update['note']}"))
    if mirror := health.get("mirror"):
        rows.append(("Mirror", _mirror_text(mirror)))
    notes = [f"! {problem}" for problem in health["problems"]]
    yesterday = int(session.now()) - DAY_SECONDS
    notes += dashboard_notes(session.settings, lambda links: links.health(yesterday))
    print_table(TextTable("netledger", (), rows, left=frozenset({0, 1})), notes)


def _mirror_text(state: dict[str, Any]) -> str:
    if state["lag_seconds"] is None:
        return "nothing is copied yet"
    text = f"has all up to {human_duration(state['lag_seconds'])} ago"
    return text if state["up"] else f"{text}; rows behind: {count_text(state['rows_behind'])}"
