"""The mirror, for commands: its address, what the running service says of it, and a comparison with the ledger."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any, TypeVar

import click

from exporter.ledger.files import connect_to_read
from exporter.mirror.asking import MirrorFaultError, ask_mirror
from exporter.mirror.identity import read_machine_id
from exporter.mirror.verifying import verify
from exporter.session.client import ServiceError
from exporter.session.running_service import running_service
from exporter.session.session import SessionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from exporter.mirror.verifying import Verified
    from exporter.session.session import Session

Result = TypeVar("Result")


class NoAnswerError(click.ClickException):
    """The mirror cannot be asked: the reason, and the next step."""

    exit_code = 2


def mirror_url(session: Session) -> str:
    """The address of the settings; ends the command without one."""
    url = session.settings.mirror.url
    if url is None:
        raise NoAnswerError(
            "no mirror is set here: set mirror.url or NETLEDGER_MIRROR_URL, as the service that sends to it has it"
        )
    return url


def asked(url: str, question: Callable[[Any], Awaitable[Result]]) -> Result:
    """The mirror's answer; ends the command where there is none."""
    try:
        return ask_mirror(url, question)
    except MirrorFaultError as error:
        raise NoAnswerError(str(error)) from error


def verified(session: Session, advance: Callable[[int], object]) -> Verified:
    """The mirror compared with the ledger; `advance` takes the number of rows so far. Ends the command on errors."""
    url, settings = mirror_url(session), session.settings
    with session.read_posted():  # it says what is wrong with a file that is no ledger
        pass
    machine_id, schema = read_machine_id(), settings.mirror.schema

    async def compare(connection: Any) -> Verified | None:
        with contextlib.closing(connect_to_read(settings.ledger.path)) as ledger:
            return await verify(connection, ledger, schema, machine_id=machine_id, advance=advance)

    try:
        found = asked(url, compare)
    except sqlite3.Error as error:
        raise SessionError(f"cannot read the ledger ({error})", "`netledger ledger verify` says more") from error
    if found is None:
        raise NoAnswerError("the mirror has nothing of this ledger yet: `netledger mirror status` says why")
    return found


def row_count(session: Session) -> int:
    """About as many rows as are compared."""
    with session.read_posted() as reader:
        rows = reader.row_counts()
    return max(rows.slots + rows.days, 1)


def service_state(session: Session) -> dict[str, Any]:
    """What the running service says of its mirror; ends the command where none runs, or has none."""
    try:
        state = running_service(session).get("/api/health").get("mirror")
    except ServiceError as error:
        raise click.ClickException(str(error)) from error
    if state is None:
        raise NoAnswerError("the running service has no mirror: set mirror.url, and start it again")
    return dict(state)
