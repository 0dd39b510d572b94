"""Imports of requests that another program has counted, by the running service or, without one, in the file."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

import click
import msgspec

from exporter.archive.folder import forget_reports
from exporter.ledger.files import LedgerError
from exporter.meters.requests.key_ledger import change_keys
from exporter.meters.requests.past import PastOpened, PastRequests, PastRequestsError, PastSettings
from exporter.session.client import ServiceError
from exporter.session.offline_ledger import changed_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exporter.meters.requests.key_ring import KeyRing
    from exporter.meters.requests.past import PastOpening, PastPart
    from exporter.meters.requests.service_keys import ServiceKey
    from exporter.session.client import ServiceClient
    from exporter.session.session import Session

PATH = "/api/imports/requests"
SECONDS = 60.0
LIVE_EVENTS, OFFLINE_EVENTS = 2_000, 20_000
"""Events of a part: a service commits those of one, and goes on counting in between."""


class LivePast:
    """The ledger of a running service. A part that comes twice is counted once."""

    part_events = LIVE_EVENTS

    def __init__(self, client: ServiceClient) -> None:
        """Over its client."""
        self._client = client

    def open(self, opening: PastOpening, *, is_dry: bool) -> PastOpened:
        """Begin."""
        return msgspec.convert(self._post({"step": "open", **opening._asdict(), "dry_run": is_dry}), PastOpened)

    def add(self, part: PastPart) -> None:
        """Add a part."""
        self._post({"step": "add", **part._asdict()})

    def finish(self, number: int) -> None:
        """Let answers have it."""
        self._post({"step": "finish", "number": number})

    def adopt(self, keys: list[dict[str, str]]) -> int:
        """Have keys; returns how many are new."""
        return msgspec.convert(self._post({"step": "keys", "keys": keys}), PastOpened).number

    def _post(self, body: dict[str, object]) -> list[object]:
        try:
            answer = self._client.post(PATH, msgspec.json.encode(body), timeout=SECONDS)
        except ServiceError as error:
            if error.status == HTTPStatus.BAD_REQUEST:
                raise PastRequestsError(error.reason) from error
            raise click.ClickException(f"the import ended early: {error.reason or error}; start it again") from error
        return [answer[name] for name in PastOpened._fields]


def adopt_keys(session: Session, keys: Sequence[tuple[str, bytes]]) -> int:
    """Let keys of another program, by service and hash, open their services; returns how many are new."""
    if session.client is not None:
        named = [{"service": service, "hash": hash_.hex()} for service, hash_ in keys]
        return LivePast(session.client).adopt(named)
    adopted: list[ServiceKey] = []

    def change(ring: KeyRing) -> list[ServiceKey]:
        adopted.extend(ring.adopted(keys, session.now()))
        return adopted

    try:
        change_keys(session.settings.ledger.path, change)
    except (LedgerError, OSError, sqlite3.Error) as error:
        raise click.ClickException(f"the keys are not taken over: {error}") from error
    return len(adopted)


class OfflinePast(PastRequests):
    """The ledger of no service, in one transaction."""

    part_events = OFFLINE_EVENTS


@contextmanager
def past_target(session: Session) -> Iterator[LivePast | OfflinePast]:
    """Where imported requests go; ends the command where neither service nor file take them."""
    if session.client is not None:
        yield LivePast(session.client)
        return
    settings = session.settings
    chosen = PastSettings(settings.requests, int(settings.ledger.slot_retention))
    with changed_ledger(session) as (connection, zone):
        past = OfflinePast(connection, zone, chosen, int(session.now()))
        yield past
    forget_reports(settings.ledger.path, past.touched)
