"""The formats by name, and the detection of the one that a log has."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.requests.logs.formats import apache, caddy, nginx, traefik
from exporter.meters.requests.logs.formats.fields import LineError
from exporter.meters.requests.logs.formats.patterns import LinePattern, TextReader, reader_of, text_reader
from reports.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from exporter.meters.requests.logs.formats.patterns import Reader

LONGEST_FORMAT = 2000
TRIED_LINES = 20
"""Lines of a log that are tried for its format."""


class LogFormat(NamedTuple):
    """A format: its name or its own text, readers of events by service, and of texts where lines have such."""

    name: str
    reader: Callable[[str], Reader]
    texts: TextReader | None = None


def _of_pattern(name: str, pattern: LinePattern) -> LogFormat:
    return LogFormat(name, lambda service: reader_of(pattern, service), text_reader(pattern))


def _open(text: str) -> LinePattern:
    return nginx.pattern_of(text)._replace(is_open=True)


FORMATS: Mapping[str, LogFormat] = {
    each.name: each
    for each in (
        LogFormat("caddy", caddy.reader_of),
        LogFormat("traefik", traefik.reader_of),
        _of_pattern("timed", nginx.pattern_of(nginx.TIMED)),
        _of_pattern("combined", nginx.pattern_of(nginx.COMBINED)),
        _of_pattern("main", nginx.pattern_of(nginx.MAIN)),
        _of_pattern("vhost_combined", apache.pattern_of(apache.VHOST_COMBINED)),
        _of_pattern("common", _open(nginx.COMMON)),
    )
}
"""In the order in which they are tried; the last one is open: what follows is not read."""

AUTO = "auto"


def format_of(text: str) -> LogFormat:
    """The format of a name, or of a string of nginx (with `$`) or Apache (with `%`); raises QuestionError."""
    if text in FORMATS:
        return FORMATS[text]
    if len(text) > LONGEST_FORMAT:
        raise QuestionError(f"the format is longer than {LONGEST_FORMAT} characters")
    if "$" in text:
        return _of_pattern(text, nginx.pattern_of(text))
    if "%" in text:
        return _of_pattern(text, apache.pattern_of(text))
    raise QuestionError(f"there is no format {text!r}: use {', '.join(FORMATS)}, or a format of nginx or Apache")


def detected(lines: Iterable[bytes]) -> LogFormat | None:
    """The format that reads most of the first lines; None where none reads any."""
    tried = [line for line in lines if line][:TRIED_LINES]
    scores = {name: sum(_reads(each, line) for line in tried) for name, each in FORMATS.items()}
    best = max(scores, key=lambda name: scores[name])
    return FORMATS[best] if scores[best] else None


def _reads(log_format: LogFormat, line: bytes) -> bool:
    try:
        log_format.reader("")(line)
    except LineError:
        return False
    return True
