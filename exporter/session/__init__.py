"""The session of a command: settings, the running service, the ledger with what is unposted."""
