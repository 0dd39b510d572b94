"""The copy of the ledger in PostgreSQL: its tables, and what sends, checks and reads it."""
