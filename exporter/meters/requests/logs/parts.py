"""Parts of a log that is imported: its requests added up, and how far it is read with them.

What a command reads without a service goes into the ledger as it is; with one, it goes there as JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
from msgspec import Meta

from exporter.meters.requests.events import LONGEST_DURATION, LONGEST_PATH, METHODS, OTHER_METHOD, Batch, EventCounts
from exporter.meters.requests.faults import FieldError, fault_of
from exporter.meters.requests.logs import positions
from exporter.meters.requests.logs.positions import Position
from exporter.meters.requests.routes import printable
from exporter.meters.requests.tally import SLOT_MICROSECONDS
from reports.ledger.shape import OTHER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIRST_CODE = 100

Amount = Annotated[int, Meta(ge=0, le=2**56)]
Number = Annotated[int, Meta(ge=0, le=2**32)]
Microseconds = Annotated[int, Meta(ge=0, le=LONGEST_DURATION)]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z", examples=["0" * 32])]

AT = Meta(
    description="Quarter hour of the requests: any UTC microsecond of it, of the years 2000 to 2199.",
    ge=946_684_800_000_000,
    lt=7_258_118_400_000_000,
)
METHOD = Meta(extra_json_schema={"enum": [*sorted(METHODS), OTHER_METHOD]})
POSITION = Meta(
    description="The log's position in the ledger, or a new name for one that was never read.",
    pattern=rf"^{positions.PREFIX}[0-9a-f]{{16}}\Z",
    examples=[f"{positions.PREFIX}0123456789abcdef"],
)
Address = Annotated[str, Meta(min_length=2, max_length=45, examples=["192.0.2.7"])]
CLIENTS = Meta(description="How many requests came from an address; the service's privacy says what is kept of it.")
DURATIONS = Meta(description="Pairs of microseconds and how many requests took so long.")


class AddedRequests(msgspec.Struct, kw_only=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Requests of one quarter hour, method, route and code; `duration` is the sum of all in microseconds."""

    at: Annotated[int, AT]
    method: Annotated[str, METHOD]
    route: Annotated[str, Meta(min_length=1, max_length=LONGEST_PATH)]
    code: Annotated[int, Meta(description="Status code, 0 for no response.", ge=0, le=599)]
    requests: Annotated[int, Meta(ge=1, le=2**32)]
    request_bytes: Amount = 0
    response_bytes: Amount = 0
    duration: Amount = 0
    durations: Annotated[list[tuple[Microseconds, Number]], DURATIONS] = []
    shortest: Microseconds | None = None
    longest: Microseconds | None = None


class AddedClients(msgspec.Struct, kw_only=True, gc=False, forbid_unknown_fields=True):
    """How many requests came from each address in a quarter hour."""

    at: Annotated[int, AT]
    requests: Annotated[dict[Address, Number], CLIENTS]


class LogPart(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Requests of a log from the byte `before` to the byte `offset`, where it is read to with them.

    `head` and `tail` are digests of its first bytes and of those before `offset`; `path` is where the log is.
    """

    service: Annotated[str, Meta(description="The service, of at most 100 characters.", examples=["shop"])]
    path: str
    position: Annotated[str, POSITION]
    before: Annotated[int, Meta(ge=0, lt=2**62)]
    offset: Annotated[int, Meta(ge=1, lt=2**62)]
    head: Digest
    tail: Digest
    seen: Annotated[int, Meta(description="When it was written last, in nanoseconds since 1970.", ge=0, lt=2**62)]
    skips: bool = False
    refused: Annotated[int, Meta(description="Lines that are no requests.", ge=0, le=2**32)] = 0
    requests: list[AddedRequests] = []
    clients: list[AddedClients] = []


class ImportedPart(NamedTuple):
    """The same with types of the meter; `name` is that of the position's note, `path` absolute."""

    path: str
    name: str
    before: int
    after: Position
    counts: Sequence[EventCounts]
    refused: int
    clients: Mapping[tuple[int, str], Mapping[str, int]] = {}


_DECODER = msgspec.json.Decoder(LogPart)


def import_batch(part: ImportedPart, notes: Mapping[str, str]) -> Batch:
    """The batch of a part, with the position in the same transaction; `notes` are those that there are."""
    service = part.after.service
    changed = {} if part.name in notes else positions.superseded(notes, service)
    changed[part.name] = positions.encoded(part.after)
    clients = part.clients
    return Batch(counts=part.counts, service=service, notes=changed, refused=part.refused, clients=clients)


def is_imported(part: ImportedPart, notes: Mapping[str, str]) -> bool:
    """True if this very part has come before, or is on its way."""
    return positions.decoded(notes.get(part.name, "")) == part.after


def encoded(part: ImportedPart) -> bytes:
    """A part as JSON."""
    service, offset, head, tail, seen, skips = part.after
    return msgspec.json.encode(
        LogPart(
            service=service,
            path=part.path,
            position=part.name,
            before=part.before,
            offset=offset,
            head=head,
            tail=tail,
            seen=seen,
            skips=skips,
            refused=part.refused,
            requests=[_added(each) for each in part.counts],
            clients=[
                AddedClients(at=slot * SLOT_MICROSECONDS, requests=dict(requests))
                for (slot, _), requests in part.clients.items()
            ],
        )
    )


def decoded(body: bytes) -> ImportedPart:
    """A part from JSON; raises FieldError."""
    try:
        given = _DECODER.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise fault_of(error, body) from error
    after = Position(given.service, given.offset, given.head, given.tail, given.seen, given.skips)
    counts = [_counts(given.service, each) for each in given.requests]
    clients = {(each.at // SLOT_MICROSECONDS, given.service): each.requests for each in given.clients}
    return ImportedPart(given.path, given.position, given.before, after, counts, given.refused, clients)


def _added(counts: EventCounts) -> AddedRequests:
    return AddedRequests(
        at=counts.at,
        method=counts.method,
        route=counts.route,
        code=counts.code,
        requests=counts.requests,
        request_bytes=counts.request_bytes,
        response_bytes=counts.response_bytes,
        duration=counts.duration,
        durations=list(counts.durations.items()),
        shortest=counts.shortest,
        longest=counts.longest,
    )


def _counts(service: str, added: AddedRequests) -> EventCounts:
    if 0 < added.code < FIRST_CODE:
        raise FieldError("code", f"{added.code} is refused: use 100 to 599, or 0 for no response")
    method = added.method if added.method in METHODS else OTHER_METHOD
    return EventCounts(
        service,
        added.at,
        method,
        printable(added.route) or OTHER,
        added.code,
        added.requests,
        added.request_bytes,
        added.response_bytes,
        added.duration,
        dict(added.durations),
        added.shortest,
        added.longest,
    )
