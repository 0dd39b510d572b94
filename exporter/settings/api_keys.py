"""API keys: those that the settings list, that of BANDWIDTH_API_KEY, and those of the key file.

No error and no warning holds a key.
"""

from __future__ import annotations

import contextlib
import stat
from typing import TYPE_CHECKING

from exporter.settings.list_rules import SHORTEST_KEY
from exporter.settings.loopback import is_loopback
from exporter.settings.tree import Server, keys
from exporter.settings.yaml_file import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from exporter.settings.reader import SettingsReader

API_KEYS = "auth.api_keys"
KEY_FILE = "auth.api_key_file"
KEY_VARIABLE = "BANDWIDTH_API_KEY"


def collect_keys(reader: SettingsReader, environ: Mapping[str, str]) -> None:
    """Add the further keys to those that are listed; a short one is refused where other machines can try it."""
    key, origin = keys()[API_KEYS], reader.origins[API_KEYS]
    subject = origin if origin == key.variable else f"{origin}: {API_KEYS}"
    sources: list[tuple[tuple[str, ...], str, str]] = []
    if listed := reader.given["auth"].get("api_keys"):
        sources.append((listed, origin, subject))
    for text, origin, place in _further_keys(reader, environ):
        if further := reader.read_value(key, API_KEYS, [text], origin, place):
            sources.append((further, origin, place))
    reader.given["auth"]["api_keys"] = tuple(dict.fromkeys(text for texts, _, _ in sources for text in texts))
    if sources:
        reader.origins[API_KEYS] = ", ".join(dict.fromkeys(origin for _, origin, _ in sources))
    # A short key is soon guessed.
    is_local = is_loopback(reader.given["server"].get("host") or Server().host)
    for texts, _, subject in sources:
        for number in (number for number, text in enumerate(texts, 1) if len(text) < SHORTEST_KEY):
            fault = f"{subject}: key {number} is shorter than {SHORTEST_KEY} characters; use {key.rule.says}"
            (reader.warnings if is_local else reader.problems).append(fault)


def warn_of_readers(reader: SettingsReader, path: Path, content: str = "API keys", place: str = KEY_FILE) -> None:
    """Warn if every user can read a file that holds a secret, and name the place where it may stand instead."""
    with contextlib.suppress(OSError):
        if path.stat().st_mode & stat.S_IROTH:
            reader.warnings.append(
                f"{path}: holds {content} and can be read by every user: chmod o-r it, or, where the service is "
                f"another user, keep them in a file that it alone may read ({place})"
            )


def _further_keys(reader: SettingsReader, environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Keys that are not listed: the text, its origin, and its place."""
    if environ.get(KEY_VARIABLE):
        yield environ[KEY_VARIABLE], KEY_VARIABLE, KEY_VARIABLE
    if not (path := reader.given["auth"].get("api_key_file")):
        return
    subject = f"{reader.origins[KEY_FILE]}: {KEY_FILE}: {path}"
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        reader.problems.append(f"{subject} cannot be read: {reason}")
        return
    further = [(line, str(path), place_of(path, number)) for number, line in enumerate(lines, start=1)]
    further = [key for key in further if key[0] and not key[0].startswith("#")]
    yield from further
    if not further:
        reader.problems.append(f"{subject} holds no key")
    warn_of_readers(reader, path)
