"""What the keys of a billing plan accept."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING

from exporter.settings.list_rules import list_of, not_empty
from exporter.settings.rules import Rule, RuleError, clipped, each, mapping_of, matching, one_text, whole
from reports.billing.plans import ALL_HOSTS, DAY_MINUTES, CycleRule, FreeHours
from reports.billing.prices import PRICE as PRICE_TEXT
from reports.billing.prices import PRICE_RULE
from reports.calendar.parsing import PeriodError, parse_date
from reports.ledger.shape import INTERNET, LAN, LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_NAME = 64
LONGEST_CYCLE = 366
MOST_ALERTS = 20
MINUTES_STEP = 15
EVERY = re.compile(r"every (\d{1,9}) days? from (\S+)", re.ASCII)
# Legal tender somewhere in 2026, by ISO 4217. Babel lists them too, for 3 MB of memory.
_CURRENCIES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF
IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD
MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB
RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU
UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CURRENCIES.split())
HOURS = re.compile(r"(\d\d):(\d\d) ?- ?(\d\d):(\d\d)", re.ASCII)


def _read_name(raw: object) -> str:
    """Marks of direction and joined emoji are letters to their writers, control characters are not."""
    if not isinstance(raw, str) or not raw.strip():
        return one_text(raw)
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in raw):
        raise RuleError("has a control character")
    if len(raw) > LONGEST_NAME:
        raise RuleError(f"is longer than {LONGEST_NAME} characters")
    return raw.strip()


def _read_cycle(raw: object) -> CycleRule:
    match text := one_text(raw):
        case "monthly" | "weekly" | "daily":
            return CycleRule(text)
    if not (found := EVERY.fullmatch(text)):
        raise RuleError(f"{clipped(text)} is no cycle")
    days = int(found[1])
    if not 1 <= days <= LONGEST_CYCLE:
        raise RuleError(f"{days} is not from 1 to {LONGEST_CYCLE}")
    try:
        return CycleRule("every", every_days=days, since=parse_date(found[2]))
    except PeriodError as error:
        raise RuleError(clipped(str(error).split(":")[0])) from None


def _write_cycle(cycle: CycleRule) -> str:
    return f"every {cycle.every_days} days from {cycle.since}" if cycle.kind == "every" else cycle.kind


def _read_hours(raw: object) -> tuple[FreeHours, ...]:
    free = tuple(each(raw, lambda item: _read_interval(one_text(item))))
    if len(set().union(*(_minutes(interval) for interval in free))) == DAY_MINUTES // MINUTES_STEP:
        raise RuleError("leaves no hour that counts")
    return free


def _read_interval(text: str) -> FreeHours:
    if not (found := HOURS.fullmatch(text)):
        raise RuleError(f"{clipped(text)} is not a stretch of the day")
    hours = [int(part) for part in found.groups()]
    start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if max(hours[1], hours[3]) >= 60 or start >= DAY_MINUTES or end > DAY_MINUTES:  # noqa: PLR2004 - minutes
        raise RuleError(f"{text} has a time that no day has")
    if start % MINUTES_STEP or end % MINUTES_STEP:
        raise RuleError(f"{text} is not in quarters of an hour")
    if start == end:
        raise RuleError(f"{text} is empty")
    return FreeHours(start, end)


def _minutes(free: FreeHours) -> set[int]:
    end = free.end_minute + (DAY_MINUTES if free.end_minute < free.start_minute else 0)
    return {minute % DAY_MINUTES for minute in range(free.start_minute, end, MINUTES_STEP)}


def _write_hours(free: Iterable[FreeHours]) -> list[str]:
    return [f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}" for start, end in free]


def _read_currency(raw: object) -> str:
    text = one_text(raw)
    if text not in CURRENCIES:
        hint = f" (did you mean {text.upper()}?)" if text.upper() in CURRENCIES else ""
        raise RuleError(f"{clipped(text)} is not a currency in use{hint}")
    return text


def _read_scope(raw: object) -> str:
    """A scope's name; whether there is such a network is for the whole file to say."""
    text = one_text(raw)
    if text == LOOPBACK:
        raise RuleError(f"{LOOPBACK} never leaves this machine, and no plan bills it")
    return text


def _read_alerts(raw: object) -> tuple[int, ...]:
    percentages = set(each(raw, whole(1, 1000).read))
    if len(percentages) > MOST_ALERTS:
        raise RuleError(f"has more than {MOST_ALERTS} percentages")
    return tuple(sorted(percentages))


def _read_machine(raw: object) -> str:
    """The name or id of a machine; whether the mirror has it is known once it is read."""
    text = one_text(raw)
    if not text or "," in text or not text.isprintable():
        raise RuleError(f"{clipped(repr(text))} is no name of a machine")
    return text


def _all_or_names(values: tuple[str, ...]) -> tuple[str, ...]:
    if ALL_HOSTS in values and len(values) > 1:
        raise RuleError(f"mixes {ALL_HOSTS} with names")
    return not_empty(values)


NAME = Rule(f"a text of at most {LONGEST_NAME} characters", _read_name)
CYCLE = Rule(
    f"monthly, weekly, daily, or every N days from YYYY-MM-DD (N from 1 to {LONGEST_CYCLE})", _read_cycle, _write_cycle
)
FREE_HOURS = Rule(
    'a list such as ["01:00-07:00"] of local times, in quarters of an hour', _read_hours, _write_hours, is_list=True
)
_read_price = matching(PRICE_TEXT, "is not a price")
PRICE = Rule(PRICE_RULE, lambda raw: Decimal(_read_price(raw)))
CURRENCY = Rule("a code of ISO 4217 such as INR, EUR or USD", _read_currency)
SCOPE = Rule(f"{LAN}, {INTERNET} or a name of networks", _read_scope)
SCOPES = list_of(f"{SCOPE.says}, or a list of them", _read_scope, not_empty)
HOSTS = list_of(
    f"{ALL_HOSTS}, or a list of names or ids of machines that are in the mirror", _read_machine, _all_or_names
)
SCOPE_PRICES = mapping_of("scopes with prices of a gigabyte such as {internet: 0.09, office: 0}", SCOPE, PRICE)
ALERTS = Rule(
    "a list of percentages from 1 to 1000, such as [80, 90, 100]",
    _read_alerts,
    lambda percentages: [str(percent) for percent in percentages],
    is_list=True,
)
