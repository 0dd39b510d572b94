"""From two readings of a counter to a delta, and from deltas to a snapshot and a posting."""
