"""The page at / tells what the ledger tells, to those who may read it, and binds the browser."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from contextlib import closing
from datetime import datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from exporter.metering.counters.readings import Counts
from exporter.metering.postings import Usage
from exporter.meters.interfaces.state import interface
from exporter.meters.requests.events import Batch
from exporter.settings.tree import Grafana
from exporter.web.page.asset_files import OWN
from reports.billing.plans import Plan
from reports.calendar.requests import RANGES
from reports.formats.registry import FORMATS
from tests.exporter.web.running_service import RunningService, running
from tests.meters.requests import event

if TYPE_CHECKING:
    from typing import Any

KEY = "a-key-for-the-page"
UPLOT = OWN / "vendor" / "uplot"
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><style>*{display:none}</style>",
    "\u202egnp.exe",
    "🦜 übergröße",
    "x" * 200,
    "{{ 7 * 7 }}",
    "</title><script>alert(2)</script>",
)


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.title, self._in_title = "", False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._in_title |= tag == "title"

    def handle_endtag(self, tag: str) -> None:
        self._in_title &= tag != "title"

    def handle_data(self, data: str) -> None:
        self.title += data if self._in_title and not self.title else ""


def live_text(page: str, name: str) -> str:
    """What stands where a live text goes, tags removed."""
    found = re.search(rf'data-live="{name}">(.*?)</span>\s*(?:</span>|<|$)', page)
    assert found, f"there is no place for {name}"
    return re.sub("<[^>]*>", "", found[1])


@pytest.mark.parametrize("path", ["/", "/dashboard"])
async def test_the_page_tells_today_as_the_api_does(service: RunningService, path: str) -> None:
    service.machine.move("eth0", 1_234_567, 89_000)
    service.pass_time()

    page = (await service.ask(path)).text

    today = await service.get("/api/today")
    assert today["human_readable"]["total"] == "1.32 MB"
    assert (
        "".join(re.findall(r'data-live="today"><span class="value">([^<]*)</span> <span class="unit">([^<]*)', page)[0])
        == "1.32MB"
    )
    assert live_text(page, "today-received") == today["human_readable"]["received"]


async def test_the_page_binds_the_browser_to_files_of_ours(service: RunningService) -> None:
    told = await service.ask("/")

    rules = dict(rule.strip().partition(" ")[::2] for rule in told.headers["Content-Security-Policy"].split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    for tag, attributes in Tags(told.text).found:
        assert tag != "style"
        assert tag != "script" or attributes["src"]
        assert not [name for name in attributes if name == "style" or name.startswith("on")]


async def test_all_that_the_page_needs_is_here_and_kept_for_good(service: RunningService) -> None:
    page = (await service.ask("/")).text
    needed = re.findall(r'(?:src|href)="(assets/[^"]+)"', page)

    assert {name.rsplit(".", 1)[1] for name in needed} == {"js", "css", "svg"}
    for path in needed:
        told = await service.ask(f"/{path}", headers={"Accept-Encoding": "gzip"})
        assert told.status == 200
        assert told.headers["Content-Encoding"] == "gzip"
        assert "immutable" in told.headers["Cache-Control"]


async def test_every_script_that_is_imported_is_fetched_beside_the_page(service: RunningService) -> None:
    page = (await service.ask("/")).text
    here = {path.rsplit("/", 1)[1]: path for path in re.findall(r'(?:src|href)="(assets/[^"]+\.js)"', page)}

    imported = {
        name
        for path in here.values()
        for name in re.findall(r'from "\./([^"]+)"', (await service.ask(f"/{path}")).text)
    }

    assert imported
    assert imported <= here.keys()


async def test_an_asset_is_told_to_clients_that_cannot_decompress(service: RunningService) -> None:
    page = (await service.ask("/")).text
    path = re.findall(r'href="(assets/[^"]+style\.css)"', page)[0]

    plain = await service.ask(f"/{path}", headers={"Accept-Encoding": "identity"})

    assert "Content-Encoding" not in plain.headers
    assert "--receive" in plain.text


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fpage.html", "LICENSE"])
async def test_nothing_but_assets_is_served_as_one(service: RunningService, name: str) -> None:
    assert (await service.ask(f"/assets/0/{name}")).status == 404


async def test_an_address_of_another_release_is_not_kept(service: RunningService) -> None:
    told = await service.ask("/assets/0123/page.js")

    assert (told.status, told.headers["Cache-Control"]) == (200, "no-cache")


async def test_the_page_is_compressed(service: RunningService) -> None:
    told = await service.ask("/", headers={"Accept-Encoding": "gzip"})

    assert told.headers["Content-Encoding"] == "gzip"
    assert int(told.headers["Content-Length"]) < len(told.text.encode()) / 2


@pytest.mark.parametrize("query", ["", "?month=2026-05"])
async def test_a_slash_at_its_end_leads_to_the_page_of_the_same_month(service: RunningService, query: str) -> None:
    told = await service.ask(f"/dashboard/{query}", allow_redirects=False)

    assert (told.status, told.headers["Location"]) == (308, f"../dashboard{query}")


@pytest.mark.parametrize("weights", ["gzip;q=0", "identity, gzip;q=0.5", "gzip;q=0, *"])
async def test_neither_page_nor_script_is_compressed_for_who_refuses_it(service: RunningService, weights: str) -> None:
    page = await service.ask("/", headers={"Accept-Encoding": weights})
    script = re.findall(r'"(assets/[^"]+/page\.js)"', page.text)[0]
    told = await service.ask(f"/{script}", headers={"Accept-Encoding": weights})

    assert "Content-Encoding" not in page.headers
    assert "Content-Encoding" not in told.headers
    assert told.text == (OWN / "page.js").read_text(encoding="utf-8")


async def test_a_month_by_day_with_the_way_to_its_neighbours(unstarted: RunningService) -> None:
    unstarted.write_before(slots=slots("2025-10-03", 5_000_000, "2025-09-01", 1))
    async with running(unstarted) as service:
        october = (await service.ask("/?month=2025-10")).text
        september = (await service.ask("/?month=2025-09")).text

    assert "October 2025" in october
    assert "Fri 3 Oct 2025: 5.00 MB" in october
    assert re.findall(r'data-month="([^"]+)"', october) == ["2025-09", "2025-11"]
    assert re.findall(r'data-month="([^"]+)"', september) == ["2025-10"]


@pytest.mark.parametrize("month", ["1999-01", "2199-12"])
async def test_a_month_without_history_is_empty_and_leads_back(service: RunningService, month: str) -> None:
    told = await service.ask(f"/?month={month}")

    assert told.status == 200
    assert len(re.findall(r"data-month=", told.text)) == 1


@pytest.mark.parametrize("query", ["month=2025-13", "month=x", "day=1", "month=2025-10&month=2025-09"])
async def test_what_is_no_month_is_refused(service: RunningService, query: str) -> None:
    assert (await service.ask(f"/?{query}")).status == 400


@pytest.mark.parametrize("path", ["/", "/dashboard"])
async def test_without_the_key_there_is_a_page_without_data(unstarted: RunningService, path: str) -> None:
    unstarted.auth = replace(unstarted.auth, api_keys=(KEY,))
    unstarted.machine.create("secret0", is_uplink=True)
    async with running(unstarted) as service:
        shell = await service.ask(path)
        page = await service.ask(path, headers={"X-API-Key": KEY, "Accept": "text/html"})
        wrong = await service.ask(path, headers={"X-API-Key": "another", "Accept": "text/html"})
        stream = await service.ask("/api/live/stream")

    assert (shell.status, page.status, wrong.status, stream.status) == (200, 200, 401, 401)
    assert 'id="gate"' in shell.text
    assert "secret0" not in shell.text
    assert "secret0" in page.text
    assert wrong.json == {"error": "the API key is wrong"}
    assert shell.headers["Cache-Control"] == "no-store"


async def test_the_shell_needs_only_what_it_may_fetch(unstarted: RunningService) -> None:
    unstarted.auth = replace(unstarted.auth, api_keys=(KEY,))
    async with running(unstarted) as service:
        shell = (await service.ask("/")).text
        told = [await service.ask(f"/{path}") for path in re.findall(r'(?:src|href)="([^"]+)"', shell)]

    assert {one.status for one in told} == {200}


async def test_hostile_names_are_shown_and_do_nothing(
    unstarted: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: HOSTILE[-1])
    for name in HOSTILE:
        unstarted.machine.create(name, is_uplink=True)
    unstarted.plans = tuple(Plan(name=name, cap_bytes=10**9) for name in HOSTILE)
    async with running(unstarted) as service:
        for name in HOSTILE:
            service.machine.move(name, 1000)
        service.pass_time()
        page = (await service.ask("/")).text

    tags = Tags(page)
    assert tags.title == f"{HOSTILE[-1]} · netledger"
    shown = {attributes["data-interface"] for _, attributes in tags.found if "data-interface" in attributes}
    assert shown == {"eth0", *HOSTILE}
    assert all(attributes.get("src", "").startswith("assets/") for tag, attributes in tags.found if tag == "script")  # type: ignore[union-attr]
    assert not {"img", "style"} & {tag for tag, _ in tags.found}
    assert "49" not in re.findall(r'data-interface="{{ 7 \* 7 }}"', page)


@pytest.mark.parametrize(
    ("cap", "says"), [(None, "no cap"), (0, "over the cap"), (10**9, "of 1.00 GB"), (1000, "over the cap")]
)
async def test_a_plan_says_how_it_stands(unstarted: RunningService, cap: int | None, says: str) -> None:
    unstarted.plans = (Plan(cap_bytes=cap),)
    unstarted.write_before(slots=slots("2026-06-11", 5_000_000))
    async with running(unstarted) as service:
        page = (await service.ask("/")).text

    assert says in page


async def test_a_machine_without_interfaces_has_a_page_too(unstarted: RunningService) -> None:
    unstarted.machine.interfaces.clear()
    unstarted.machine.uplinks.clear()
    async with running(unstarted) as service:
        page = (await service.ask("/")).text

    assert "No interface is metered" in page
    assert "Nothing has moved yet" in page


async def test_what_is_wrong_is_said_on_top(unstarted: RunningService) -> None:
    async with running(unstarted) as service:
        service.meter.problem = "<b>no /proc</b>"
        service.pass_time(30)
        page = (await service.ask("/")).text

    assert "Late: the interfaces cannot be read" in page
    assert "&lt;b&gt;no /proc&lt;/b&gt;" in page


async def test_a_ledger_that_cannot_be_read_is_said_to_people(service: RunningService) -> None:
    service.machine.move("eth0", 3_000_000)
    service.pass_time()
    with closing(sqlite3.connect(service.ledger.path)) as other:
        other.execute("DROP VIEW interface_by_day")
        other.commit()

    told = await service.ask("/")

    assert told.status == 503
    assert told.headers["Content-Type"].startswith("text/html")
    assert "The ledger cannot be read now (no such table: interface_by_day)" in told.text
    assert "today 3.00 MB" in told.text


async def test_with_grafana_each_part_leads_there(unstarted: RunningService) -> None:
    async with running(unstarted) as service:
        without = (await service.ask("/")).text
    unstarted.grafana = Grafana(url="https://grafana.example/")
    async with running(unstarted) as service:
        page = (await service.ask("/")).text
        await service.intake.add(Batch([event(service.machine.seconds)]))
        with_requests = (await service.ask("/")).text

    assert "grafana" not in without.lower()
    boards, more = (
        re.findall(r'href="https://grafana.example/d/netledger-([a-z]+)/', text) for text in (page, with_requests)
    )
    assert boards == ["plans", "overview", "interfaces", "health"]
    assert set(more) - set(boards) == {"requests"}


async def test_the_page_leads_only_to_what_is_there(service: RunningService) -> None:
    page = (await service.ask("/")).text
    links = re.findall(r'(?:href|src|action)="([^"#]+)"', page)

    assert {"reports", "metrics", "api/today", "api/month", "api/summary", "api/health", "api/docs"} <= set(links)
    # A proxy may serve us beneath a path of its own: then an address from the root is somebody else's.
    assert not [link for link in links if link.startswith("/")]
    for link in links:
        assert (await service.ask(f"/{link}")).status == 200, link


def test_scripts_ask_beneath_the_path_of_the_page() -> None:
    scripts = {path.name: path.read_text(encoding="utf-8") for path in OWN.glob("*.js")}

    assert scripts
    assert not {name for name, text in scripts.items() if re.search(r"""["'`]/[a-z]""", text)}


async def test_every_export_that_is_offered_is_there(service: RunningService) -> None:
    page = (await service.ask("/")).text
    ranges = re.findall(r'name="range" value="([^"]+)"', page)
    formats = re.findall(r'name="format" value="([^"]+)"', page)

    assert (set(ranges), {*formats, "html"}) == (set(RANGES), {*FORMATS, "html"})  # html is the wrap-up
    for name in ranges:
        told = [await service.ask(f"/api/export?range={name}&format={form}") for form in formats]
        told.append(await service.ask(f"/api/export/wrapup?range={name}"))
        assert {one.status for one in told} == {200}


def slots(*days: Any) -> dict[Any, Usage]:
    """Bytes that eth0 received at noon of days: date, bytes, date, bytes ..."""
    made = {}
    for day, amount in zip(days[::2], days[1::2], strict=True):
        at = int(datetime.fromisoformat(f"{day}T12:00:00+05:30").timestamp())
        made[(at, interface("eth0"))] = Usage(Counts(amount))
    return made


def test_the_chart_library_is_the_release_that_it_says() -> None:
    lines = (UPLOT / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, name in map(str.split, lines)}

    assert sums.keys() == {"LICENSE", "VERSION", "uPlot.css", "uPlot.js"}
    for name, digest in sums.items():
        assert hashlib.sha256((UPLOT / name).read_bytes()).hexdigest() == digest
    assert (
        f"(v{(UPLOT / 'VERSION').read_text(encoding='utf-8').strip()})"
        in (UPLOT / "uPlot.js").read_text(encoding="utf-8")[:200]
    )
    assert "MIT" in (UPLOT / "LICENSE").read_text(encoding="utf-8")
