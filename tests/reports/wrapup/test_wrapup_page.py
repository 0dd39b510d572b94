"""The page of a wrap-up: one file that runs nothing, whole for every length of history, names unharmed in it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from exporter.ledger.files import connect_to_read
from exporter.metering.counters.speeds import Speeds
from reports.billing.plans import CycleRule, Plan
from reports.billing.prices import one_price
from reports.export.export import InterfaceTotal
from reports.formats.html import write
from reports.ledger.reader import Bytes, LedgerReader
from reports.ledger.rows import Gap
from reports.templates.environment import style
from reports.text.amounts import human_bytes
from reports.text.grafana_links import GrafanaLinks
from reports.wrapup.chapters.chapter import bidi_text
from reports.wrapup.context import WrapUpContext
from reports.wrapup.wrapup import wrapup
from tests.bench.seeding import History, seed
from tests.reports.export.example_exports import HOSTILE_NAMES, Asked, den_host
from tests.reports.wrapup.read_page import Page
from tests.worlds.selections import selection_of, with_plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reports.wrapup.wrapup import WrapUp
    from tests.conftest import Golden
    from tests.worlds.written_ledger import WrittenLedger

INDIA = ZoneInfo("Asia/Kolkata")
DAY = 86_400
MOST_BYTES = 150_000
HOME = Plan(
    "home",
    cap_bytes=40_000_000_000,
    cycle=CycleRule("monthly", 7),
    price_steps=one_price(Decimal("0.1")),
    currency="EUR",
    gigabyte_bytes=10**9,
)
LINKS = GrafanaLinks("https://grafana.example.org", "den:7373")
NOW = int(datetime(2026, 6, 12, 14, 30, tzinfo=INDIA).astimezone(UTC).timestamp())
LONG = "x" * 200
TURNING = "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe\N{POP DIRECTIONAL ISOLATE}\N{POP DIRECTIONAL ISOLATE}"


@pytest.fixture
def ledger(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> WrittenLedger:
    """Seventy days of evenings until today, a tunnel within, and a gap."""
    made = new_ledger(INDIA)
    first = NOW - 70 * DAY
    slots = {first + number * DAY: (10**9 * (number % 9 + 1), 10**8 * (number % 4)) for number in range(71)}
    made.write(slots, seen=first, peaks=Speeds(90_000_000, 9_000_000, 95_000_000))
    gap = Gap(NOW - 3 * DAY - 3600, NOW - 3 * DAY, "stopped", 0)
    made.write({NOW - 4 * DAY: (3_000_000_000, 1)}, device="eth1", gaps=(gap,), seen=first)
    made.write({NOW - 5 * DAY: (2_000_000_000, 1)}, device="wg0", seen=first)
    return made


def told(
    ledger: WrittenLedger,
    asked: Asked,
    subject: Plan | str | None = None,
    context: WrapUpContext = WrapUpContext((HOME,), LINKS),  # noqa: B008
) -> WrapUp:
    with ledger.reading() as reader:
        return wrapup(
            reader,
            asked.period(reader, NOW),
            NOW,
            den_host(),
            selection_of(reader, subject),
            with_plan(context, subject),
        )


def page_of(found: WrapUp) -> str:
    return b"".join(write(found)).decode()


def test_a_small_wrap_up_is_as_promised(ledger: WrittenLedger, golden: Golden) -> None:
    page = page_of(told(ledger, Asked("month")))

    golden("wrapup.html", page.replace(str(style()), ""))


ASKED = {
    "all": Asked("all"),
    "year": Asked("year"),
    "month": Asked("month"),
    "a whole month": Asked(None, "2026-05-01", "2026-05-31"),
    "week": Asked("week"),
    "today": Asked("today"),
    "yesterday and today": Asked(None, "2026-06-11", None),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("subject", [None, "wg0", HOME], ids=["machine", "interface", "plan"])
def test_a_page_is_well_formed_and_needs_nothing_else(
    subject: Plan | str | None, asked: Asked, ledger: WrittenLedger
) -> None:
    page = Page(page_of(told(ledger, asked, subject)))

    assert page.dangers == []
    assert {link.attributes["href"].split("?")[0].rsplit("/", 1)[0] for link in page.all("a")} <= {
        f"https://grafana.example.org/d/netledger-{name}" for name in ("overview", "interfaces", "plans", "health")
    }
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    assert len(page.all("h1")) == 1
    assert len(page.all("h2")) == len(page.all("section"))
    assert all(svg.attributes.get("aria-label") or svg.attributes.get("aria-hidden") for svg in page.all("svg"))


def test_its_numbers_are_those_of_the_export(ledger: WrittenLedger) -> None:
    found = told(ledger, Asked("month"))
    total = found.summary.total

    text = Page(page_of(found)).text

    for amount in (total.received, total.sent, total.total):
        assert f"{human_bytes(amount)} {amount:,} bytes" in text
    assert human_bytes(found.summary.daily_average) in text
    assert f"You moved {human_bytes(total.total)} in June 2026 so far, " in text


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        (Bytes(100), "in 2026, 12 % more than 2025."),
        (Bytes(112), "in 2026, as much as 2025."),
        (Bytes(224), "in 2026, 50 % less than 2025."),
        (Bytes(50), "in 2026, 2.2 times 2025."),
        (Bytes(0), "in 2026."),
    ],
)
def test_the_opening_compares_with_the_year_before(
    before: Bytes, sentence: str, new_ledger: Callable[[ZoneInfo], WrittenLedger]
) -> None:
    made = new_ledger(INDIA)
    noon = int(datetime(2025, 1, 1, 12, tzinfo=INDIA).timestamp())
    made.write({noon: (before.received, 0), noon + 365 * DAY: (112, 0)}, seen=noon - DAY)

    with made.reading() as reader:
        found = wrapup(
            reader,
            Asked(None, "2026-01-01", "2026-12-31").period(reader, noon + 800 * DAY),
            noon + 800 * DAY,
            den_host(),
        )

    assert f"You moved 112 B {sentence}" in Page(page_of(found)).text


def test_gaps_and_estimates_are_stated(ledger: WrittenLedger) -> None:
    text = Page(page_of(told(ledger, Asked("month")))).text

    assert "1 gap without samples (service stopped, machine asleep): 1 h." in text
    assert "Local days of Asia/Kolkata; 2026-06-01 to 2026-06-12." in text


def test_bills_add_up_to_the_sum_and_every_cap_has_its_mark_and_what_was_carried_over(ledger: WrittenLedger) -> None:
    plan = HOME._replace(cycle=CycleRule("weekly"), cap_bytes=4 * 10**12, rollover=True)

    page = Page(page_of(told(ledger, Asked("all"), context=WrapUpContext((plan,)))))

    (chapter,) = [one for one in page.all("section") if one.attributes.get("id") == "plan-1"]
    text = chapter.text.replace("\N{NO-BREAK SPACE}", " ")
    total, *bills = [Decimal(amount) for amount in re.findall(r"€([0-9.]+[0-9])", text)]
    assert (len(bills) > 2, sum(bills)) == (True, total)
    assert "of 4.00 TB + 4.00 TB carried over" in text
    marks = [one for one in page.all("line") if one.attributes.get("class") == "cap"]
    assert len(marks) == len(bills)


def test_a_plan_says_what_its_cycles_cost(ledger: WrittenLedger) -> None:
    text = Page(page_of(told(ledger, Asked("month")))).text

    assert "Plan home" in text
    assert "2 billing cycles with a cap of 40.00 GB, 1 of them over it; €19.66 in all." in text
    assert "7 Jun to 6 Jul 2026, so far" in text


def test_chapters_link_to_their_dashboards_and_times(ledger: WrittenLedger) -> None:
    found = told(ledger, Asked("month"))

    links = [link.attributes["href"] for link in Page(page_of(found)).all("a")]

    start, end = found.span
    assert (
        f"https://grafana.example.org/d/netledger-overview/netledger-overview?from={start}000&to={end}000" in links[0]
    )
    assert any("netledger-plans" in link and link.endswith("&var-plan=home") for link in links)
    assert not Page(page_of(told(ledger, Asked("month"), context=WrapUpContext()))).all("a")


@pytest.mark.parametrize("name", [*HOSTILE_NAMES, LONG, TURNING])
def test_names_are_shown_letter_by_letter_and_run_nothing(name: str, ledger: WrittenLedger) -> None:
    found = told(ledger, Asked("month"))
    # No ledger takes some of these names; a page must hold them all the same.
    found = found._replace(
        export=found.export._replace(
            host=den_host(name),
            plan=name,
            interfaces=[
                InterfaceTotal(name, is_counted=True, bytes=Bytes(5, 5)),
                InterfaceTotal(name, is_counted=False, bytes=Bytes(1, 0)),
                InterfaceTotal("eth0", is_counted=True, bytes=Bytes(1, 0)),
            ],
        ),
        plans=[one._replace(plan=one.plan._replace(name=name)) for one in found.plans],
    )
    shown = "".join(
        letter if letter.isprintable() or letter in TURNING else "\N{REPLACEMENT CHARACTER}" for letter in name
    )
    shown = shown if "\u200d" not in name else name

    page = Page(page_of(found))

    assert page.dangers == []
    bidi_markup = [element.text for element in page.all("bdi")]
    # Host, plan, who, the plan's chapter, two interfaces and the one that carried most.
    assert bidi_markup.count(shown) == 7
    assert page.all("title")[0].text.endswith(f"in bytes · {bidi_text(shown)}")
    assert [len(page.all(kind)) for kind in ("h1", "section")] == [1, len(page.all("h2"))]


def test_a_name_of_half_characters_is_no_reason_to_fail(ledger: WrittenLedger) -> None:
    found = told(ledger, Asked("today"))
    found = found._replace(export=found.export._replace(host=den_host("den\udcff")))

    assert "den?" in Page(page_of(found)).text


def test_an_empty_ledger_says_that_nothing_is_there_yet(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    page = Page(page_of(told(new_ledger(INDIA), Asked("year"))))

    assert "Nothing is counted yet." in page.text
    assert (page.dangers, page.all("section")) == ([], [])


@pytest.mark.parametrize("asked", [Asked("all"), Asked("year"), Asked("today")])
def test_one_minute_of_data_is_a_page(asked: Asked, new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    made = new_ledger(INDIA)
    made.write({}, {NOW // 60 * 60: (60_000, 6_000)}, seen=NOW)

    page = Page(page_of(told(made, asked)))

    assert "You moved 66.00 kB" in page.text
    assert page.dangers == []


@pytest.mark.parametrize("cap", [0, 1, None])
def test_a_cap_of_nothing_is_no_reason_to_fail(cap: int | None, ledger: WrittenLedger) -> None:
    plan = HOME._replace(cap_bytes=cap)

    text = Page(page_of(told(ledger, Asked("month"), context=WrapUpContext((plan,))))).text

    assert ("over a cap of nothing" in text) == (cap == 0)


def test_days_on_which_nothing_moved_are_a_page_too(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    made = new_ledger(INDIA)
    made.write({NOW - 40 * DAY: (0, 0)}, seen=NOW - 40 * DAY)

    text = Page(page_of(told(made, Asked("all")))).text

    assert "You moved 0 B" in text
    assert "without a byte" in text


@pytest.fixture(scope="module")
def ten_years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two uplinks and ten years until the end of 2026."""
    path = tmp_path_factory.mktemp("ten") / "ledger.db"
    now = datetime(2026, 12, 31, 20, tzinfo=UTC).timestamp()
    seed(path, History(("eth0", "wlan0"), 3653), now)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE state SET value = 'Europe/Berlin' WHERE name = 'timezone'")
    return path


@pytest.mark.parametrize(("range_name", "most_bytes"), [("all", MOST_BYTES), ("year", 100_000), ("month", 70_000)])
def test_ten_years_are_a_page_that_can_be_sent(range_name: str, most_bytes: int, ten_years: Path) -> None:
    now = datetime(2026, 12, 31, 20, tzinfo=UTC).timestamp()
    with closing(connect_to_read(ten_years)) as connection, LedgerReader(connection).at_one_moment() as reader:
        page = b"".join(
            write(
                wrapup(
                    reader,
                    Asked(range_name).period(reader, now),
                    now,
                    den_host(),
                    context=WrapUpContext((HOME,), LINKS),
                )
            )
        )

    assert len(page) <= most_bytes
    assert Page(page.decode()).dangers == []


def test_every_day_of_ten_years_is_on_the_calendar(ten_years: Path) -> None:
    now = datetime(2026, 12, 31, 20, tzinfo=UTC).timestamp()
    with closing(connect_to_read(ten_years)) as connection, LedgerReader(connection).at_one_moment() as reader:
        found = wrapup(reader, Asked("all").period(reader, now), now, den_host())
    calendar = page_of(found).partition('id="calendar"')[2].partition("</section>")[0]

    cells = [match.count("h.83") for match in re.findall(r'class="heat-[0-5]" d="([^"]*)"', calendar)]

    assert sum(cells) == found.export.days.size == 3_654


def luminance(colour: str) -> float:
    """Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def themes() -> list[dict[str, str]]:
    rules = re.findall(r":root[^{]*\{([^}]*)\}", str(style()))
    return [dict(re.findall(r"--([\w-]+): ?(#[0-9a-f]{3,6})", rule)) for rule in rules if "--paper" in rule]


@pytest.mark.parametrize("theme", range(3), ids=["light", "dark by the system", "dark by choice"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        *(
            (front, back, 4.5)
            for front in ("ink", "muted", "accent", "good", "warn", "bad")
            for back in ("paper", "card")
        ),
        *((front, "card", 3) for front in ("receive", "transmit", "heat-3", "heat-4", "heat-5")),
        *(("on-heat-low", f"heat-{level}", 4.5) for level in (0, 1, 2)),
        *(("on-heat-high", f"heat-{level}", 4.5) for level in (3, 4, 5)),
        ("on-accent", "accent", 4.5),
    ],
)
def test_letters_and_shapes_can_be_told_from_what_is_behind_them(
    front: str, back: str, least: float, theme: int
) -> None:
    colours = themes()[theme]

    assert contrast(colours[front], colours[back]) >= least


def test_white_letters_on_coloured_cards_can_be_read() -> None:
    cards = re.findall(r"\.records \.facts > ?[^{]*\{[^}]*background: (#[0-9a-f]{6})", str(style()))

    assert len(cards) == 6
    assert all(contrast("#ffffff", card) >= 4.5 for card in cards)


def test_letters_of_the_opening_can_be_read_over_the_skyline_too() -> None:
    (gradient,) = re.findall(r"linear-gradient\(([^)]*)\)", str(style()))
    (skyline,) = map(float, re.findall(r"\.skyline ?\{[^}]*opacity: (\.\d+)", str(style())))
    colours = re.findall(r"#[0-9a-f]{6}", gradient)

    assert len(colours) == 3
    for colour in colours:
        parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
        lightened = "#" + "".join(f"{round(part + skyline * (255 - part)):02x}" for part in parts)
        assert contrast("#f4f2ff", lightened) >= 4.5
