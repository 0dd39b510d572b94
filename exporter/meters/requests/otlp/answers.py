"""Answers of OTLP/HTTP, in the encoding of the request."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Signal: TypeAlias = Literal["spans", "dataPoints"]

PROTOBUF, JSON = "application/x-protobuf", "application/json"
FORMATS = (PROTOBUF, JSON)
REJECTED = {"spans": "rejectedSpans", "dataPoints": "rejectedDataPoints"}
LONGEST_MESSAGE = 500
INVALID, EXHAUSTED, UNAVAILABLE = 3, 8, 14
"""Codes of google.rpc.Status."""


def success(media_type: str, signal: Signal, rejected: int = 0, message: str = "") -> bytes:
    """An Export*ServiceResponse: empty where all was taken; else how many were not, and why the first was not."""
    message = message[:LONGEST_MESSAGE]
    if media_type == JSON:
        partial = {REJECTED[signal]: str(rejected), "errorMessage": message}
        return msgspec.json.encode({"partialSuccess": partial} if rejected else {})
    if not rejected:
        return b""
    return _text(1, _number(1, rejected) + _text(2, message.encode("utf-8", "replace")))


def failure(media_type: str, code: int, message: str) -> bytes:
    """A google.rpc.Status."""
    message = message[:LONGEST_MESSAGE]
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
