"""The checks of `netledger doctor`."""
