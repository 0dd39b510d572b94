"""`netledger live`: speed as it is, second by second."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from exporter.console.books import open_books
from exporter.console.client import ServiceError
from reports.amounts import human_bits, human_rate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from exporter.console.client import ServiceClient


@click.command()
@click.option("--interface", metavar="NAME", help="One interface instead of the whole machine.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many lines.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_obj
def live(config: Path | None, *, interface: str | None, count: int | None, as_json: bool) -> None:
    """Show receive and transmit speed as it is, once a second (Ctrl-C ends it)."""
    client = open_books(config).client
    if client is None:
        raise click.ClickException("netledger is not running: start it with `netledger run`")
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
            raise click.ClickException(str(error)) from error
        done += 1
        if done != count:
            time.sleep(1.0)


def _as_json(told: Any) -> str:
    import json  # noqa: PLC0415 - only for this form

    return json.dumps(told)


def _in_words(told: Any) -> str:
    received, sent = told["bytes_received"], told["bytes_sent"]
    line = f"receive {human_rate(received):>12} ({human_bits(received)})   transmit {human_rate(sent):>12} ({human_bits(sent)})"
    return f"\r\x1b[K{line}" if sys.stdout.isatty() else line
