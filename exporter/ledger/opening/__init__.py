"""Opening a ledger: its condition, recovery, migration, zone, and what is carried forward."""
