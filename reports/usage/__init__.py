"""Questions of usage, one file a question."""
