"""The past as samples, for backfilling."""
