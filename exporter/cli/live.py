"""`netledger live`: speed as it is, second by second."""

from __future__ import annotations

import contextlib
import gc
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from exporter.console.books import open_books, require_sight
from exporter.console.client import ServiceError
from reports.amounts import human_bits, human_rate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.console.client import ServiceClient
    from exporter.console.outside import Outside

BAD_REQUEST = 400


@click.command()
@click.option("--interface", metavar="NAME", help="One interface instead of all that are counted.")
@click.option("--count", type=click.IntRange(min=1), metavar="LINES", help="Stop after so many lines.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_obj
def live(outside: Outside, *, interface: str | None, count: int | None, as_json: bool) -> None:
    """Show receive and transmit speed as it is, once a second (Ctrl-C ends it)."""
    books = open_books(outside)
    client = books.client
    if client is None:
        require_sight(books.settings.ledger.path)
        raise click.ClickException("netledger is not running: start it with `netledger run`")
    gc.enable()  # this one may go on for days
    path = "/api/live" + (f"?interface={quote(interface)}" if interface else "")
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        for told in _each_second(client, path, count):
            click.echo(_as_json(told) if as_json else _in_words(told), nl=as_json or not sys.stdout.isatty())
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
                raise click.UsageError(str(error)) from error
            raise click.ClickException(str(error)) from error
        done += 1
        if done != count:
            time.sleep(1.0)


def _as_json(told: Any) -> str:
    import json  # noqa: PLC0415 - only for this form

    return json.dumps(told)


def _in_words(told: Any) -> str:
    received, sent = told["bytes_received"], told["bytes_sent"]
    sides = (("receive", received), ("transmit", sent))
    line = "   ".join(f"{name} {human_rate(speed):>11} ({human_bits(speed)})" for name, speed in sides)
    return f"\r\x1b[K{line}" if sys.stdout.isatty() else line
