"""The ledger's views as typed rows: the only SQL of this package."""
