"""Documents: files that are written while they are sent; 304 for a client that has the newest."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web

from exporter.web.context import CONTEXT
from exporter.web.http.machines import group_of
from exporter.web.http.policy import WITHOUT_SCRIPTS
from exporter.web.http.responses import is_current
from exporter.web.http.routes import LedgerRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from exporter.mirror.group.groups import Group
    from exporter.web.context import ServiceContext
    from exporter.web.http.queries import Query
    from reports.ledger.reader import LedgerReader

SHORT_BYTES, CHUNK_BYTES = 1 << 20, 1 << 18
CHUNK_SECONDS = 0.02
"""What is made before other questions have a turn on the reader's thread; a short document is one chunk."""

HEADERS = {**WITHOUT_SCRIPTS, "Cache-Control": "private, no-cache"}


class Document(NamedTuple):
    """A file before it is written; `facts` are its contents without the time of the request."""

    facts: tuple[object, ...]
    headers: Mapping[str, str]
    pieces: Iterator[bytes]

    @property
    def tag(self) -> str:
        """A weak entity tag."""
        return hashlib.blake2b(repr(self.facts).encode(), digest_size=12).hexdigest()


class DocumentStream:
    """Pieces still to be written, and the `ledger` of the moment at which they are."""

    ledger: LedgerReader
    pieces: Iterator[bytes]

    def write(self, ledger: LedgerReader, most_bytes: int = CHUNK_BYTES) -> bytes:
        """The next pieces, for a fiftieth of a second at most; b"" at the end."""
        self.ledger = ledger
        held, size, ends = [], 0, time.monotonic() + CHUNK_SECONDS
        for piece in self.pieces:
            held.append(piece)
            size += len(piece)
            if size >= most_bytes or time.monotonic() >= ends:
                break
        return b"".join(held)

    async def chunks(self, service: ServiceContext, group: Group | None, *written: bytes) -> AsyncIterator[bytes]:
        """The written chunks, and the rest."""
        for chunk in written:
            yield chunk
        while chunk := await service.ask_patiently(self.write, group):
            yield chunk


async def send_document(
    request: web.Request, query: Query, find: Callable[[LedgerRequest, DocumentStream], Document]
) -> web.Response:
    """The response to GET or HEAD for the machines of a query; `find` runs on a reader's thread."""
    service, stream = request.app[CONTEXT], DocumentStream()
    group = await group_of(request, query)
    await service.merge_events()
    snapshot, now = service.fresh_snapshot(), service.now

    def begin(ledger: LedgerReader) -> tuple[Document, bytes, bytes]:
        document = find(LedgerRequest(ledger, now, snapshot, service, group=group), stream)
        if request.method == "HEAD" or is_current(request, document.tag):
            return document, b"", b""
        stream.pieces = document.pieces
        return document, stream.write(ledger, SHORT_BYTES), next(stream.pieces, b"")

    document, first, second = await service.ask_patiently(begin, group)
    headers = {**HEADERS, "ETag": f'W/"{document.tag}"'}
    if is_current(request, document.tag):
        return web.Response(status=304, headers=headers)
    headers |= document.headers
    if request.method == "HEAD":
        return web.Response(headers=headers)
    body: Any = stream.chunks(service, group, first, second) if second else first
    return web.Response(body=body, headers=headers)
