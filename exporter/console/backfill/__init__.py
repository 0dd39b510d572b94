"""What `netledger backfill` is made of: deciding, writing blocks, asking and filling servers, saying what was done."""
