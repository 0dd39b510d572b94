"""What is wrong with an event that a client reports: its field, its value and the rule."""

from __future__ import annotations

import re
from typing import Any

import msgspec

PLACE = re.compile(r" - at `\$(?P<rows>(?:\.\w+)?\[\d*(?:\.\.\.)?\])?\.?(?P<field>\w*)[^`]*`$")
MISSING, UNKNOWN = re.compile(r"missing required field `(\w+)`"), re.compile(r"unknown field `(.+?)`", re.DOTALL)
CLIPPED = 60


class FieldError(ValueError):
    """A field cannot be used; `kind` is the name that FastAPI's clients know of such a fault."""

    def __init__(self, field: str, text: str, kind: str = "value_error") -> None:
        super().__init__(f"{field}: {text}" if field else text)
        self.field, self.text, self.kind = field, text, kind

    def detail(self) -> list[dict[str, Any]]:
        """The fault in the shape of FastAPI."""
        return [{"type": self.kind, "loc": ["body", *filter(None, [self.field])], "msg": self.text}]


def fault_of(error: Exception, raw: bytes) -> FieldError:
    """The fault of a row that msgspec refuses, with the value from the row itself."""
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return FieldError("", f"the body is no JSON: {text}", "json_invalid")
    if found := MISSING.search(text):
        return FieldError(found[1], "is missing", "missing")
    if found := UNKNOWN.search(text):
        return FieldError(clipped(found[1]), "is no field of an event", "extra_forbidden")
    place = PLACE.search(text)
    field = place["field"] if place else ""
    rule = PLACE.sub("", text).replace("Expected", "expected").replace("`", "")
    try:
        given = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        given = None
    value = given.get(field) if isinstance(given, dict) and field else given
    return FieldError(field, f"{clipped(repr(value))} is refused: {rule}", "value_error")


def clipped(text: str) -> str:
    """A text that is short and can be printed."""
    plain = text if text.isprintable() else ascii(text)
    return plain if len(plain) <= CLIPPED else f"{plain[:CLIPPED]}..."
