"""History of other programs in the ledger: kept apart from what was counted, and added once."""
