"""The page's words: facts of the ledger as the texts and shares that its template prints; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.billing.prices import has_price, money
from reports.calendar.periods import day_of, iso
from reports.charts.columns import Column
from reports.charts.share import Gauge, Piece, cap_gauge, share_bar
from reports.text.amounts import human_bits, human_bytes, human_duration
from reports.usage.records import RECENT_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from markupsafe import Markup

    from exporter.web.page.facts import Month, PageFacts
    from reports.billing.cost import StretchCost
    from reports.billing.status import PlanStatus
    from reports.ledger.reader import Bytes, Gap
    from reports.usage.records import Busiest, Peak, Records
    from reports.usage.usage import DayUsage, PeriodUsage

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
UNKNOWN = "\N{EN DASH}"
"""In place of what was moved before counting began."""

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class MonthWords(NamedTuple):
    """A month by day: its columns, and the months beside it as `?month=` wants them, None where there is none."""

    name: str
    is_running: bool
    total: str
    received: str
    sent: str
    title: str
    columns: list[Column]
    before: str | None
    after: str | None


class PlanWords(NamedTuple):
    """A plan's texts and its gauge, None where there is nothing to say."""

    name: str
    cycle: str
    days_left: str
    cap: str | None
    is_over: bool
    gauge: Markup | None
    is_forecast_over: bool
    reached: str | None
    allowed: str | None
    cost: str | None
    forecast_cost: str | None
    before: str | None
    carried: str | None
    free: str | None


class LifetimeWords(NamedTuple):
    """All that was ever counted: its amount and its shares, what it comes to a day, and what it costs."""

    since: str | None
    total: str
    shares: Markup
    received: str
    sent: str
    average: str | None
    cost: str | None


class Record(NamedTuple):
    """What was most, how much, and when."""

    what: str
    amount: str
    when: str


def month_words(facts: PageFacts) -> MonthWords:
    """The month that is shown; days to come have a place, so that the picture stays as it is."""
    used = facts.month
    first = used.period.first
    name = f"{MONTHS[first.month - 1]} {first.year}"
    here = (first.year, first.month)
    total = used.total
    amounts = (total.total, total.received, total.sent)
    words = [human_bytes(amount) if used.is_counted else UNKNOWN for amount in amounts]
    title = f"Bytes received and sent by day in {name}: {words[0]} together"
    return MonthWords(
        name=name,
        is_running=here == facts.last_month,
        total=words[0],
        received=words[1],
        sent=words[2],
        title=title,
        columns=_columns(used, facts),
        before=_month_text(min(_beside(here, -1), facts.last_month)) if here > facts.first_month else None,
        after=_month_text(max(_beside(here, 1), facts.first_month)) if here < facts.last_month else None,
    )


def plan_words(status: PlanStatus, zone: ZoneInfo, now: int) -> PlanWords:
    """How a plan stands, but for what moves every second."""
    ahead, cap, plan = status.forecast, status.cap, status.plan
    reached = status.cap_reached_at
    priced = has_price(plan)
    return PlanWords(
        name=plan.name,
        cycle=f"{short_date(status.cycle.first)} to {short_date(status.cycle.last)}",
        days_left=f"{status.days_left} day{'s' * (status.days_left != 1)} left",
        cap=None if cap is None else human_bytes(cap),
        is_over=cap is not None and status.used > cap,
        gauge=_gauge(status, now),
        is_forecast_over=cap is not None and ahead is not None and ahead.expected > cap,
        reached=None if reached is None else _weekday(day_of(reached, zone)),
        allowed=None if status.allowed_per_day is None else human_bytes(status.allowed_per_day),
        cost=money(status.cost, plan.currency) if priced else None,
        forecast_cost=money(status.forecast_cost[0], plan.currency) if priced and status.forecast_cost else None,
        before=human_bytes(status.last_used_by_now) if status.last_used_by_now else None,
        carried=_carried(status),
        free=_free(status, zone),
    )


def lifetime_words(facts: PageFacts) -> LifetimeWords:
    """What was moved since counting began; the day that it began on, and today, count as days."""
    moved, total = facts.lifetime, facts.lifetime.total
    received, sent = _shares(moved)
    pieces = (
        Piece("receive", moved.received, f"Received {received}"),
        Piece("transmit", moved.sent, f"Sent {sent}"),
    )
    days = (facts.today - (facts.began or facts.today)).days + 1
    return LifetimeWords(
        since=None if facts.began is None else _long(facts.began),
        total=human_bytes(total),
        shares=share_bar(pieces, title=f"Received {received}, sent {sent}"),
        received=received,
        sent=sent,
        average=None if days == 1 else human_bytes(total // days),
        cost=cost_words(facts.lifetime_cost),
    )


def cost_words(found: StretchCost | None) -> str | None:
    """What a stretch costs; None where there is no price."""
    return None if found is None else money(found.total, found.plan.currency)


def record_words(found: Records) -> list[Record]:
    """Everything that was most; nothing where nothing has moved."""
    return list(_records(found))


def gap_words(gaps: Sequence[Gap]) -> str:
    """What was missed in the last week, in a sentence."""
    if not gaps:
        return "None in the last 7 days"
    seconds = sum(gap.ended - gap.began for gap in gaps)
    moved = human_bytes(sum(gap.bytes for gap in gaps))
    count = f"{len(gaps)} gap{'s' * (len(gaps) > 1)}"
    return f"{count} in the last 7 days, {human_duration(seconds)}: {moved} counted, their time estimated"


def _shares(moved: Bytes) -> tuple[str, str]:
    """Received and sent, each with its share, which add up to 100 %."""
    received, sent = human_bytes(moved.received), human_bytes(moved.sent)
    if not moved.total:
        return received, sent
    percent = (200 * moved.received + moved.total) // (2 * moved.total)
    return f"{received} ({percent} %)", f"{sent} ({100 - percent} %)"


def _carried(status: PlanStatus) -> str | None:
    if not status.carried:
        return None
    return f"{human_bytes(status.plan.cap_bytes or 0)} + {human_bytes(status.carried)} carried over"


def _free(status: PlanStatus, zone: ZoneInfo) -> str | None:
    """What free hours held, and until when it is free."""
    parts = [f"{human_bytes(status.free)} were free"] if status.free else []
    if status.free_until is not None:
        parts.append(f"free until {iso(status.free_until, zone)[11:16]}")
    return ", ".join(parts) or None


def _gauge(status: PlanStatus, now: int) -> Markup | None:
    if status.cap is None:
        return None
    cycle = status.cycle
    elapsed = (now - cycle.start) / (cycle.end - cycle.start)
    used, cap, expected = status.used, status.cap, status.forecast and status.forecast.expected
    title = f"{human_bytes(used)} of {human_bytes(cap)} used"
    if expected is not None:
        title += f", {human_bytes(expected)} expected"
    return cap_gauge(Gauge(used, cap, expected, elapsed), title=title)


def _records(found: Records) -> Iterator[Record]:
    if found.days:
        yield _busiest("Busiest day", found.days[0])
    if found.week is not None:
        first, last = found.week.period.first, found.week.period.last
        when = f"{short_date(first)} to {short_date(last)} {last.year}"
        yield Record("Busiest week", human_bytes(found.week.bytes.total), when)
    if found.month is not None:
        first = found.month.period.first
        name = f"{MONTHS[first.month - 1]} {first.year}"
        yield Record("Busiest month", human_bytes(found.month.bytes.total), name)
    if found.hour is not None:
        hour, moved = found.hour.hour, human_bytes(found.hour.bytes.total)
        is_young = (found.hour.last - found.hour.first).days + 1 < RECENT_DAYS
        since = f"since {short_date(found.hour.first)}" if is_young else "in the last 4 weeks"
        yield Record("Busiest hour", f"{hour:02}:00", f"{moved} {since}")
    for what, peak in (("Fastest receive", found.peaks.received), ("Fastest transmit", found.peaks.sent)):
        if peak is not None:
            yield _peak(what, peak)


def _busiest(what: str, busiest: Busiest) -> Record:
    return Record(what, human_bytes(busiest.bytes.total), _long(busiest.period.first))


def _peak(what: str, peak: Peak) -> Record:
    return Record(what, human_bits(peak.speed), f"{peak.device}, {_long(peak.day)}")


def _columns(used: PeriodUsage, facts: PageFacts) -> list[Column]:
    told = {day.day: day for day in used.days}
    return [_column(used, number, told, facts.today) for number in range(1, used.period.last.day + 1)]


def _column(used: PeriodUsage, number: int, told: dict[date, DayUsage], today: date) -> Column:
    day = used.period.first.replace(day=number)
    if day not in told:
        return Column(str(number), 0, 0, f"{_long(day)}: to come")
    _, moved, is_partial = told[day]
    if moved is None:
        return Column(str(number), 0, 0, f"{_long(day)}: before counting began")
    so_far = " so far" if day == today else ""
    if is_partial:
        so_far += ", counting began on it"
    tip = f"{_long(day)}{so_far}: {human_bytes(moved.total)} ({human_bytes(moved.received)} received, "
    return Column(str(number), moved.received, moved.sent, f"{tip}{human_bytes(moved.sent)} sent)")


def _beside(month: Month, by: int) -> Month:
    number = month[0] * 12 + month[1] - 1 + by
    return number // 12, number % 12 + 1


def _month_text(month: Month) -> str:
    return f"{month[0]:04}-{month[1]:02}"


def short_date(day: date) -> str:
    """A day as "5 Nov"."""
    return f"{day.day} {MONTHS[day.month - 1][:3]}"


def _weekday(day: date) -> str:
    return f"{WEEKDAYS[day.weekday()]} {short_date(day)}"


def _long(day: date) -> str:
    return f"{_weekday(day)} {day.year}"
