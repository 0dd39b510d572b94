"""The file to copy is the package's own modules, and needs nothing but itself."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.clients.python.collectors import KEY

if TYPE_CHECKING:
    from tests.clients.python.collectors import Collector

CLIENT = Path(__file__).parents[3] / "clients" / "python"
FOLDER = CLIENT / "client_middleware"

PROGRAM = f"""
import asyncio
from client_middleware.middleware import create_tracking_middleware

class Request:
    scope = {{"type": "http", "method": "GET", "path": "/a", "headers": [], "client": ("192.0.2.1", 1)}}

class Response:
    status_code = 418

    async def __call__(self, scope, receive, send):
        await send({{"type": "http.response.start", "status": 418, "headers": []}})
        await send({{"type": "http.response.body", "body": b"teapot"}})

async def call_next(request):
    return Response()

async def send(message):
    pass

async def main():
    track = create_tracking_middleware(api_key="{KEY}")
    response = await track(Request(), call_next)
    assert response.status_code == 418
    await response(Request.scope, None, send)

asyncio.run(main())
"""


def test_the_file_is_made_of_the_modules_as_they_are() -> None:
    made = subprocess.run(
        [sys.executable, "-c", "import single_file; print(single_file.single_file(), end='')"],
        cwd=CLIENT,
        check=True,
        capture_output=True,
        text=True,
    )

    assert (FOLDER / "middleware.py").read_text(encoding="utf-8") == made.stdout


def test_the_code_is_that_of_python_3_9() -> None:
    for path in CLIENT.rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


def test_the_copied_folder_needs_nothing_but_itself_and_reads_dotenv(collector: Collector, tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "client_middleware", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / ".env").write_text(f"# ours\nexport API_BASE='{collector.url}/' # here\n", encoding="utf-8")
    (tmp_path / "main.py").write_text(PROGRAM, encoding="utf-8")

    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", "import sys; sys.path.insert(0, '.'); import main"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    (event,) = collector.events
    assert (event["status_code"], event["response_bytes"], event["ip"]) == (418, 6, "192.0.2.1")
