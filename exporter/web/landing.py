"""The landing page that people of Prometheus expect at /: what this is, its version, and where to go."""

from __future__ import annotations

from aiohttp import web

import exporter
from exporter.web.endpoints import Page

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>netledger</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 38rem; margin: 3rem auto; padding: 0 1rem }}
li {{ margin: .3rem 0 }}
</style>
</head>
<body>
<main>
<h1>netledger</h1>
<p>Version {version}. Every byte of every network interface, counted once.</p>
<ul>
<li><a href="/metrics">/metrics</a>: for Prometheus</li>
<li><a href="/api/today">/api/today</a>, <a href="/api/month">/api/month</a>,
<a href="/api/summary">/api/summary</a>: usage as JSON</li>
<li><a href="/api/docs">/api/docs</a>: every endpoint</li>
<li><a href="/api/health">/api/health</a>: how the service is</li>
</ul>
</main>
</body>
</html>
"""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
}


async def landing(_request: web.Request) -> web.Response:
    """Serve the page."""
    text = PAGE.format(version=exporter.__version__)
    return web.Response(text=text, content_type="text/html", headers=HEADERS)


PAGES = (Page("/", "Where to go from here", ("text/html",), landing),)
