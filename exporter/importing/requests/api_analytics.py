"""API Analytics (fastapi-api-analytics): its database, and a table of its columns as CSV, as its fixtures have them.

Its middleware writes milliseconds and local times without an offset, its fixtures seconds. A service is what has one of
its keys: key-1, key-2, ... by their numbers. Facts: its models, its middleware, its fixtures/logs.csv.
"""

from __future__ import annotations

import csv
import hashlib
import re
from contextlib import closing
from typing import TYPE_CHECKING

from exporter.importing.foreign import database
from exporter.importing.requests.files import first_lines, require_names, service_of, text_lines
from exporter.importing.requests.values import UNITS, PastRequest, event_of, number, text_or_none, time_of, whole
from exporter.ledger.past.rows import ForeignFileError
from exporter.meters.requests.service_keys import hash_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from exporter.importing.requests.files import RequestOptions
    from exporter.meters.requests.events import Event

KIND = "api-analytics"
FILES = "API Analytics (database, CSV)"
TABLES = frozenset({"api_keys", "api_logs"})
COLUMNS = ("created_at", "method", "endpoint", "ip", "process_time", "status_code")
KEY = "api_key_id"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""A key as it makes them: others are words that may be guessed, or hashes."""

STEP = 1000
"""Rows after which progress is told."""


class LogDatabase:
    """Its database, up to the newest row at the begin: it may be in use."""

    kind = KIND

    def __init__(self, path: Path, options: RequestOptions) -> None:
        """Look at its keys; raises ForeignFileError for a table without the columns."""
        self._path, self._options = path, options
        with database(path) as connection:
            held = {name for (name,) in connection.execute("SELECT name FROM pragma_table_info('api_logs')")}
            if missing := sorted({*COLUMNS, KEY, "id"} - held):
                raise ForeignFileError(f"{path}: the table api_logs has no column {missing[0]}")
            keys = connection.execute("SELECT id, api_key FROM api_keys ORDER BY id").fetchall()
            services = connection.execute(f"SELECT DISTINCT {KEY} FROM api_logs ORDER BY 1").fetchall()  # noqa: S608 - our own name
            self.size, self._last = connection.execute("SELECT count(*), ifnull(max(id), 0) FROM api_logs").fetchone()
        require_names(path, [_service(key) for (key,) in services], options)
        self.identity = hashlib.sha256(repr(keys[0][1:] if keys else None).encode()).hexdigest()
        named = ((service_of(_service(number), options), str(key)) for number, key in keys)
        self.keys: Sequence[tuple[str, bytes]] = [
            (service, hash_of(key)) for service, key in named if UUID.fullmatch(key)
        ]

    def events(self, advance: Callable[[int], None]) -> Generator[Event]:
        """Every request, in the order in which they came."""
        query = f"SELECT id, {KEY}, {', '.join(COLUMNS)} FROM api_logs WHERE id <= ? ORDER BY id"  # noqa: S608 - our own names
        options = self._options._replace(duration_unit=self._options.duration_unit or "milliseconds")
        with database(self._path) as connection:
            for count, (id_, key, *values) in enumerate(connection.execute(query, (self._last,)), start=1):
                texts = {
                    name: None if value is None else str(value) for name, value in zip(COLUMNS, values, strict=True)
                }
                try:
                    yield _event(texts, _service(key), options)
                except ValueError as error:
                    raise ForeignFileError(f"{self._path}: row {id_} of api_logs: {error}") from error
                if count % STEP == 0:
                    advance(count)
        advance(self.size)


class LogTable:
    """Its columns as CSV, below a line of their names."""

    kind = KIND
    keys: Sequence[tuple[str, bytes]] = ()

    def __init__(self, path: Path, options: RequestOptions) -> None:
        """Raises ForeignFileError where the unit of durations is not given."""
        if options.duration_unit is None:
            raise ForeignFileError(
                f"{path} does not say what its process_time is: give --duration-unit seconds, or milliseconds"
            )
        require_names(path, [KIND], options)
        self._path, self._options = path, options
        self.size = path.stat().st_size
        self.identity = hashlib.sha256(first_lines(path, 2).encode()).hexdigest()

    def events(self, advance: Callable[[int], None]) -> Generator[Event]:
        """Every request, in the order of lines."""
        with closing(text_lines(self._path, advance)) as lines:
            rows = csv.reader(lines, strict=True)
            names = [name.strip() for name in next(rows)]
            try:
                for row in rows:
                    if row:
                        if len(row) != len(names):
                            raise ValueError(f"it has {len(row)} of {len(names)} columns")  # noqa: TRY301 - as those below
                        yield _event(dict(zip(names, row, strict=True)), KIND, self._options)
            except (ValueError, csv.Error) as error:
                raise ForeignFileError(f"{self._path}: line {rows.line_num}: {error}") from error


def is_table(first_line: str) -> bool:
    """True for a line of names that has all columns."""
    return set(COLUMNS) <= {name.strip() for name in first_line.split(",")}


def _event(row: Mapping[str, str | None], service: str, options: RequestOptions) -> Event:
    spent = text_or_none(row["process_time"])
    request = PastRequest(
        service_of(service, options),
        time_of(row["created_at"] or ""),
        row["method"] or "",
        row["endpoint"] or "",
        whole(row["status_code"] or "", "status_code"),
        None if spent is None else number(spent, "process_time") * UNITS[options.duration_unit or ""],
        client=text_or_none(row["ip"]),
    )
    return event_of(request, options.zone, options.now)


def _service(key: object) -> str:
    return "no-key" if key is None else f"key-{key}"
