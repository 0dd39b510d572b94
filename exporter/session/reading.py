"""The frame of a command that reads: it opens the session, takes `--json`, prints the answer and sets the exit code."""

from __future__ import annotations

import sys
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from msgspec import to_builtins

from exporter.session.session import open_session
from exporter.terminal.options import API_JSON, json_option
from exporter.terminal.printing import print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter.session.environment import Environment


class CommandAnswer(NamedTuple):
    """The answer of a command: the document for `--json`, the function that prints it as text, and the exit code."""

    document: object
    print_text: Callable[[], None]
    exit_code: int = 0


def print_answer(answer: CommandAnswer, *, as_json: bool) -> None:
    """Print an answer, and end the command with its exit code."""
    if as_json:
        print_json(answer.document)
    else:
        answer.print_text()
    if answer.exit_code:
        sys.exit(answer.exit_code)


def reading(json_help: str = API_JSON) -> Callable[[Callable[..., CommandAnswer]], Any]:
    """Make a click callback of a function that takes a Session and its options, and returns an Answer."""

    def decorate(answer: Callable[..., CommandAnswer]) -> Any:
        def callback(environment: Environment, /, *, as_json: bool, **options: object) -> None:
            session = open_session(environment)
            found = answer(session, **options)
            if as_json and session.hosts is not None and session.hosts.note is not None:
                found = found._replace(document={**to_builtins(found.document), "hosts": session.hosts.note})
            print_answer(found, as_json=as_json)

        command = click.pass_obj(update_wrapper(callback, answer))
        return json_option(json_help)(command)

    return decorate
