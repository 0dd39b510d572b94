"""Content-Security-Policy headers of the pages."""

from __future__ import annotations

_CLOSED = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; "

WITHOUT_SCRIPTS = {"Content-Security-Policy": f"{_CLOSED}form-action 'none'; style-src 'unsafe-inline'"}
"""For a document with an inline style and nothing else."""

OWN_ASSETS = {
    "Content-Security-Policy": f"{_CLOSED}form-action 'self'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'"
}
"""For the live page: scripts and styles are files of the service, none is inline."""
