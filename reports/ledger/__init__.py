"""The ledger as typed values: the only SQL of this package."""
