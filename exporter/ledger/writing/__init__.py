"""Postings into the ledger."""
