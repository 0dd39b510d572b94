"""Billing plans of the settings file; loaded only where the file has plans, or the template shows one."""
