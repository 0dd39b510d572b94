"""What a command sees: settings, the running service, the ledger with what is unposted."""
