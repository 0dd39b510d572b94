"""Bytes in discs, films and printed pages, with the assumptions of each; pure."""

from __future__ import annotations

from typing import NamedTuple

DVD_BYTES, DVD_MILLIMETRES = 4_700_000_000, 1.2
CD_BYTES = 700_000_000
FILM_BYTES_PER_HOUR, FILM_MINUTES = 3_000_000_000, 100
FILM_BYTES = FILM_BYTES_PER_HOUR * FILM_MINUTES // 60
PAGE_BYTES, PAGE_MILLIMETRES = 3_000, 0.1


class Equivalents(NamedTuple):
    """The same bytes as DVDs and their stack, hours of film, printed pages and their stack; metres and hours.

    `record_seconds` is the time for all of it at the highest measured speed, None without one.
    """

    dvds: int
    dvd_metres: float
    film_hours: int
    pages: int
    page_metres: float
    record_seconds: int | None


def equivalents(moved: int, peak_speed: int) -> Equivalents:
    """The equivalents of so many bytes; `peak_speed` in bytes per second."""
    dvds, pages = -(-moved // DVD_BYTES), moved // PAGE_BYTES
    return Equivalents(
        dvds,
        dvds * DVD_MILLIMETRES / 1000,
        moved // FILM_BYTES_PER_HOUR,
        pages,
        pages * PAGE_MILLIMETRES / 1000,
        moved // peak_speed if peak_speed else None,
    )
