"""The ledger: its tables, its one writer, its upkeep."""
