"""`display.locale`: commands print dates and numbers as people of a locale do; JSON stays as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel import localedata
from babel.core import Locale
from hypothesis import given
from hypothesis import strategies as st

from exporter.settings.rules import LOCALE, RuleError
from exporter.terminal.amounts import AmountStyle
from exporter.terminal.locales import local_time, with_marks
from tests.exporter.cli.test_amount_styles import PRINTING

if TYPE_CHECKING:
    from datetime import datetime

    from tests.conftest import Golden
    from tests.exporter.cli.calls import Commands

LOCALES = sorted(name for name in localedata.locale_identifiers() if "POSIX" not in name)


def _in(commands: Commands, locale: str) -> Commands:
    Path(commands.environ["NETLEDGER_CONFIG"]).write_text(f"display: {{locale: {locale}}}\n", encoding="utf-8")
    return commands


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_every_command_prints_dates_and_amounts_of_the_locale(arguments: tuple[str, ...], commands: Commands) -> None:
    told = _in(commands, "de")(*arguments).stdout

    assert re.search(r"\d,\d\d [kMG]?B", told)
    assert re.findall(r"\d\.\d+ (?:[kMG]?B|%)|\d{4}-\d\d-\d\d", told) == []


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
