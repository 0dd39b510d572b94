"""`display.locale`: commands print dates and numbers as people of a locale do; JSON stays as it is."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel import localedata
from babel.core import Locale
from hypothesis import given
from hypothesis import strategies as st

from exporter.settings.rules import LOCALE, RuleError
from exporter.terminal.amounts import AmountStyle
from exporter.terminal.dates import DateStyle
from exporter.terminal.locales import local_price, local_time, with_marks
from reports.billing.prices import money
from reports.pictures.letters import width
from reports.pictures.sheet import LONGEST_AMOUNT, MARGIN, MARK, RIGHTS
from tests.exporter.cli.test_amount_styles import PRINTING
from tests.exporter.cli.test_image_command import drawn, texts

if TYPE_CHECKING:
    from datetime import datetime

    from tests.conftest import Golden
    from tests.exporter.cli.calls import Commands

LOCALES = sorted(name for name in localedata.locale_identifiers() if "POSIX" not in name)


LISTS = {"days": ("days",), "months": ("months",), "top": ("top", "--last", "10")}
"""Pictures with a table of their list."""

ENGLISH = re.compile(r"\d\.\d+ (?:[kMG]?B|%|E)|\d{4}-\d\d(?:-\d\d)?")
"""An amount or a date that no German writes so."""

GERMAN = re.compile(r"\d\d\.\d\d\.\d{4}|\d\d/\d{4}")
"""A day or a month."""

PRICED = """
plans:
  - {name: home, cap: 100 GB, price_per_gb: 2.5, base_price: 1234.5, currency: EUR}
"""


def _in(commands: Commands, locale: str, more: str = "") -> Commands:
    text = f"display: {{locale: {locale}}}\n{more}"
    Path(commands.environ["NETLEDGER_CONFIG"]).write_text(text, encoding="utf-8")
    return commands


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_every_command_prints_dates_and_amounts_of_the_locale(arguments: tuple[str, ...], commands: Commands) -> None:
    told = _in(commands, "de")(*arguments).stdout

    assert re.search(r"\d,\d\d [kMG]?B", told)
    assert ENGLISH.findall(told) == []


@pytest.mark.parametrize(
    "arguments",
    [("cost",), ("cost", "--period", "cycle", "--by", "application"), ("plan",), ("forecast",)],
    ids=" ".join,
)
def test_prices_are_written_as_the_locale_does(arguments: tuple[str, ...], commands: Commands) -> None:
    told = _in(commands, "de", PRICED)(*arguments)

    assert (told.exit_code, told.stderr) == (0, "")
    assert re.search(r"\b\d,\d\d €" if arguments == ("cost",) else r"\b1\.\d{3},\d\d €", told.stdout)
    assert (ENGLISH.findall(told.stdout), re.findall("[€,]\\d+[.]", told.stdout)) == ([], [])


@pytest.mark.parametrize("name", ["summary", "hours", "days", "months", "top"])
def test_pictures_have_dates_and_amounts_of_the_locale(name: str, commands: Commands) -> None:
    listed = [line.split("  ")[0] for line in _in(commands, "de")(*LISTS.get(name, (name,))).stdout.splitlines()]

    picture = drawn(commands, name)

    assert ENGLISH.findall(picture) == []
    assert texts(picture)[-1] == "until 12.06.2026 12:00 Asia/Kolkata"
    if name in LISTS:
        assert list(filter(GERMAN.fullmatch, listed)) == list(filter(GERMAN.fullmatch, texts(picture))) != []


def test_an_hour_below_a_column_is_as_the_locale_writes_it(commands: Commands) -> None:
    assert {"08", "10"} < set(texts(drawn(_in(commands, "de"), "hours")))
    assert {"1:00 AM", "10:00 AM"} < set(texts(drawn(_in(commands, "en_US"), "hours")))


@pytest.mark.parametrize("locale", ["de", "en_US", "sv"])
def test_lists_in_a_locale(locale: str, commands: Commands, golden: Golden) -> None:
    _in(commands, locale)

    parts = [commands(*words).stdout for words in (("days", "--last", "3"), ("hours", "--last", "3"), ("months",))]

    golden(f"commands/locale-{locale}.txt", "\n".join(parts))


def test_json_and_the_one_line_stay_as_they_are(commands: Commands) -> None:
    before = commands.json("week"), commands("--oneline").stdout

    assert (_in(commands, "de").json("week"), commands("--oneline").stdout) == before


def test_the_settings_take_every_locale_that_babel_has() -> None:
    assert [LOCALE.read(name.replace("_", "-")) for name in LOCALES] == LOCALES


@pytest.mark.parametrize("name", ["", "xx", "de_DE.UTF-8", "../de", "german", "DE", "C"])
def test_what_is_no_locale_is_refused(name: str) -> None:
    with pytest.raises(RuleError):
        LOCALE.read(name)


@given(st.integers(-(10**13), 10**13), st.sampled_from(LOCALES))
def test_a_price_has_the_same_digits_in_every_locale(cents: int, name: str) -> None:
    amount = float(Decimal(cents) / 100)

    told = local_price(amount, "EUR", name)

    assert re.sub(r"\D", "", told).lstrip("0") == str(abs(cents)).lstrip("0")
    assert told.replace(" ", "x").isprintable()
    assert local_price(amount, "EUR", "en") == money(Decimal(cents) / 100, "EUR")


def test_marks_between_words_stay() -> None:
    assert with_marks("5.5 EUR for lan, 1,234.25 EUR for others.", "de") == "5,5 EUR for lan, 1.234,25 EUR for others."


@given(st.sampled_from(LOCALES))
def test_a_day_and_a_month_have_room_in_the_table_of_a_picture(name: str) -> None:
    room = RIGHTS[0] - LONGEST_AMOUNT - MARGIN

    for iso in ("2026-11-28", "2026-11"):
        assert width(DateStyle(name).time(iso) + MARK, 12) <= room


@given(st.integers(0, 10**18), st.sampled_from(LOCALES))
def test_a_number_is_the_same_number_in_every_locale(amount: int, name: str) -> None:
    told = with_marks(f"{amount:,}.25", name)

    symbols = Locale.parse(name).number_symbols["latn"]
    assert told.split(symbols["decimal"])[-1] == "25"
    assert re.sub(r"\D", "", told) == f"{amount}25"
    assert AmountStyle(locale=name).bytes(amount).split(" ")[-1] == AmountStyle().bytes(amount).split(" ")[-1]


@given(st.datetimes(), st.sampled_from(LOCALES))
def test_days_months_and_minutes_have_nothing_that_a_terminal_misses(moment: datetime, name: str) -> None:
    for unit in ("month", "day", "day of a year"):
        for has_clock in (False, True):
            told = local_time(moment, unit, name, has_clock=has_clock)
            assert told.replace(" ", "x").isprintable()
