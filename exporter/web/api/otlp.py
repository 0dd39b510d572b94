"""OpenTelemetry over HTTP: server spans and histograms of requests, in protobuf or JSON.

https://opentelemetry.io/docs/specs/otlp/#otlphttp: an answer has the encoding of its request, 400 is never sent again,
429 and 503 are; the body of an error is made in exporter/web/http/errors.py, as that of one before the handler.
"""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from aiohttp import web

from exporter.meters.requests.events import Batch
from exporter.meters.requests.otlp import json, protobuf
from exporter.meters.requests.otlp.answers import FORMATS, JSON, PROTOBUF, success
from exporter.meters.requests.otlp.batches import TelemetryBatches
from exporter.meters.requests.otlp.histograms import PointAmounts, amounts_of
from exporter.meters.requests.otlp.messages import UndecodableError
from exporter.meters.requests.otlp.refusals import Refusals
from exporter.meters.requests.otlp.spans import SpanEvents, span_events
from exporter.meters.requests.proxies import Proxies
from exporter.web.context import CONTEXT
from exporter.web.http.bodies import BODIES
from exporter.web.http.doors import service_of
from exporter.web.http.ingest import acknowledge, intake_of
from exporter.web.http.responses import RefusedError
from exporter.web.http.routes import Routes
from reports.ledger.request_batches import has_batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter.meters.requests.intake import Intake
    from exporter.meters.requests.otlp.answers import Signal
    from exporter.web.context import ServiceContext

routes = Routes()

ID_BYTES = 16
READERS = {PROTOBUF: protobuf, JSON: json}
ANY_SERVICE = ""
"""Where the ids of bodies belong that name their services themselves."""


SMALL = 16 * 1024
"""Bytes that are decoded on the event loop, within 2 ms; more on a thread, beside which the loop goes on."""

Found = TypeVar("Found", SpanEvents, PointAmounts)
BatchOf: TypeAlias = "Callable[[TelemetryBatches, Found, str, str], Batch]"
"""Makes a batch of what was found, for a service (of whose batches it is) and with an id."""


@routes.door("/v1/traces", "Report spans by OpenTelemetry", *FORMATS, body_formats=FORMATS)
async def traces(request: web.Request, body: bytes) -> web.Response:
    """An ExportTraceServiceRequest: spans of kind SERVER with HTTP attributes are counted, the others passed over.

    Without a key, from this machine, a service is its resource's `service.name`.
    """
    context, service = request.app[CONTEXT], service_of(request)
    now, proxies = int(context.now * 1_000_000), Proxies(context.settings.requests.trusted_proxies)

    def decode(read: Any) -> SpanEvents:
        return span_events(read.read_spans(body), service, now, proxies.include)

    return await _answer(request, body, "spans", decode, TelemetryBatches.spans)


@routes.door("/v1/metrics", "Report histograms by OpenTelemetry", *FORMATS, body_formats=FORMATS)
async def metrics(request: web.Request, body: bytes) -> web.Response:
    """An ExportMetricsServiceRequest: `http.server.request.duration`, body sizes, and both by their old names.

    They are counted of services of which no spans come (`requests.otlp` may choose); other metrics are passed over.
    """
    service, now = service_of(request), int(request.app[CONTEXT].now * 1_000_000)

    def decode(read: Any) -> PointAmounts:
        return amounts_of(read.read_histograms(body), service, now)

    return await _answer(request, body, "dataPoints", decode, TelemetryBatches.histograms)


@routes.door("/v1/logs", "Take logs of OpenTelemetry, and keep none", *FORMATS, body_formats=FORMATS)
async def logs(request: web.Request, _body: bytes) -> web.Response:
    """Nothing of an ExportLogsServiceRequest is kept: Java's agent sends logs unless it is told not to."""
    media_type = request.content_type
    _reader(media_type)
    return _good(media_type, success(media_type, "spans"))


async def _answer(
    request: web.Request,
    body: bytes,
    signal: Signal,
    decode: Callable[[Any], Found],
    batch_of: BatchOf[Found],
) -> web.Response:
    """The answer to a body: it comes when what is counted is in the ledger."""
    media_type = request.content_type
    refusals = await _take(request, body, partial(decode, _reader(media_type)), batch_of)
    return _good(media_type, success(media_type, signal, refusals.number, refusals.fault))


async def _take(
    request: web.Request,
    body: bytes,
    decode: Callable[[], Found],
    batch_of: BatchOf[Found],
) -> Refusals:
    """Count what a body has, once; raises RefusedError."""
    context, scope = request.app[CONTEXT], service_of(request) or ANY_SERVICE
    intake, digest = intake_of(context), hashlib.blake2b(body, digest_size=ID_BYTES).hexdigest()
    if await _is_known(context, intake, scope, digest):
        await acknowledge(intake, Batch())  # the first may be on its way still
        return Refusals()
    async with request.app[BODIES].turn(body):
        try:
            found = decode() if len(body) <= SMALL else await asyncio.to_thread(decode)
        except UndecodableError as error:
            intake.add_soon(Batch(refused=1))
            raise RefusedError(400, str(error)) from error
    if intake.has(scope, digest):  # it came meanwhile
        await acknowledge(intake, Batch())
        return Refusals()
    door = TelemetryBatches(intake, context.settings.requests.otlp, int(context.now))
    batch = batch_of(door, found, scope, digest)
    if batch.events or batch.counts or batch.notes or batch.refused:
        await acknowledge(intake, batch)
    return found.refusals


async def _is_known(context: ServiceContext, intake: Intake, service: str, batch: str) -> bool:
    return intake.has(service, batch) or await context.ask(lambda ledger: has_batch(ledger, service, batch))


def _reader(media_type: str) -> Any:
    """What reads bodies of this type; raises RefusedError."""
    if media_type not in READERS:
        raise RefusedError(415, f"Content-Type: {media_type} is refused; use {' or '.join(FORMATS)}")
    return READERS[media_type]


def _good(media_type: str, body: bytes) -> web.Response:
    return web.Response(body=body, content_type=media_type)
