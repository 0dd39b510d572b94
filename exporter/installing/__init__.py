"""Installing netledger on a machine: what systemd, launchd and the Task Scheduler are given, and how it is undone."""
