"""Wheels of this project, really built, and an index on loopback that offers them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
PARTS = ("pyproject.toml", "README.md", "LICENSE", "exporter", "reports", "clients/python", "packaging")
JSON_TYPE = "application/vnd.pypi.simple.v1+json"


def build_wheel(folder: Path, version: str, change: Callable[[Path], object] = bool) -> Path:
    """A wheel of this project with another version; `change` changes the sources first."""
    source = folder / f"source-{version}"
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            source.mkdir(exist_ok=True)
            shutil.copyfile(ROOT / part, source / part)
    package = source / "exporter" / "__init__.py"
    text = re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', package.read_text(encoding="utf-8"))
    package.write_text(text, encoding="utf-8")
    change(source)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "wheels")]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    shutil.rmtree(source)
    return folder / "wheels" / f"netledger-{version}-py3-none-any.whl"


class Offer(NamedTuple):
    """A wheel as the index offers it."""

    wheel: Path
    sha256: str = ""
    requires_python: str = ">=3.11"
    yanked: str | None = None

    @property
    def digest(self) -> str:
        return self.sha256 or hashlib.sha256(self.wheel.read_bytes()).hexdigest()


class ReleaseIndex:
    """A package index at `url`; `is_json` is what it prefers to answer, `refused` are paths that it answers by 503."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/simple"
        self.offers: list[Offer] = []
        self.is_json = True
        self.refused: set[str] = set()
        self.password = ""
        self.asked: list[str] = []

    def answer(self, path: str, accept: str, authorization: str) -> tuple[int, str, bytes]:
        """Status, type and body."""
        if self.password and authorization != f"Basic {base64.b64encode(self.password.encode()).decode()}":
            return 401, "text/plain", b"who are you?"
        self.asked.append(path)
        if path in self.refused:
            return 503, "text/plain", b"resting"
        if path == "/simple/netledger/":
            if self.is_json and JSON_TYPE in accept:
                return 200, JSON_TYPE, self.as_json()
            return 200, "text/html", self.as_html()
        for offer in self.offers:
            if path == f"/files/{offer.wheel.name}":
                return 200, "application/octet-stream", offer.wheel.read_bytes()
        return 404, "text/plain", b"not here"

    def as_json(self) -> bytes:
        files = [
            {
                "filename": offer.wheel.name,
                "url": f"../../files/{offer.wheel.name}",
                "hashes": {"sha256": offer.digest},
                "requires-python": offer.requires_python,
                "yanked": False if offer.yanked is None else offer.yanked,
            }
            for offer in self.offers
        ]
        return json.dumps({"meta": {"api-version": "1.0"}, "name": "netledger", "files": files}).encode()

    def as_html(self, base: str = "../../files/") -> bytes:
        lines = [
            f'<a href="{base}{offer.wheel.name}#sha256={offer.digest}" '
            f'data-requires-python="{offer.requires_python.replace(">", "&gt;")}"'
            f"{_yanked(offer)}>{offer.wheel.name}</a><br>"
            for offer in self.offers
        ]
        return "\n".join(["<!DOCTYPE html><title>netledger</title>", *lines]).encode()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, index: ReleaseIndex, *arguments: object) -> None:
        self._index = index
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        status, kind, body = self._index.answer(
            self.path, self.headers.get("Accept", ""), self.headers.get("Authorization", "")
        )
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):  # a client that is killed reads no more
            self.wfile.write(body if self.command == "GET" else b"")

    def do_HEAD(self) -> None:
        """As uv asks first."""
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serving() -> Iterator[ReleaseIndex]:
    """An index that answers until the end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        index = ReleaseIndex(server.server_port)
        server.RequestHandlerClass = partial(_Handler, index)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield index
        finally:
            server.shutdown()
            thread.join()


def _yanked(offer: Offer) -> str:
    return "" if offer.yanked is None else f' data-yanked="{offer.yanked}"'
