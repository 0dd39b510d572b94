"""The wrap-up of a period."""
