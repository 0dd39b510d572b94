"""Answers for several machines: their rows of the mirror as one ledger, whose interfaces are the machines."""
