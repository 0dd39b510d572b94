"""Where events go and by which key: from arguments, the environment, or a file `.env`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

DEFAULT_URL = "http://127.0.0.1:7373"
URL_NAMES, KEY_NAMES = ("NETLEDGER_URL", "API_BASE"), ("NETLEDGER_KEY",)
"""Names in the environment and in `.env`; the first that is set counts."""

MOST_QUEUED, LARGEST_BATCH = 10_000, 500
QUIET_SECONDS, EXIT_SECONDS, ANSWER_SECONDS = 1.0, 2.0, 5.0


class ClientSettingsError(ValueError):
    """A setting that cannot be used; says which, and the rule."""


class ClientSettings(NamedTuple):
    """What a reporter needs.

    `most_queued` events wait in memory, beyond that the oldest is dropped; at most `largest_batch` of them travel
    together, `quiet_seconds` after the first at the latest. At the end of the process `exit_seconds` are left to send
    what waits; an answer may take `answer_seconds`.
    """

    url: str = DEFAULT_URL
    key: str = ""
    most_queued: int = MOST_QUEUED
    largest_batch: int = LARGEST_BATCH
    quiet_seconds: float = QUIET_SECONDS
    exit_seconds: float = EXIT_SECONDS
    answer_seconds: float = ANSWER_SECONDS


def read_settings(url: str | None = None, key: str | None = None) -> ClientSettings:
    """Arguments before the environment before `.env`; raises ClientSettingsError."""
    from_file = read_dotenv(Path.cwd() / ".env")
    found_url = url or _first(URL_NAMES, from_file) or DEFAULT_URL
    found_key = key or _first(KEY_NAMES, from_file)
    if not found_key:
        raise ClientSettingsError("there is no key: pass api_key, or set NETLEDGER_KEY")
    if not found_key.isascii() or not found_key.isprintable():
        raise ClientSettingsError("the key has characters that no HTTP header may have")
    return ClientSettings(_checked_url(found_url.strip()), found_key.strip())


def read_dotenv(path: Path) -> dict[str, str]:
    """Names and values of a file of lines NAME=VALUE; nothing where it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found = {}
    for line in lines:
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            found[name.replace("export ", "", 1).strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if value[:1] in {"'", '"'} and value[:1] in value[1:]:
        return value[1:].partition(value[0])[0]
    return value.partition(" #")[0].strip()


def _first(names: tuple[str, ...], from_file: dict[str, str]) -> str:
    for source in (os.environ, from_file):
        for name in names:
            if source.get(name):
                return source[name]
    return ""


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_good = False
    if not is_good:
        raise ClientSettingsError(f"the address {url!r} is not like http://127.0.0.1:7373")
    return url.rstrip("/")
