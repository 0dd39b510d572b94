"""netledger's exporter: counts bytes, keeps the ledger, serves what it knows."""

__version__ = "0.1.0"
