"""What `netledger doctor` checks."""
