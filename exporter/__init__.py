"""netledger's exporter: counts bytes, keeps the ledger, serves what it knows."""

__version__ = "0.1.0"

RELEASED = 1_767_225_600
"""2026-01-01T00:00:00Z: a clock that tells an earlier time than the year of the first release is wrong."""
