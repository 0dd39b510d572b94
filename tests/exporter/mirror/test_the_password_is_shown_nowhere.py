"""A service whose mirror has an address with a password: no answer, command or line of the log shows it."""

from __future__ import annotations

import http.client
import signal
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from exporter.web.server import documented
from tests.exporter.cli.service_process import Service
from tests.worlds.server_process import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "Xyzzy/Plugh"  # noqa: S105 - of no server
FORMS = ("Xyzzy", "Plugh")
IN_LOGIN = "postgresql://me:{}@127.0.0.1:{}/fleet"
IN_QUERY = "postgresql://127.0.0.1:{1}/fleet?user=me&password={0}"
COMMANDS = (
    ("config", "show"),
    ("config", "show", "--json"),
    ("config", "check"),
    ("doctor",),
    ("doctor", "--json"),
    ("status",),
    ("status", "--json"),
    ("ledger", "info"),
)
ENDLESS = "/api/live/stream"


@pytest.fixture(params=[IN_LOGIN, IN_QUERY], ids=["login", "query"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    found = Service(tmp_path, tmp_path / "ledger.db")
    found.configure(mirror={"url": request.param.format(quote(PASSWORD, safe=""), free_port())})
    yield found
    found.end()


def _texts(service: Service) -> Iterator[tuple[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    paths = (
        "/",
        "/metrics",
        *sorted({route.path for route in documented() if route.method == "GET" and "{" not in route.path}),
    )
    for path in paths:
        if path == ENDLESS:
            continue
        connection.request("GET", path)
        answer = connection.getresponse()
        yield path, f"{answer.headers} {answer.read().decode(errors='replace')}"
    connection.close()
    for command in COMMANDS:
        yield " ".join(command), "".join(map(str, service.command(*command)))


def test_the_password_is_shown_nowhere(service: Service) -> None:
    service.start()
    texts = dict(_texts(service))
    service.configure(mirror={"url": f"postgresql://me:{PASSWORD}@db/x"})
    service.send(signal.SIGHUP)
    refused = service.command("config", "check")
    ended = service.stop()

    assert "***" in texts["config show"]
    assert "***" in texts["config show --json"]
    assert "has an @ that does not end the login" in refused.stderr
    assert "has an @ that does not end the login" in ended.stderr
    texts |= {"refused": f"{refused}", "stdout": ended.stdout, "log": ended.stderr}
    assert {name: text for name, text in texts.items() if any(form in text for form in FORMS)} == {}
