"""`netledger live`: receive and transmit speed, once a second."""

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
from exporter.session.live_screen import Repetition
from exporter.session.live_summary import MovedMeasure
from exporter.session.live_table import show_applications
from exporter.session.questions import click_error
from exporter.session.running_service import running_service
from exporter.session.session import open_session
from exporter.session.top_view import TopView
from exporter.terminal.amounts import chosen_style
from exporter.terminal.options import by_option, interface_option, json_option, refuse_interfaces
from exporter.terminal.printing import terminal_width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exporter.session.client import ServiceClient
    from exporter.session.environment import Environment


@click.command()
@interface_option()
@click.option("--count", type=click.IntRange(min=1), metavar="LINES", help="Stop after so many lines.")
@click.option(
    "--seconds",
    type=click.IntRange(1, 86_400),
    metavar="N",
    help="No lines: bytes and averages of so many seconds.",
)
@by_option
@json_option("Print one JSON object a line, with time and unit.")
@click.pass_obj
def live(
    environment: Environment,
    *,
    interfaces: Sequence[str],
    count: int | None,
    seconds: int | None,
    dimension: str | None,
    as_json: bool,
) -> None:
    """Show receive and transmit speed as it is, once a second (Ctrl-C ends it).

    On a terminal it ends with what moved: seconds, bytes, average and highest speed. By application it is
    `netledger top`.
    """
    refuse_interfaces(dimension, interfaces)
    client = running_service(open_session(environment))
    gc.enable()  # this one may go on for days
    if dimension is not None:
        show_applications(client, TopView(), Repetition(screens=count), as_json=as_json)
        return
    path = "/api/live" + (f"?{urlencode([('interface', name) for name in interfaces])}" if interfaces else "")
    try:
        measure = MovedMeasure(client, interfaces)
        with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
            for answer in _each_second(client, path, count if seconds is None else seconds):
                measure.add(answer)
                if seconds is None:
                    _print(answer, environment, as_json=as_json)
            if seconds is not None:
                time.sleep(1.0)  # the last second of them
        _print_end(measure, is_measured=seconds is not None, as_json=as_json)
    except ServiceError as error:
        raise click_error(error) from error


def _print(answer: Any, environment: Environment, *, as_json: bool) -> None:
    line = _as_json(answer, environment.now()) if as_json else _in_words(answer)
    click.echo(line, nl=as_json or not sys.stdout.isatty())
    sys.stdout.flush()


def _print_end(measure: MovedMeasure, *, is_measured: bool, as_json: bool) -> None:
    """What moved: in a pipe only where it is all that was asked for, since programs read the lines before it."""
    if is_measured and as_json:
        click.echo(json.dumps(measure.moved().document()))
    elif is_measured:
        measure.moved().print()
    elif sys.stdout.isatty() and not as_json:
        click.echo()
        with contextlib.suppress(ServiceError):  # the speeds that were shown need no ledger
            measure.moved().print()


def _each_second(client: ServiceClient, path: str, count: int | None) -> Iterator[Any]:
    done = 0
    while count is None or done < count:
        yield client.get(path)
        done += 1
        if done != count:
            time.sleep(1.0)


def _as_json(answer: Any, now: float) -> str:
    """The API's answer with the time and the unit, since each line stands alone."""
    at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
    speeds = {
        "bytes_sent_per_second": answer["bytes_sent"],
        "bytes_received_per_second": answer["bytes_received"],
        "total_bytes_per_second": answer["total_bytes"],
    }
    return json.dumps({"time": at, "unit": "bytes per second", **speeds, **answer})


def _in_words(answer: Any) -> str:
    """On a terminal one line that never breaks: the other unit is left out where there is no room."""
    style = chosen_style()
    sides = (("receive", answer["bytes_received"]), ("transmit", answer["bytes_sent"]))
    other = style.other_rate()
    line = "   ".join(f"{name} {style.speed(speed):>13} ({other.speed(speed)})" for name, speed in sides)
    if not sys.stdout.isatty():
        return line
    if len(line) >= terminal_width():
        line = "   ".join(f"{name} {style.speed(speed):>13}" for name, speed in sides)
    return f"\r\x1b[K{line}"
