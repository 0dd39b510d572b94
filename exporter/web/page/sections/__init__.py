"""Sections of the page that need more than a template: one file each, and one for each meter."""
