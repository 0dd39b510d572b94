"""Ask a Prometheus or a VictoriaMetrics over HTTP; for commands alone, a connection for each question."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import click

TIMEOUT_SECONDS = 60
OK, NO_CONTENT = 200, 204


class MetricServerError(click.ClickException):
    """The server did not answer, or refused; the text says which and why."""


class MetricServer:
    """One server by its address; a path before its API, and user:password@, are taken."""

    def __init__(self, url: str, option: str) -> None:
        """`option` names the address where it is none; raises click.UsageError."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in {"http", "https"} or not parts.hostname or port == -1:
            raise click.UsageError(f"{option}: {url!r} is no address: write http://HOST:PORT")
        self.url = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl().rstrip("/")
        self._is_tls, self._host, self._port = parts.scheme == "https", parts.hostname, port
        self._root = parts.path.rstrip("/")
        self._headers = {"User-Agent": "netledger"}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"

    def json(self, path: str, **parameters: str | float) -> Any:
        """The data of an answer of Prometheus' API; raises MetricServerError."""
        status, body = self._exchange("GET", f"{path}?{urlencode(parameters)}", b"")
        try:
            answer = json.loads(body)
            problem = "" if answer["status"] == "success" else str(answer.get("error", status))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise MetricServerError(f"{self.url}{path} answers {status} and not as Prometheus does") from None
        if problem:
            raise MetricServerError(f"{self.url} refused: {problem}")
        return answer.get("data")

    def text(self, path: str) -> str | None:
        """A page; None where there is no such page."""
        status, body = self._exchange("GET", path, b"")
        return body.decode("utf-8", "replace") if status == OK else None

    def post(self, path: str, body: bytes) -> None:
        """Send; raises MetricServerError unless it was taken."""
        status, answer = self._exchange("POST", path, body)
        if status not in {OK, NO_CONTENT}:
            reason = answer[:300].decode("utf-8", "replace").strip()
            raise MetricServerError(f"{self.url}{path} refused ({status}): {reason}")

    def _exchange(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self._is_tls else http.client.HTTPConnection
        with contextlib.closing(kind(self._host, self._port, timeout=TIMEOUT_SECONDS)) as connection:
            try:
                connection.request(method, self._root + target, body or None, self._headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
                raise MetricServerError(f"{self.url} does not answer: {reason}") from error
