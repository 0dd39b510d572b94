"""The request meter: what the services of this machine answer, by route, method and status."""
