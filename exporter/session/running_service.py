"""The running service, for commands that show this moment: the ledger's file does not know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from exporter.session.session import require_lock_access

if TYPE_CHECKING:
    from exporter.session.client import ServiceClient
    from exporter.session.session import Session

NOT_RUNNING = 3
"""Exit code of init scripts for a service that does not run (LSB, section 20.2)."""


class NotRunningError(click.ClickException):
    """No service answers: the reason, and the next step."""

    exit_code = NOT_RUNNING


def running_service(session: Session) -> ServiceClient:
    """The client of the service; ends the command where none runs, or where it cannot be seen whether one does."""
    client = session.client if session.holder else session.any_service()
    if client is not None:
        return client
    require_lock_access(session.settings.ledger.path)
    if session.holder:
        raise NotRunningError("netledger is starting: ask again in a moment")
    raise NotRunningError("netledger is not running: start it with `netledger run`")
