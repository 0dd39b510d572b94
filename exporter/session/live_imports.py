"""Importing access logs while a service runs: it gets them part by part, and answers when one is in the ledger."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from exporter.meters.requests.logs import parts, positions
from exporter.session.client import ServiceError
from exporter.session.log_imports import RefusedPartError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.meters.requests.logs.parts import ImportedPart
    from exporter.session.client import ServiceClient

PATH = "/api/requests/import"
PART_BYTES = 1 << 20
"""Of a log that are one request: some 7,000 lines, which the service takes in a few milliseconds."""

ANSWER_SECONDS = 20.0
"""A service waits 10 seconds for a commit at most."""

MOST_TRIES, PAUSE_SECONDS = 30, 1.0
LATER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
REFUSED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})


class LiveRequests:
    """The requests of a ledger that a service writes. A part that comes twice is counted once."""

    chunk_bytes = PART_BYTES

    def __init__(self, client: ServiceClient, notes: Mapping[str, str]) -> None:
        """With the positions that are in the ledger."""
        self._client, self._notes = client, dict(notes)

    @property
    def notes(self) -> Mapping[str, str]:
        """Positions by name."""
        return self._notes

    def put(self, part: ImportedPart) -> None:
        """Hand over a part; raises RefusedPartError, and ServiceError where the service is gone or stays busy."""
        body = parts.encoded(part)
        for tries_left in reversed(range(MOST_TRIES)):
            try:
                self._client.post(PATH, body, timeout=ANSWER_SECONDS)
            except ServiceError as error:
                if error.status in REFUSED:
                    raise RefusedPartError(error.reason) from error
                if error.status not in LATER or not tries_left:
                    raise
                time.sleep(PAUSE_SECONDS)
            else:
                self._notes[part.name] = positions.encoded(part.after)
                return
