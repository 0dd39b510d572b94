"""A way of measuring that works here."""

from __future__ import annotations

from tests.meters.applications import FakeSource


def open_source(_: object) -> FakeSource:
    return FakeSource()
