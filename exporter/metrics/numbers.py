"""Numbers as both text formats write them; the digits are those of prometheus-client."""

from __future__ import annotations

from prometheus_client.utils import floatToGoString

# Up to here a whole number survives as float64.
EXACT = 2**53

MILLION = 1_000_000
_EXPONENTS = tuple(f"e+{digits - 1:02}" for digits in range(len(str(EXACT)) + 1))


def number_text(value: float) -> str:
    """The same text as floatToGoString, sooner for what /metrics is full of: whole numbers."""
    # Not isinstance: a bool is an int that prints as a word.
    if type(value) is not int or not 0 <= value <= EXACT:
        text: str = floatToGoString(value)  # type: ignore[no-untyped-call]
        return text
    if value < MILLION:
        return f"{value}.0"
    digits = str(value)
    return f"{digits[0]}.{digits[1:]}".rstrip("0.") + _EXPONENTS[len(digits)]
