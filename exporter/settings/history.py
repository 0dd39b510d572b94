"""How much history /metrics shows: `none`, `days 7`, `counted` or `all`."""

from __future__ import annotations

import re

from exporter.settings.rules import Rule, RuleError, clipped, one_text
from reports.calendar.history_length import DAYS_KEPT, HistoryLength

COUNTED = HistoryLength()
_WORDS = {"none": HistoryLength(0, 0), "counted": COUNTED, "all": HistoryLength(of_all=True)}
_DAYS = re.compile(r"days (\d{1,2})", re.ASCII)


def _read(raw: object) -> HistoryLength:
    text = one_text(raw)
    found = _DAYS.fullmatch(text)
    if found and 1 <= int(found[1]) <= DAYS_KEPT:
        return HistoryLength(int(found[1]), 0)
    if text not in _WORDS:
        raise RuleError(f"{clipped(text)} is unknown")
    return _WORDS[text]


def _write(length: HistoryLength) -> str:
    return next((word for word, known in _WORDS.items() if known == length), f"days {length.days}")


HISTORY = Rule(f"none, counted, all, or days N with N from 1 to {DAYS_KEPT}", _read, _write)
