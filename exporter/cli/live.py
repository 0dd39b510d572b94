"""`netledger live`: speed as it is, second by second."""

from __future__ import annotations

import contextlib
import gc
import json
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import click

from exporter.session.client import ServiceError
from exporter.session.session import open_session, require_lock_access
from exporter.terminal.options import interface_option, json_option
from exporter.terminal.printing import terminal_width
from reports.text.amounts import human_bits, human_rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exporter.session.client import ServiceClient
    from exporter.session.environment import Environment

BAD_REQUEST = 400


@click.command()
@interface_option()
@click.option("--count", type=click.IntRange(min=1), metavar="LINES", help="Stop after so many lines.")
@json_option("Print one JSON object a line, with time and unit.")
@click.pass_obj
def live(environment: Environment, *, interfaces: Sequence[str], count: int | None, as_json: bool) -> None:
    """Show receive and transmit speed as it is, once a second (Ctrl-C ends it)."""
    session = open_session(environment)
    client = session.client if session.holder else session.any_service()
    if client is None:
        require_lock_access(session.settings.ledger.path)
        is_starting = "netledger is starting: ask again in a moment"
        is_stopped = "netledger is not running: start it with `netledger run`"
        raise click.ClickException(is_starting if session.holder else is_stopped)
    gc.enable()  # this one may go on for days
    path = "/api/live" + (f"?{urlencode([('interface', name) for name in interfaces])}" if interfaces else "")
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        for told in _each_second(client, path, count):
            line = _as_json(told, environment.now()) if as_json else _in_words(told)
            click.echo(line, nl=as_json or not sys.stdout.isatty())
            sys.stdout.flush()
    if sys.stdout.isatty() and not as_json:
        click.echo()


def _each_second(client: ServiceClient, path: str, count: int | None) -> Iterator[Any]:
    done = 0
    while count is None or done < count:
        try:
            yield client.get(path)
        except ServiceError as error:
            if error.status == BAD_REQUEST:
                raise click.UsageError(error.reason) from error
            raise click.ClickException(str(error)) from error
        done += 1
        if done != count:
            time.sleep(1.0)


def _as_json(told: Any, now: float) -> str:
    """The API's answer, and what a line needs that stands alone: when it was, and that amounts are per second."""
    at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
    speeds = {
        "bytes_sent_per_second": told["bytes_sent"],
        "bytes_received_per_second": told["bytes_received"],
        "total_bytes_per_second": told["total_bytes"],
    }
    return json.dumps({"time": at, "unit": "bytes per second", **speeds, **told})


def _in_words(told: Any) -> str:
    """On a terminal one line that never breaks: bits are left out where there is no room."""
    sides = (("receive", told["bytes_received"]), ("transmit", told["bytes_sent"]))
    line = "   ".join(f"{name} {human_rate(speed):>11} ({human_bits(speed)})" for name, speed in sides)
    if not sys.stdout.isatty():
        return line
    if len(line) >= terminal_width():
        line = "   ".join(f"{name} {human_rate(speed):>11}" for name, speed in sides)
    return f"\r\x1b[K{line}"
