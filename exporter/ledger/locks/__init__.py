"""One writer a ledger: its lock, and who holds it."""
