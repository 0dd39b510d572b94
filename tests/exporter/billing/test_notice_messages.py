"""What a notice says to a person, and how it reaches a real web server and a real program."""

from __future__ import annotations

import json
import sys
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from exporter.billing.delivery import DeliveryError, deliver
from exporter.billing.messages import Crossing, message_of, parts_of
from exporter.cli.root import netledger
from exporter.session.environment import Environment
from exporter.settings.plans.notify import PLACEHOLDERS, Notify, filled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

NOW = 1_781_253_900  # 2026-06-12
CROSSED = Crossing(
    host="vm",
    plan="home",
    percent=80,
    used=412_000_000_000,
    cap=500_000_000_000,
    first=date(2026, 6, 1),
    last=date(2026, 6, 30),
    forecast=530_000_000_000,
)
PRINT = "import json, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(json.dumps([sys.argv[2:], sys.stdin.read()]))"


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a web server, and the JSON that it got."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Tests are silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", got
    server.shutdown()
    server.server_close()


def test_a_notice_tells_a_person_host_plan_threshold_and_amounts_with_their_units() -> None:
    message = message_of(CROSSED)

    assert message["title"] == "netledger on vm: home has used 80 % of its cap"
    assert message["text"] == (
        "412.00 GB of 500.00 GB are used, 88.00 GB are left. The cycle ends on 2026-06-30. "
        "It is expected to come to 530.00 GB."
    )
    assert (message["left_bytes"], message["host"]) == (88_000_000_000, "vm")


def test_a_cap_that_is_exceeded_says_by_how_much() -> None:
    message = message_of(CROSSED._replace(used=510_000_000_000, forecast=None))

    assert message["text"] == (
        "510.00 GB of 500.00 GB are used, 10.00 GB more than it holds. The cycle ends on 2026-06-30."
    )


def test_each_placeholder_stands_for_its_part() -> None:
    given = tuple(f"{{{name}}}" for name in PLACEHOLDERS)

    parts = dict(zip(PLACEHOLDERS, filled(("tell", *given), parts_of(message_of(CROSSED)))[1:], strict=True))

    assert (parts["used"], parts["cap"]) == ("412.00 GB", "500.00 GB")
    assert (parts["left"], parts["percent"], parts["until"]) == ("88.00 GB", "80", "2026-06-30")
    assert (parts["host"], parts["plan"]) == ("vm", "home")
    assert parts["title"] == message_of(CROSSED)["title"]
    assert parts["text"] == message_of(CROSSED)["text"]


def test_braces_of_another_meaning_stay() -> None:
    arguments = ('{"a": 1}', "{{.text}}", "${HOME}", "{}")

    assert filled(("tell", *arguments), parts_of(message_of(CROSSED)))[1:] == arguments


def test_a_notice_of_an_earlier_version_leaves_what_it_lacks_empty() -> None:
    parts = parts_of({"plan": "home", "threshold_percent": 80, "used_bytes": 1, "cap_bytes": 2})

    assert (parts["plan"], parts["used"], parts["left"], parts["text"]) == ("home", "1 B", "", "")


async def test_a_program_with_placeholders_gets_the_text_on_its_input(tmp_path: Path) -> None:
    file, message = tmp_path / "got", message_of(CROSSED)

    await deliver("command", Notify(command=(sys.executable, "-c", PRINT, str(file), "{title}", "{left}")), message)

    assert json.loads(file.read_text("utf-8")) == [[message["title"], "88.00 GB"], f"{message['text']}\n"]


async def test_a_program_without_one_gets_the_json(tmp_path: Path) -> None:
    file, message = tmp_path / "got", message_of(CROSSED)

    await deliver("command", Notify(command=(sys.executable, "-c", PRINT, str(file))), message)

    arguments, text = json.loads(file.read_text("utf-8"))
    assert (arguments, json.loads(text)) == ([], message)


async def test_a_way_that_fails_says_why_without_its_address() -> None:
    with pytest.raises(DeliveryError, match=r"no connection to 127\.0\.0\.1:9") as caught:
        await deliver("webhook", Notify(webhook="http://127.0.0.1:9/secret"), message_of(CROSSED))

    assert "secret" not in str(caught.value)


def run(folder: Path, plans: str, *arguments: str) -> Result:
    file = folder / "netledger.yaml"
    file.write_text(f"ledger: {{timezone: UTC}}\nplans: {plans}\n", encoding="utf-8")
    called = ["--config", str(file), "plan", "test-notify", *arguments]
    return CliRunner().invoke(netledger, called, obj=Environment(environ={}, now=lambda: NOW))


def test_a_test_is_taken_on_every_way_and_says_that_it_is_one(
    tmp_path: Path, receiver: tuple[str, list[dict[str, Any]]]
) -> None:
    url, got = receiver
    file = tmp_path / "got"
    script = [sys.executable, "-c", PRINT, str(file), "{title}"]
    notify = json.dumps({"webhook": url, "command": script})

    result = run(tmp_path, f"[{{name: home, cap: 500 GB, alert_at: [70], notify: {notify}}}]")

    assert result.exit_code == 0, result.output
    assert [line.partition(" took it")[0] for line in result.output.splitlines()] == [
        "home: the webhook",
        "home: the command",
    ]
    assert (got[0]["is_test"], got[0]["threshold_percent"], got[0]["cycle_to"]) == (True, 70, "2026-06-30")
    assert got[0]["text"].startswith("This is a test")
    assert json.loads(file.read_text("utf-8"))[0] == [got[0]["title"]]


def test_a_test_that_is_not_taken_ends_with_1(tmp_path: Path) -> None:
    result = run(tmp_path, "[{name: home, cap: 1 GB, notify: {command: [/nowhere/tell]}}]")

    assert result.exit_code == 1
    assert result.output == "home: the command did not take it: there is no such program\n"


@pytest.mark.parametrize(
    ("plans", "arguments", "words"),
    [
        ("[{name: home, cap: 1 GB}]", (), "no plan has a notice"),
        ("[{name: home, cap: 1 GB}]", ("hoem",), "'hoem' is no plan; the plans are home"),
    ],
)
def test_a_test_without_anybody_to_tell_says_so(
    tmp_path: Path, plans: str, arguments: tuple[str, ...], words: str
) -> None:
    result = run(tmp_path, plans, *arguments)

    assert result.exit_code != 0
    assert words in result.output
