"""Files of other programs that count requests: one file a program, and how their requests are brought in."""
