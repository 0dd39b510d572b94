"""HTTP client of a Prometheus or a VictoriaMetrics, with one connection a request."""

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
    """The server does not answer, or refuses; the text names it and the reason."""


class MetricServer:
    """One server by its address, which may have user:password@, and a path before that of the API."""

    def __init__(self, url: str, option: str) -> None:
        """Raises click.UsageError, which names the option, for an invalid address."""
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

    def get(self, path: str, **parameters: str | float) -> Any:
        """The data of an answer of Prometheus' API; raises MetricServerError."""
        status, body = self._exchange("GET", f"{path}?{urlencode(parameters)}")
        try:
            answer = json.loads(body)
            problem = "" if answer["status"] == "success" else str(answer.get("error", status))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise MetricServerError(f"{self.url}{path} answers {status} and not as Prometheus does") from None
        if problem:
            raise MetricServerError(f"{self.url} refused: {problem}")
        return answer.get("data")

    def query(self, expression: str, time: float, **parameters: str | float) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series that PromQL finds at a time (UTC seconds); raises MetricServerError."""
        found = self.get("/api/v1/query", query=expression, time=time, **parameters)["result"]
        return [(series["metric"], float(series["value"][1])) for series in found]

    def text(self, path: str) -> str | None:
        """The text of a page, None without such a page; raises MetricServerError."""
        status, body = self._exchange("GET", path)
        return body.decode("utf-8", "replace") if status == OK else None

    def post(self, path: str, body: bytes) -> None:
        """POST; raises MetricServerError unless the server accepts it."""
        status, answer = self._exchange("POST", path, body)
        if status not in {OK, NO_CONTENT}:
            reason = answer[:300].decode("utf-8", "replace").strip()
            raise MetricServerError(f"{self.url}{path} refused ({status}): {reason}")

    def _exchange(self, method: str, target: str, body: bytes | None = None) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self._is_tls else http.client.HTTPConnection
        with contextlib.closing(kind(self._host, self._port, timeout=TIMEOUT_SECONDS)) as connection:
            try:
                connection.request(method, self._root + target, body, self._headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
                raise MetricServerError(f"{self.url} does not answer: {reason}") from error
