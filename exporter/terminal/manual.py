"""The manual page of a program, in the man macros of roff, from the help texts of its commands; pure.

The macros are those of groff_man(7).
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Named = Sequence[tuple[str, click.Command]]

WORD = re.compile(r"`([^`]+)`")


def manual_page(name: str, root: click.Command, commands: Named, files: Sequence[tuple[str, str]]) -> str:
    """The page of a program; `commands` are by their full names, `files` have what each is for."""
    context = click.Context(root, info_name=name, help_option_names=["-h", "--help"])
    summary, _, rest = inspect.cleandoc(root.help or "").partition("\n\n")
    lines = [
        f'.TH {name.upper()} 1 "" "{name}" "User Commands"',
        ".SH NAME",
        f"{name} \\- {_text(summary.rstrip('.'))}",
        ".SH SYNOPSIS",
        f".B {name}",
        _text(" ".join(root.collect_usage_pieces(context))),
        ".SH DESCRIPTION",
        *_paragraphs(rest),
        ".SH OPTIONS",
        *_options(root, context),
        ".SH COMMANDS",
    ]
    for full_name, command in commands:
        lines += _command(f"{name} {full_name}", command, context)
    lines += [".SH EXIT STATUS", *_paragraphs(root.epilog or ""), ".SH FILES"]
    for path, text in files:
        lines += [".TP", f".I {_text(path)}", _text(text)]
    return "\n".join(lines) + "\n"


def _command(name: str, command: click.Command, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, parent=parent, info_name=name, help_option_names=parent.help_option_names)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    yield f'.SS "{_text(usage)}"'
    yield from _paragraphs(inspect.cleandoc(command.help or ""))
    yield from _options(command, context)


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        if (record := parameter.get_help_record(context)) is not None:
            yield ".TP"
            yield f".B {_text(record[0])}"
            yield _text(record[1]) if record[1] else "\\&"


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(filter(None, text.split("\n\n"))):
        if number:
            yield ".PP"
        yield _text(" ".join(paragraph.split()))


def _text(text: str) -> str:
    r"""Text that roff prints as it is: a hyphen is one, and neither a backslash nor a first dot is a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    escaped = WORD.sub(r"\\fB\1\\fP", escaped)
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
