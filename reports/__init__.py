"""netledger's reports: read the ledger and tell what it says."""
