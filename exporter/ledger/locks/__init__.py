"""The lock that gives a ledger one writer, and the note of its holder."""
