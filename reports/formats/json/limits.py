"""JSON about limits of applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.formats.shapes import Answer, DateText

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.billing.limits import LimitStatus


class LimitAnswer(Answer, rename={"first": "from", "last": "to"}):
    """A limit in its period ("day", "week" or "month"); `left_bytes` is below zero where it is exceeded.

    Of `used_bytes` other programs have counted `imported_bytes`, which are estimates.
    """

    application: str
    period: str
    first: DateText
    last: DateText
    limit_bytes: int
    used_bytes: int
    left_bytes: int
    used_ratio: float
    imported_bytes: int = 0


class Limits(Answer):
    """Every limit of the settings."""

    limits: list[LimitAnswer]


def limits(statuses: Iterable[LimitStatus]) -> Limits:
    """Shape the limits."""
    return Limits(
        limits=[
            LimitAnswer(
                application=status.application,
                period=status.period.kind,
                first=status.period.first.isoformat(),
                last=status.period.last.isoformat(),
                limit_bytes=status.limit,
                used_bytes=status.used,
                left_bytes=status.left,
                used_ratio=round(status.share, 6),
                imported_bytes=status.imported,
            )
            for status in statuses
        ]
    )
