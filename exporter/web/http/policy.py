"""What a browser may do with our pages: each Content-Security-Policy, as headers."""

from __future__ import annotations

_CLOSED = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; "

WITHOUT_SCRIPTS = {"Content-Security-Policy": f"{_CLOSED}form-action 'none'; style-src 'unsafe-inline'"}
"""A document that brings its own style and asks for nothing else."""

OWN_ASSETS = {
    "Content-Security-Policy": f"{_CLOSED}form-action 'self'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'"
}
"""The live page: scripts and styles are files of ours, none is written into the page."""
