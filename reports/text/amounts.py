"""Bytes, rates and durations in words.

All are integers until they are text, so that huge amounts are exact; halves round up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_DECIMAL_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_BINARY_UNITS = ("B", "KB", "MB", "GB", "TB", "PB", "EB")
_IEC_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_MEGABYTE_ENDS, _GIGABYTE_ENDS = (tuple(f".{part:02} {unit}" for part in range(100)) for unit in ("MB", "GB"))
_WHOLE = tuple(map(str, range(1000)))
_BIT_UNITS = ("bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s", "Pbit/s", "Ebit/s")
_COUNT_UNITS = ("k", "M", "G", "T", "P")
_DURATION_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def human_bytes(n: int) -> str:
    """Bytes in units of 1000: "0 B", "999 B", "524.29 kB", "26.84 GB"; ValueError below zero."""
    # The usual amounts by table: formatting a float takes half longer.
    if 999_995_000 <= n < 999_995_000_000:  # noqa: PLR2004 - what rounds to 1.00 GB, and to 1.00 TB
        hundredths = (n + 5_000_000) // 10_000_000
        return _WHOLE[hundredths // 100] + _GIGABYTE_ENDS[hundredths % 100]
    if 999_995 <= n < 999_995_000:  # noqa: PLR2004 - the same of MB
        hundredths = (n + 5_000) // 10_000
        return _WHOLE[hundredths // 100] + _MEGABYTE_ENDS[hundredths % 100]
    return _whole_or_scaled(n, _DECIMAL_UNITS)


def human_rate(bytes_per_second: float) -> str:
    """A speed in bytes, in units of 1000: "125.83 MB/s"; ValueError below zero."""
    return human_bytes(round(bytes_per_second)) + "/s"


def compatible_bytes(n: int) -> str:
    """Bytes as PacketBuddy writes them, since clients may compare texts: "524.29 KB"."""
    return human_bytes(n).replace("kB", "KB")


def compatible_rate(bytes_per_second: float) -> str:
    """A speed as PacketBuddy writes it: "524.29 KB/s"."""
    return compatible_bytes(round(bytes_per_second)) + "/s"


def human_bits(bytes_per_second: float) -> str:
    """A speed in bits, in units of 1000: 125829120 bytes per second are "1.01 Gbit/s".

    ValueError below zero.
    """
    return _whole_or_scaled(round(bytes_per_second * 8), _BIT_UNITS)


def human_iec(n: int) -> str:
    """Bytes in units of 1024: "0 B", "1023 B", "1.50 KiB", "12.51 GiB"; ValueError below zero."""
    if 0 <= n < 1024:  # noqa: PLR2004 - binary units
        return f"{n} B"
    return _scaled(n, 1024, _IEC_UNITS)


def human_binary(n: int) -> str:
    """Bytes in units of 1024 with decimal names: 13430988800 is "12.51 GB"; ValueError below zero.

    Clients of the monthly-traffic endpoint compare these texts.
    """
    return _scaled(n, 1024, _BINARY_UNITS)


def signed(write: Callable[[int], str], amount: int) -> str:
    """An amount that may be negative, by one of these functions: "-1.50 kB"."""
    return f"{'-' if amount < 0 else ''}{write(abs(amount))}"


def counted(number: int, one: str, many: str) -> str:
    """A number and what it counts: "1 day", "1,204 days"."""
    return f"{number:,} {one if number == 1 else many}"


def human_count(amount: float) -> str:
    """How many, in at most three digits but for thousands: "0", "0.25", "12.3", "9,999", "12.3 k", "4.56 M".

    ValueError below zero.
    """
    _refuse_negative(amount)
    if amount != int(amount) and amount < 999.5:  # noqa: PLR2004 - what rounds to 1,000
        return _three_digits(amount)
    if amount < 9999.5:  # noqa: PLR2004 - what rounds to 10,000
        return f"{round(amount):,}"
    unit = 0
    while amount >= 999.5 and unit < len(_COUNT_UNITS):  # noqa: PLR2004 - as above
        amount, unit = amount / 1000, unit + 1
    return f"{_three_digits(amount)} {_COUNT_UNITS[unit - 1]}"


def human_duration(seconds: float) -> str:
    """Whole seconds as the largest unit and the next: "2 d 4 h", "3 h 20 min", "45 s".

    The rest is dropped, not rounded: an uptime is never longer than the time that passed. ValueError below zero.
    """
    rest = int(seconds)
    _refuse_negative(rest)
    counts: list[tuple[int, str]] = []
    for size, unit in _DURATION_UNITS:
        count, rest = divmod(rest, size)
        counts.append((count, unit))
    largest = next((i for i, (count, _) in enumerate(counts) if count), len(counts))
    texts = [f"{count} {unit}" for count, unit in counts[largest : largest + 2] if count]
    return " ".join(texts) or "0 s"


def average_speed(amount: int | None, seconds: float) -> int | None:
    """Whole bytes per second; None without an amount or without time."""
    return None if amount is None or seconds <= 0 else round(amount / seconds)


def mbps(bytes_count: int, seconds: float) -> float:
    """Megabits per second of `bytes_count` over `seconds`, to two decimals; 0.0 without time."""
    if seconds <= 0:
        return 0.0
    return round(bytes_count * 8 / 1e6 / seconds, 2)


def _whole_or_scaled(amount: int, units: tuple[str, ...]) -> str:
    if 0 <= amount < 1000:  # noqa: PLR2004 - decimal units
        return f"{amount} {units[0]}"
    return _scaled(amount, 1000, units)


def _scaled(amount: int, step: int, units: tuple[str, ...]) -> str:
    """Two decimals in the first unit whose rounded number stays below `step`, or else in the last."""
    _refuse_negative(amount)
    exponent = 0
    hundredths = 100 * amount
    while hundredths >= 100 * step and exponent < len(units) - 1:
        exponent += 1
        size = step**exponent
        hundredths = (200 * amount + size) // (2 * size)
    return f"{hundredths // 100}.{hundredths % 100:02} {units[exponent]}"


def _three_digits(amount: float) -> str:
    """A number below 1,000, of hundredths at least."""
    decimals = 2 if amount < 9.995 else 1 if amount < 99.95 else 0  # noqa: PLR2004 - what rounds to 10.0, to 100
    return f"{amount:.{decimals}f}"


def _refuse_negative(amount: float) -> None:
    if amount < 0:
        raise ValueError(f"{amount} is not an amount: it must not be negative")
