"""Files of other programs, read as history: one file a source."""
