"""Lines of a service's log, as people and as programs read them."""

from __future__ import annotations

import json
import logging
import os
import shlex
import sys

import pytest

from exporter.terminal.log_lines import JSON, LOGFMT, REPETITIONS, WINDOW_SECONDS, RepetitionFilter, log_formatter

AT = 1_781_245_800.25


def _record(text: str, *arguments: object, level: int = logging.INFO, **fields: str) -> logging.LogRecord:
    record = logging.LogRecord("exporter.ledger", level, __file__, 1, text, arguments, None)
    record.created = AT
    if fields:
        record.fields = fields
    return record


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (_record("settings read again"), 'level=INFO source=exporter.ledger msg="settings read again"'),
        (_record("ready", level=logging.WARNING), "level=WARN source=exporter.ledger msg=ready"),
        (
            _record("x", address="http://[::1]:7373"),
            "level=INFO source=exporter.ledger msg=x address=http://[::1]:7373",
        ),
        (_record("a=%s", 'b"c\nlevel=ERROR'), 'level=INFO source=exporter.ledger msg="a=b\\"c\\nlevel=ERROR"'),
        (_record("%s", "\x1b[31m"), 'level=INFO source=exporter.ledger msg="\\u001b[31m"'),
        (_record(""), 'level=INFO source=exporter.ledger msg=""'),
    ],
)
def test_a_line_of_logfmt_has_named_fields(record: logging.LogRecord, line: str) -> None:
    written = log_formatter(LOGFMT).format(record)

    assert written == f"time=2026-06-12T06:30:00.250Z {line}"
    assert "\n" not in written


def test_a_line_of_json_is_a_document() -> None:
    written = log_formatter(JSON).format(_record("a\n%s", "ü", path="/x y"))

    assert "\n" not in written
    assert json.loads(written) == {
        "time": "2026-06-12T06:30:00.250Z",
        "level": "INFO",
        "source": "exporter.ledger",
        "msg": "a\nü",
        "path": "/x y",
    }


def test_a_traceback_is_a_field() -> None:
    try:
        int("of this")
    except ValueError:
        record = _record("failed", level=logging.ERROR)
        record.exc_info = sys.exc_info()

    line = log_formatter(LOGFMT).format(record)

    assert "\n" not in line
    assert shlex.split(line)[-1].startswith("error=Traceback")
    assert json.loads(log_formatter(JSON).format(record))["error"].endswith(
        "ValueError: invalid literal for int() with base 10: 'of this'"
    )


def test_plain_lines_have_priorities_in_the_journal_alone() -> None:
    record = _record("the disk is full", level=logging.ERROR)
    reading, writing = os.pipe()
    try:
        status = os.fstat(writing)
        journal = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert log_formatter(None, journal, writing).format(record) == "<3>ERROR the disk is full"
        assert log_formatter(None, {}, writing).format(record) == "ERROR the disk is full"
        assert log_formatter(None, {"JOURNAL_STREAM": "1:2"}, writing).format(record) == "ERROR the disk is full"
    finally:
        os.close(reading)
        os.close(writing)


def test_repetition_is_limited_by_kind_and_counted() -> None:
    now = [0.0]
    limit = RepetitionFilter(lambda: now[0])

    through = [limit.filter(_record("no answer of %s", number)) for number in range(REPETITIONS + 5)]
    other = limit.filter(_record("another"))
    now[0] = WINDOW_SECONDS
    later = _record("no answer of %s", "x")

    assert through == [True] * REPETITIONS + [False] * 5
    assert other
    assert limit.filter(later)
    assert later.getMessage() == "no answer of x (5 more like it before)"
    after = _record("no answer of %s", "y")
    assert limit.filter(after)
    assert after.getMessage() == "no answer of y"
