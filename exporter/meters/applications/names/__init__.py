"""What an application is called: its pod, container, systemd unit or process."""
