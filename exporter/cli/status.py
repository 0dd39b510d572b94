"""`netledger status`: does the service run, and how is it?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from exporter.ledger.locks.holder import Holder
from exporter.session.client import ServiceError
from exporter.session.dashboards import dashboard_notes
from exporter.session.session import open_session, require_sight
from exporter.terminal.printing import Table, print_json, print_table, say

if TYPE_CHECKING:
    from exporter.session.environment import Environment
    from exporter.session.session import Session

DAY_SECONDS = 86_400
NOT_RUNNING = 3
"""Exit code of init scripts for a service that does not run (LSB, section 20.2)."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def status(environment: Environment, *, as_json: bool) -> None:
    """Whether the service runs, and how it is (exit code 3 when it does not, 1 when it has a problem)."""
    session = open_session(environment)
    service = session.client or session.neighbour()
    if session.holder is None and service is None:
        require_sight(session.settings.ledger.path)
        if as_json:
            print_json({"status": "stopped", "ledger": str(session.settings.ledger.path.absolute())})
        else:
            say(f"netledger is not running (ledger: {session.settings.ledger.path.absolute()})")
        sys.exit(NOT_RUNNING)
    try:
        told: dict[str, Any] = service.get("/api/health") if service else {"status": "starting", "problems": []}
    except ServiceError as error:
        told = {"status": "unreachable", "problems": [str(error)]}
    holder = session.holder or Holder(0, service.url if service else "")
    if as_json:
        print_json({"pid": holder.pid or None, "url": holder.url, **told})
    else:
        _print(session, holder, told)
    if told["problems"]:
        sys.exit(1)


def _print(session: Session, holder: Holder, told: dict[str, Any]) -> None:
    rows = [("Process", str(holder.pid or "of another user"))]
    rows += [("Address", holder.url or "-"), ("State", str(told["status"]))]
    if session.holder is not None:
        rows.append(("Ledger", str(session.settings.ledger.path.absolute())))
    if "seconds_since_sample" in told:
        rows.append(("Last sample", f"{told['seconds_since_sample']:.1f} s ago"))
        rows.append(("Time zone", told["timezone"]))
    notes = [f"! {problem}" for problem in told["problems"]]
    yesterday = int(session.now()) - DAY_SECONDS
    notes += dashboard_notes(session.settings, lambda links: links.health(yesterday))
    print_table(Table("netledger", (), rows, left=frozenset({0, 1})), notes)
