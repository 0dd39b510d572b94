"""What every command shares: the ledger as a reader sees it, the running service, and how answers are printed."""
