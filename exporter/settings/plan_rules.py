"""What each key of a billing plan accepts, with its meaning and an example; loaded only where plans are at hand."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from pathlib import PurePath
from typing import Any, NamedTuple

from exporter.settings.currencies import CODES
from exporter.settings.list_rules import SomeGlobs
from exporter.settings.placeholders import PLACEHOLDERS, unknown_placeholders
from exporter.settings.rules import Choice, Rule, RuleError, Switch, clipped, each, one_text, size, whole
from reports.billing.plans import COUNTED, DAY_MINUTES, CycleRule, FreeHours
from reports.billing.prices import PRICE, PRICE_RULE, TIERS
from reports.calendar.periods import PeriodError, parse_date

LONGEST_NAME = 64
LONGEST_CYCLE = 366
MOST_ALERTS = 20
MINUTES_STEP = 15
CYCLE = re.compile(r"every (\d{1,9}) days? from (\S+)", re.ASCII)
HOURS = re.compile(r"(\d\d):(\d\d) ?- ?(\d\d):(\d\d)", re.ASCII)
HIGHEST_PORT = 65_535
LABEL = re.compile(".{1,63}")
URL = re.compile(
    r"(https?://)(?:[!-~]+@)?([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?(?:[/?#][!-~]*)?", re.ASCII | re.IGNORECASE
)


class PlanName(Rule):
    """A name; marks of direction and joined emoji are letters to their writers, control characters are not."""

    says = f"a text of at most {LONGEST_NAME} characters"

    def _read(self, raw: object) -> str:
        if isinstance(raw, str) and raw.strip():
            if any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in raw):
                raise RuleError("has a control character")
            if len(raw) > LONGEST_NAME:
                raise RuleError(f"is longer than {LONGEST_NAME} characters")
            return raw.strip()
        return one_text(raw)


class PlanInterfaces(SomeGlobs):
    """The word counted alone, or shell patterns."""

    says = "counted, or a list of names or patterns such as [wwan0, ppp*]"

    def _read(self, raw: object) -> tuple[str, ...]:
        values = super()._read(raw)
        if COUNTED in values and len(values) > 1:
            raise RuleError(f"mixes {COUNTED} with patterns")
        return values


class Cycle(Rule):
    """When cycles begin."""

    says = f"monthly, weekly, daily, or every N days from YYYY-MM-DD (N from 1 to {LONGEST_CYCLE})"

    def _read(self, raw: object) -> CycleRule:
        text = one_text(raw)
        match text:
            case "monthly" | "weekly" | "daily":
                return CycleRule(text)
            case _:
                return self._every(text)

    @staticmethod
    def _every(text: str) -> CycleRule:
        if not (found := CYCLE.fullmatch(text)):
            raise RuleError(f"{clipped(text)} is no cycle")
        days = int(found[1])
        if not 1 <= days <= LONGEST_CYCLE:
            raise RuleError(f"{days} is not from 1 to {LONGEST_CYCLE}")
        try:
            return CycleRule("every", every_days=days, since=parse_date(found[2]))
        except PeriodError as error:
            raise RuleError(clipped(str(error).split(":")[0])) from None

    def _show(self, value: Any) -> str:
        return f"every {value.every_days} days from {value.since}" if value.kind == "every" else str(value.kind)


class Hours(Rule):
    """Stretches of the local day."""

    says = 'a list such as ["01:00-07:00"] of local times, in quarters of an hour'
    is_list = True

    def _read(self, raw: object) -> tuple[FreeHours, ...]:
        stretches = tuple(each(raw, lambda item: self._stretch(one_text(item))))
        if len(set().union(*(self._minutes(stretch) for stretch in stretches))) == DAY_MINUTES // MINUTES_STEP:
            raise RuleError("leaves no hour that counts")
        return stretches

    @staticmethod
    def _stretch(text: str) -> FreeHours:
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

    @staticmethod
    def _minutes(stretch: FreeHours) -> set[int]:
        end = stretch.end_minute + (DAY_MINUTES if stretch.end_minute < stretch.start_minute else 0)
        return {minute % DAY_MINUTES for minute in range(stretch.start_minute, end, MINUTES_STEP)}

    def _show(self, value: Any) -> list[str]:
        return [f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}" for start, end in value]


class Price(Rule):
    """An amount of money, exact."""

    says = PRICE_RULE

    def _read(self, raw: object) -> Decimal:
        text = one_text(raw)
        if not PRICE.fullmatch(text):
            raise RuleError(f"{clipped(text)} is not a price")
        return Decimal(text)


class Currency(Rule):
    """A currency that is in use."""

    says = "a code of ISO 4217 such as INR, EUR or USD"

    def _read(self, raw: object) -> str:
        text = one_text(raw)
        if text not in CODES:
            hint = f" (did you mean {text.upper()}?)" if text.upper() in CODES else ""
            raise RuleError(f"{clipped(text)} is not a currency in use{hint}")
        return text


class Alerts(Rule):
    """Percentages of the cap, ascending."""

    says = "a list of percentages from 1 to 1000, such as [80, 90, 100]"
    is_list = True

    def _read(self, raw: object) -> tuple[int, ...]:
        percent = whole(1, 1000)
        found = set(each(raw, percent.read))
        if len(found) > MOST_ALERTS:
            raise RuleError(f"has more than {MOST_ALERTS} percentages")
        return tuple(sorted(found))

    def _show(self, value: Any) -> list[str]:
        return [str(percent) for percent in value]


class Webhook(Rule):
    """A web address; it often is a secret, so that no error and no `show` holds more than its host."""

    says = "an address such as https://example.org/path"

    def _read(self, raw: object) -> str:
        text = one_text(raw)
        found = URL.fullmatch(text)
        if found is None:
            raise RuleError("is not an http or https address")
        _, host, port = found.groups(default="")
        if not host.startswith("[") and not all(LABEL.fullmatch(label) for label in host.removesuffix(".").split(".")):
            raise RuleError("has a host that no name can be")
        if port and int(port[1:]) > HIGHEST_PORT:
            raise RuleError(f"has a port above {HIGHEST_PORT}")
        return text

    def _show(self, value: Any) -> str | None:
        return None if value is None else URL.sub(r"\1\2\3/***", value)


class Command(Rule):
    """A program and its arguments; no shell reads them."""

    says = 'a list such as [notify-send, "{title}", "{text}"], the program by its name or its full path'
    is_list = True

    def _read(self, raw: object) -> tuple[str, ...]:
        if isinstance(raw, str) and re.search(r"\s", raw.strip()):
            raise RuleError(f"{clipped(raw)} has a space: write the program and its arguments as a list")
        command = tuple(each(raw, one_text))
        if not command:
            raise RuleError("is empty")
        if re.search(r"[/\\]", command[0]) and not PurePath(command[0]).is_absolute():
            raise RuleError(f"{clipped(command[0])} is a relative path")
        if unknown := [name for argument in command[1:] for name in unknown_placeholders(argument)]:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise RuleError(f"{{{clipped(unknown[0])}}} stands for nothing: the placeholders are {known}")
        return command

    def _show(self, value: Any) -> list[str]:
        # Arguments may hold a secret of the service that is told.
        return [*value[:1], *("***" for _ in value[1:])]


class PlanKey(NamedTuple):
    """One key of a mapping: its rule, its meaning in a sentence, an example in YAML, and whether that is usual."""

    rule: Rule
    meaning: str
    example: str
    is_usual: bool = True


STEP_KEYS: dict[str, PlanKey] = {
    "up_to": PlanKey(size("1 MB", "1000 PB"), "Where the step ends; the last has none.", "100 GB"),
    "price_per_gb": PlanKey(Price(), "Price of a gigabyte in the step.", "5"),
}
NOTIFY_KEYS: dict[str, PlanKey] = {
    "webhook": PlanKey(Webhook(), "Address that gets an alert as JSON.", "https://example.org/alerts"),
    "command": PlanKey(Command(), "Program that is run with an alert.", '[notify-send, "{title}", "{text}"]'),
}
PLAN_KEYS: dict[str, PlanKey] = {
    "name": PlanKey(PlanName(), "Name of the plan; no two have the same.", "home"),
    "interfaces": PlanKey(PlanInterfaces(), "Interfaces whose bytes it bills.", "counted"),
    "cycle_day": PlanKey(whole(1, 31), "Day on which monthly cycles begin, or a month's last.", "1"),
    "cycle": PlanKey(
        Cycle(), "When cycles begin, where it is not monthly.", "every 30 days from 2026-01-15", is_usual=False
    ),
    "cap": PlanKey(size("1 MB", "1000 PB"), "Bytes that a cycle may use.", "500 GB"),
    "counts": PlanKey(Choice("both", "receive", "transmit", "larger"), "Directions that are billed.", "both"),
    "free_hours": PlanKey(Hours(), "Hours of the local day that are not counted.", '["01:00-07:00"]'),
    "rollover": PlanKey(Switch(), "Move what is left of the cap to the next cycle.", "false"),
    "price_per_gb": PlanKey(Price(), "Price of a gigabyte; or a tier, or price_steps.", "7.50"),
    "tier": PlanKey(Choice(*TIERS), "Price of a gigabyte by its name, in INR.", "standard", is_usual=False),
    "base_price": PlanKey(Price(), "Price of a cycle before its first byte.", "0"),
    "currency": PlanKey(Currency(), "Currency of the prices.", "INR"),
    "gigabyte": PlanKey(Choice("binary", "decimal"), "2^30 or 10^9 bytes a gigabyte.", "decimal"),
    "alert_at": PlanKey(Alerts(), "Percentages of the cap that raise an alert.", "[80, 90, 100]"),
}
# Keys that hold mappings of their own.
STEPS, NOTIFY = "price_steps", "notify"
ALL_KEYS = (*PLAN_KEYS, STEPS, NOTIFY)
