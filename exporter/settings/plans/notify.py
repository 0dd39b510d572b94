"""The receivers of a plan's alerts, and what these keys accept; both values may hold a secret."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated

from exporter.settings.list_rules import HIDDEN
from exporter.settings.rules import Rule, RuleError, clipped, each, one_text
from exporter.settings.schema import Section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PLACEHOLDERS = ("host", "plan", "percent", "used", "cap", "left", "until", "title", "text")

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
HIGHEST_PORT = 65_535
LABEL = re.compile(".{1,63}")
URL = re.compile(
    r"(https?://)(?:[!-~]+@)?([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?(?:[/?#][!-~]*)?", re.ASCII | re.IGNORECASE
)


def _read_webhook(raw: object) -> str:
    """No error holds a part of the address."""
    text = one_text(raw)
    found = URL.fullmatch(text)
    if found is None:
        raise RuleError("is not an http or https address")
    _, host, port = found.groups(default="")
    if not host.startswith("[") and not all(LABEL.fullmatch(label) for label in host.removesuffix(".").split(".")):
        raise RuleError("has a host that no name can be")
    if port and int(port[1:]) > HIGHEST_PORT:
        raise RuleError(f"has a port above {HIGHEST_PORT}")
    return text


def _read_command(raw: object) -> tuple[str, ...]:
    if isinstance(raw, str) and re.search(r"\s", raw.strip()):
        raise RuleError(f"{clipped(raw)} has a space: write the program and its arguments as a list")
    command = tuple(each(raw, one_text))
    if not command:
        raise RuleError("is empty")
    if re.search(r"[/\\]", command[0]) and not PurePath(command[0]).is_absolute():
        raise RuleError(f"{clipped(command[0])} is a relative path")
    names = (name for argument in command[1:] for name in PLACEHOLDER.findall(argument))
    if unknown := [name for name in names if name not in PLACEHOLDERS]:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise RuleError(f"{{{clipped(unknown[0])}}} stands for nothing: the placeholders are {known}")
    return command


def _write_command(command: Sequence[str]) -> list[str]:
    return [*command[:1], *(HIDDEN for _ in command[1:])]


WEBHOOK = Rule(
    "an address such as https://example.org/path", _read_webhook, lambda url: URL.sub(rf"\1\2\3/{HIDDEN}", url)
)
COMMAND = Rule(
    'a list such as [notify-send, "{title}", "{text}"], the program by its name or its full path',
    _read_command,
    _write_command,
    is_list=True,
)


class Notify(Section, frozen=True):
    """Who is told of an alert, besides the log."""

    webhook: Annotated[str | None, WEBHOOK, "Address that gets an alert as JSON.", "https://example.org/alerts"] = None
    command: Annotated[
        tuple[str, ...], COMMAND, "Program that is run with an alert.", '[notify-send, "{title}", "{text}"]'
    ] = ()

    def __repr__(self) -> str:
        return f"Notify({'a' if self.webhook else 'no'} webhook, {'a' if self.command else 'no'} command)"


def filled(command: tuple[str, ...], parts: Mapping[str, str]) -> tuple[str, ...]:
    """The command with each placeholder of its arguments replaced; the program itself has none."""
    program, *arguments = command
    return (program, *(PLACEHOLDER.sub(lambda found: parts.get(found[1], found[0]), text) for text in arguments))
