"""The chapters of a wrap-up in the words that people read: one file a chapter, each takes the same plain data."""
