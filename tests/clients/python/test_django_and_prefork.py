"""Django in its own process, and Flask behind gunicorn: each forked worker sends its own, and all of it at the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.clients.python.collectors import KEY, Collector, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLASK = """
from flask import Flask
from netledger_client.wsgi import WsgiMiddleware

app = Flask(__name__)
app.wsgi_app = WsgiMiddleware(app.wsgi_app)

@app.get("/items/<int:item>")
def item(item):
    return str(item)
"""
DJANGO = """
from django.conf import settings
settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="s", LOGGING_CONFIG=None,
    MIDDLEWARE=["netledger_client.django.DjangoMiddleware"],
)
import django
django.setup()
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

def boom(request):
    raise RuntimeError("boom")

def upload(request):
    return HttpResponse(str(len(request.body)))

urlpatterns = [
    path("items/<int:item>/", lambda request, item: HttpResponse(str(item))),
    path("boom/", boom),
    path("upload/", upload),
    path("stream/", lambda request: StreamingHttpResponse(iter([b"a" * 10, b"b" * 20]))),
]
app = get_wsgi_application()
asgi = get_asgi_application()
"""


@contextmanager
def _running(program: str, folder: Path, collector: Collector, *arguments: str) -> Iterator[str]:
    """The address of a server that is asked to end at the end, and whose workers end well."""
    (folder / "served.py").write_text(program, encoding="utf-8")
    port = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), *sys.path]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NETLEDGER_URL": collector.url,
        "NETLEDGER_KEY": KEY,
    }
    command = [sys.executable, "-m", *(each.format(port=port) for each in arguments)]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            _wait(url, process)
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=30)
    assert b"netledger" not in errors, errors


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(400):
        assert process.poll() is None
        try:
            httpx.get(f"{url}/ready", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(url)


def _rows(collector: Collector) -> list[tuple[str, str, int, int, int]]:
    return [
        (each["method"], each.get("route", ""), each["status_code"], each["request_bytes"], each["response_bytes"])
        for each in collector.events
        if each["endpoint"] != "/ready"
    ]


@pytest.mark.parametrize("preload", [[], ["--preload"]], ids=["forked", "preloaded"])
def test_each_forked_worker_sends_its_own_and_all_of_it_at_the_end(
    collector: Collector, tmp_path: Path, preload: list[str]
) -> None:
    command = ["gunicorn", "--bind", "127.0.0.1:{port}", "--workers", "3", "--threads", "2", *preload, "served:app"]
    with _running(FLASK, tmp_path, collector, *command) as url:
        for number in range(60):
            assert httpx.get(f"{url}/items/{number}", trust_env=False).text == str(number)

    rows = Counter(row[:3] for row in _rows(collector))
    assert rows == {("GET", "/items/<int:item>", 200): 60}


@pytest.mark.parametrize(
    "command",
    [
        ["gunicorn", "--bind", "127.0.0.1:{port}", "--threads", "2", "served:app"],
        ["uvicorn", "--port", "{port}", "--log-level", "critical", "served:asgi"],
    ],
    ids=["wsgi", "asgi"],
)
def test_django_is_recorded_by_its_routes(collector: Collector, tmp_path: Path, command: list[str]) -> None:
    with _running(DJANGO, tmp_path, collector, *command) as url:
        httpx.get(f"{url}/items/7/", trust_env=False)
        httpx.head(f"{url}/items/7/", trust_env=False)
        httpx.get(f"{url}/boom/", trust_env=False)
        httpx.get(f"{url}/stream/", trust_env=False)
        httpx.post(f"{url}/upload/", content=b"x" * 100_000, trust_env=False)
        collector.wait_for(6)

    rows = _rows(collector)
    assert rows[:2] == [("GET", "/items/<int:item>/", 200, 0, 1), ("HEAD", "/items/<int:item>/", 200, 0, 0)]
    assert rows[2][:3] == ("GET", "/boom/", 500)
    assert rows[3:4] == [("GET", "/stream/", 200, 0, 30)]
    assert rows[4][:4] in {("POST", "/upload/", 200, 100_000), ("POST", "/upload/", 403, 100_000)}
