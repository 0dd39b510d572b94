"""Durations and sizes as a file writes them: `15m` is 900.0 seconds, `400 MB` is 400,000,000 bytes; pure."""

from __future__ import annotations

import re

SECONDS: dict[str, int] = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
SIZES: dict[str, int] = {
    "B": 1,
    **{f"{prefix}B": 1000**power for power, prefix in enumerate("kMGTP", start=1)},
    **{f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGTP", start=1)},
}
MICROSECONDS = 1_000_000
# 15 digits are more than any duration or size needs, and stay exact in a float.
NUMBER = r"(\d{1,15})(?:\.(\d{1,15}))?"
DURATION = re.compile(NUMBER + r" ?(ms|[smhdw])?", re.ASCII)
SIZE = re.compile(NUMBER + r" ?([kmgtp]i?b|b)?", re.ASCII | re.IGNORECASE)


class MeasureError(ValueError):
    """A text that is no duration or size; the message is a predicate."""


def parse_duration(text: str) -> float:
    """Seconds of `500ms`, `10s`, `15m`, `1.5h`, `30d` or `2w`, exact to the microsecond.

    A number without a unit is refused, except 0.
    """
    if not (found := DURATION.fullmatch(text)):
        raise MeasureError("is not a duration such as 10s, 15m or 30d")
    whole, fraction, unit = found.groups(default="")
    number = float(f"{whole}.{fraction}")
    if not unit and number:
        raise MeasureError("has no unit: write ms, s, m, h, d or w behind it")
    return round(number / 1000 if unit == "ms" else number * SECONDS[unit or "s"], 6)


def format_duration(seconds: float) -> str:
    """Seconds in the largest unit that needs no fraction: 5400.0 is `90m`, 0.5 is `500ms`."""
    micros = round(seconds * MICROSECONDS)
    for unit, size in SECONDS.items():
        if micros and micros % (size * MICROSECONDS) == 0:
            return f"{micros // (size * MICROSECONDS)}{unit}"
    millis, rest = divmod(micros, 1000)
    return f"{millis}.{rest:03}".rstrip("0").rstrip(".") + "ms" if micros else "0s"


def parse_size(text: str) -> int:
    """Bytes of `400 MB` (units of 1000) or `1 TiB` (units of 1024); fractions of a byte are dropped.

    A number without a unit is refused, except 0.
    """
    if not (found := SIZE.fullmatch(text)):
        raise MeasureError("is not a size such as 400 MB or 1 GiB")
    whole, fraction, unit = found.groups(default="")
    digits = int(whole + fraction)
    if not unit and digits:
        raise MeasureError("has no unit: write B, kB, MB, GB, TB or KiB, MiB, GiB, TiB behind it")
    factor = next(size for name, size in SIZES.items() if name.upper() == (unit.upper() or "B"))
    return digits * factor // int("1".ljust(len(fraction) + 1, "0"))


def format_size(size: int) -> str:
    """Bytes in the largest unit that needs no fraction: 400000000 is `400 MB`, 1024 is `1 KiB`."""
    fitting = [(unit, name) for name, unit in SIZES.items() if size and size % unit == 0]
    unit, name = max(fitting, default=(1, "B"))
    return f"{size // unit} {name}"
