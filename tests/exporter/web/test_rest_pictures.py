"""Charts and badges over HTTP: the bytes of `netledger image`, drawn once a sample, for pages of other sites."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from exporter.settings.tree import Auth, Display
from exporter.web.http import drawings
from reports.billing.plans import Plan
from reports.pictures import pictures
from reports.pictures.badge import BADGES
from reports.pictures.pictures import PICTURES
from tests.exporter.cli.calls import Commands
from tests.exporter.web.running_service import running

if TYPE_CHECKING:
    from tests.exporter.web.running_service import RunningService

ADMIN = "an-admin-key"


def texts(drawn: str) -> list[str]:
    parsed = ET.fromstring(drawn)  # noqa: S314 - our own
    return [text.text or "" for text in parsed.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("query", ["", "theme=dark", "interface=eth0"])
async def test_a_chart_has_the_bytes_of_the_command(service: RunningService, query: str) -> None:
    await count(service)
    option = query.partition("=")
    options = (f"--{option[0]}", option[2]) if query else ()
    commands = Commands(service.ledger.path, service.machine.seconds)

    for name in PICTURES:
        drawn = await service.ask(f"/chart/{name}.svg?{query}")
        done = await asyncio.to_thread(commands, "image", name, *options, "--output", "-")
        assert (drawn.status, done.exit_code, done.stderr) == (200, 0, "")
        assert drawn.text == done.stdout
        assert drawn.headers["Content-Type"] == "image/svg+xml; charset=utf-8"


async def test_charts_and_badges_have_the_forms_of_the_commands(unstarted: RunningService) -> None:
    unstarted.display = Display(units="binary", rate="bytes", locale="de")
    unstarted.plans = (Plan(name="home", cap_bytes=3_000_000_000),)
    async with running(unstarted) as service:
        await count(service)
        commands = Commands(service.ledger.path, service.machine.seconds)
        settings = "display: {units: binary, rate: bytes, locale: de}\n"
        await asyncio.to_thread(Path(commands.environ["NETLEDGER_CONFIG"]).write_text, settings, encoding="utf-8")
        for name in PICTURES:
            drawn = await service.ask(f"/chart/{name}.svg")
            done = await asyncio.to_thread(commands, "image", name, "--output", "-")
            assert (drawn.text, done.stderr) == (done.stdout, "")
            assert "GiB" in drawn.text
        month, plan = [texts((await service.ask(f"/badge/{name}.svg")).text)[1] for name in ("month", "plan")]

    assert (month, plan) == ("1,40 GiB this month", "50,0 % of 2,79 GiB")


async def count(service: RunningService) -> None:
    """Count 1.5 GB and commit them."""
    await service.ask("/api/live")
    service.machine.move("eth0", 1_500_000_000)
    service.pass_time()
    assert (await service.ask("/api/commit", "POST")).status == 200


@pytest.mark.parametrize("name", BADGES)
async def test_a_badge_has_the_bytes_of_the_api(service: RunningService, name: str) -> None:
    await count(service)

    drawn = await service.ask(f"/badge/{name}.svg")

    found = await service.get("/api/summary" if name == "ever" else f"/api/{name}")
    total = found.get("summary", found)["human_readable"]["total"]
    assert texts(drawn.text) == ["netledger", f"{total} {BADGES[name]}"]
    of_one = await service.ask(f"/badge/{name}.svg?interface=eth0")
    assert texts(of_one.text) == ["eth0", f"{total} {BADGES[name]}"]


async def test_a_badge_of_a_plan_has_its_share(unstarted: RunningService) -> None:
    unstarted.plans = (Plan(name="home", cap_bytes=3_000_000_000), Plan(name="free"))
    async with running(unstarted) as service:
        await count(service)
        used = {plan["name"]: plan for plan in (await service.get("/api/plans"))["plans"]}

        home, free = [await service.ask(f"/badge/plan.svg{query}") for query in ("", "?plan=free")]
        unknown = await service.ask("/badge/plan.svg?plan=nosuch")

    assert texts(home.text) == ["home", f"{100 * used['home']['used_ratio']:.1f} % of 3.00 GB"]
    assert texts(free.text)[0] == "free"
    assert texts(free.text)[1].endswith(" this cycle")
    assert (unknown.status, "nosuch" in unknown.json["error"]) == (400, True)


async def test_a_reader_that_has_the_drawing_is_told_so(service: RunningService) -> None:
    await count(service)
    first = await service.ask("/badge/month.svg")

    again = await service.ask("/badge/month.svg", headers={"If-None-Match": first.headers["ETag"]})
    head = await service.ask("/badge/month.svg", "HEAD")
    service.machine.move("eth0", 10**9)
    service.pass_time()
    later = await service.ask("/badge/month.svg", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status, again.text, later.status, head.text) == (304, "", 200, "")
    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "public, max-age=60"
    assert later.headers["ETag"] != first.headers["ETag"] == head.headers["ETag"]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is drawn."""
    names: list[str] = []

    def draw(name: str, *given: Any) -> str:
        names.append(name)
        return real(name, *given)

    real = pictures.draw
    monkeypatch.setattr(pictures, "draw", draw)
    return names


async def test_readers_of_one_sample_share_a_drawing(service: RunningService, drawn: list[str]) -> None:
    await count(service)

    await asyncio.gather(*(service.ask(f"/chart/{name}.svg") for name in ("days", "hours") for _ in range(10)))
    assert sorted(drawn) == ["days", "hours"]

    service.pass_time()
    await service.ask("/chart/days.svg")
    assert len(drawn) == 3


async def test_many_questions_do_not_fill_the_memory(
    service: RunningService, drawn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await count(service)
    monkeypatch.setattr(drawings, "MOST_DRAWINGS", 3)

    for number in (1, 2, 3, 4, 5, 1, 2, 3, 4, 5):
        assert (await service.ask(f"/chart/days.svg?last={number}")).status == 200

    assert len(drawn) == 5 + 2


@pytest.mark.parametrize(
    ("host", "policy"),
    [
        ("127.0.0.1", "same-origin"),
        ("localhost:7373", "same-origin"),
        ("[::1]:7373", "same-origin"),
        ("192.0.2.7:7373", "cross-origin"),
        ("traffic.example.org", "cross-origin"),
    ],
)
async def test_pages_of_other_sites_show_what_is_asked_by_a_name_of_the_network(
    unstarted: RunningService, host: str, policy: str
) -> None:
    unstarted.server = type(unstarted.server)(port=0, allowed_hosts=("traffic.example.org",))
    async with running(unstarted) as service:
        drawn = await service.ask("/badge/month.svg", headers={"Host": host})
        other = await service.ask("/api/today", headers={"Host": host})

    assert (drawn.status, drawn.headers["Cross-Origin-Resource-Policy"]) == (200, policy)
    assert other.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "default-src 'none'" in drawn.headers["Content-Security-Policy"]
    assert "script-src" not in drawn.headers["Content-Security-Policy"]


async def test_a_host_that_is_unknown_gets_no_drawing(service: RunningService) -> None:
    assert (await service.ask("/badge/month.svg", headers={"Host": "evil.example"})).status == 403


async def test_what_took_a_key_is_for_its_reader_alone(unstarted: RunningService) -> None:
    unstarted.auth = Auth(api_keys=(ADMIN,))
    async with running(unstarted) as service:
        nobody = await service.ask("/chart/days.svg")
        reader = await service.ask("/chart/days.svg", headers={"X-API-Key": ADMIN})

    assert (nobody.status, reader.status) == (401, 200)
    assert reader.headers["Cache-Control"] == "private, max-age=60"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/chart/weeks.svg", "name: 'weeks' is no picture"),
        ("/badge/hour.svg", "name: 'hour' is no badge"),
        ("/chart/days.svg?last=0", "last: 0 is not a number of periods"),
        ("/chart/days.svg?last=101", "101 days have no room in a picture"),
        ("/chart/days.svg?last=x", "last: 'x' is refused"),
        ("/chart/summary.svg?last=3", "last, from, to: a summary has none of them"),
        ("/chart/days.svg?theme=blue", "theme: 'blue' is refused"),
        ("/chart/days.svg?interface=eth9", "the ledger knows no 'eth9'"),
        ("/chart/days.svg?width=3", "width: unknown parameter"),
        ("/badge/plan.svg?interface=eth0", "interface: unknown parameter"),
    ],
)
async def test_what_cannot_be_drawn_is_refused_in_words(service: RunningService, path: str, problem: str) -> None:
    answer = await service.ask(path)

    assert answer.status == 400
    assert problem in answer.json["error"]
