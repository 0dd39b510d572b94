"""Plans kept up to date while the service runs, and notifications of crossed thresholds."""
