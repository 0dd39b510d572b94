"""Answers of OTLP/HTTP, in the encoding of the request."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Signal: TypeAlias = Literal["spans", "dataPoints"]

PROTOBUF, JSON = "application/x-protobuf", "application/json"
FORMATS = (PROTOBUF, JSON)
REJECTED = {"spans": "rejectedSpans", "dataPoints": "rejectedDataPoints"}
LONGEST_MESSAGE = 500
INVALID = 3
CODES = {401: 16, 403: 7, 404: 5, 408: 4, 429: 8, 500: 13, 503: 14}
"""Codes of google.rpc.Status by HTTP's, as google/rpc/code.proto pairs them; INVALID for the others."""


def success(media_type: str, signal: Signal, rejected: int = 0, message: str = "") -> bytes:
    """An Export*ServiceResponse: empty where all was taken; else how many were not, and why the first was not."""
    message = message[:LONGEST_MESSAGE]
    if media_type == JSON:
        partial = {REJECTED[signal]: str(rejected), "errorMessage": message}
        return msgspec.json.encode({"partialSuccess": partial} if rejected else {})
    if not rejected:
        return b""
    return _text(1, _number(1, rejected) + _text(2, message.encode("utf-8", "replace")))


def failure(media_type: str, status: int, message: str) -> bytes:
    """A google.rpc.Status for a status of HTTP."""
    code, message = CODES.get(status, INVALID), message[:LONGEST_MESSAGE]
    if media_type == JSON:
        return msgspec.json.encode({"code": code, "message": message})
    return _number(1, code) + _text(2, message.encode("utf-8", "replace"))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
