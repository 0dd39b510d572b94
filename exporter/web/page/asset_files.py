"""Scripts, styles and pictures of the page: files of the package, compressed once, cached by browsers forever.

Their address has a hash of all of them, so that a new release is a new address, and scripts import each other by name.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

import reports
from exporter.metrics.negotiation import accepts_gzip
from exporter.web.http.access import ASSETS
from exporter.web.http.routes import Routes

routes = Routes()

OWN = Path(__file__).parent / "assets"
THEME = Path(reports.__file__).parent / "templates" / "theme.css"
"""The colours of pages and reports alike."""

STYLES = (THEME, OWN / "vendor/uplot/uPlot.css", OWN / "page.css")
"""One file for browsers, in this order: a file each would delay the first paint."""

KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_GOOD = "public, max-age=31536000, immutable"
COMPRESSION = 9


class Asset(NamedTuple):
    """A file and its content type, compressed with gzip."""

    content_type: str
    compressed: bytes


@functools.cache
def assets() -> dict[str, Asset]:
    """Every asset by its name."""
    found = {path.name: path.read_bytes() for path in sorted(OWN.rglob("*")) if path.suffix in KINDS}
    found = {name: data for name, data in found.items() if not name.endswith(".css")}
    found["style.css"] = b"\n".join(path.read_bytes() for path in STYLES)
    return {
        name: Asset(KINDS[Path(name).suffix], gzip.compress(data, COMPRESSION, mtime=0)) for name, data in found.items()
    }


@functools.cache
def version() -> str:
    """A hash of all assets."""
    digest = hashlib.blake2b(digest_size=6)
    for name, asset in assets().items():
        digest.update(name.encode() + asset.compressed)
    return digest.hexdigest()


def address(name: str) -> str:
    """The path of an asset, relative to a page at the root; KeyError for an unknown one."""
    assets()[name]
    # Without the first slash: a proxy may serve the page below a path of its own.
    return f"{ASSETS[1:]}{version()}/{name}"


@routes.page(f"{ASSETS}{{version}}/{{name}}", "")
async def asset(request: web.Request) -> web.Response:
    """One file; the path of another release gives the current file, which is not cached."""
    found = assets().get(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound
    is_current = request.match_info["version"] == version()
    headers = {"Cache-Control": FOR_GOOD if is_current else "no-cache", "Vary": "Accept-Encoding"}
    body = found.compressed
    if accepts_gzip(request.headers.get("Accept-Encoding", "")):
        headers["Content-Encoding"] = "gzip"
    else:
        body = gzip.decompress(body)
    return web.Response(body=body, content_type=found.content_type, charset="utf-8", headers=headers)
