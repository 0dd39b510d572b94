"""`netledger check`: usage against a limit, for Nagios, Icinga, cron and scripts."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from exporter.session import usage_questions as questions
from exporter.session.period_questions import periods
from exporter.session.questions import ask
from exporter.session.reading import CommandAnswer, reading
from exporter.settings.measures import MeasureError, parse_size
from exporter.terminal.amounts import bytes_text, percent_text
from exporter.terminal.plugins import (
    CRITICAL,
    OK,
    STATES,
    UNKNOWN,
    WARNING,
    PerformanceData,
    PluginCommand,
    plugin_line,
)
from exporter.terminal.question_options import filter_options
from reports.usage.period_list import PeriodListRequest

if TYPE_CHECKING:
    from exporter.session.session import Session
    from reports.usage.scopes import UsageFilter

PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?) ?%", re.ASCII)
UNITS = {"day": "days", "month": "months", "year": "years"}
DIRECTIONS = {"rx": "bytes_received", "tx": "bytes_sent", "total": "total_bytes"}
WORDS = {"rx": "received", "tx": "sent", "total": "used"}


class Size(click.ParamType):  # type: ignore[type-arg]
    """Bytes such as 500 GB, or a part of the limit such as 80 %, which is a float."""

    name = "size"

    def __init__(self, *, is_part: bool = False) -> None:
        """`is_part`: a percentage is one, too."""
        self._is_part = is_part

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse it; the error names the option."""
        if not isinstance(value, str):
            return value
        if self._is_part and (found := PERCENT.fullmatch(value)):
            return float(found[1]) / 100
        try:
            return parse_size(value)
        except MeasureError as error:
            self.fail(f"{value!r} {error}{', or 80%' if self._is_part else ''}", param, ctx)


class Measured(NamedTuple):
    """Bytes of a period until now, None if it was not counted; at its end, if that is asked for; and its words."""

    period: str
    used: int | None
    expected: int | None
    cap: int | None = None
    reason: str = "not known yet"


@click.command(cls=PluginCommand)
@click.option(
    "--limit", metavar="SIZE", type=Size(), help="Critical above it, as 500 GB; by default the cap of a plan."
)
@click.option("--warning", metavar="SIZE", type=Size(is_part=True), help="Warning above it: a size, or a part as 80%.")
@click.option(
    "--period", type=click.Choice([*UNITS, "cycle"]), default="month", show_default=True, help="The running one."
)
@click.option("--plan", metavar="NAME", help="The plan of a cycle; the first by default.")
@click.option("--estimate", "is_ahead", is_flag=True, help="What the period is expected to have at its end.")
@click.option(
    "--direction", type=click.Choice(list(DIRECTIONS)), default="total", show_default=True, help="What counts."
)
@filter_options
@reading("Print JSON.")
def check(
    session: Session,
    *,
    limit: int | None,
    warning: float | None,
    period: str,
    plan: str | None,
    is_ahead: bool,
    direction: str,
    usage_filter: UsageFilter,
) -> CommandAnswer:
    """Hold usage against a limit: one line, and exit code 0 (ok), 1 (warning), 2 (critical) or 3 (not known).

    It can be a plugin of Nagios, Icinga and others, and a condition in scripts.
    """
    if period == "cycle":
        _refuse(usage_filter, direction, is_ahead=is_ahead)
        found = _of_cycle(session, plan, direction)
    elif plan is not None:
        raise click.UsageError("--plan: is of --period cycle alone")
    else:
        found = _of_period(session, period, direction, usage_filter)
    critical = found.cap if limit is None else limit
    if critical is None:
        raise click.UsageError("--limit: is missing")
    size = int(critical * warning) if isinstance(warning, float) else warning
    return _answer(session, found, Limits(size, critical), direction, is_ahead=is_ahead)


class Limits(NamedTuple):
    """The largest amounts that are no warning (None: there is none), and nothing critical."""

    warning: int | None
    critical: int

    def state(self, amount: int) -> int:
        """The state of an amount."""
        if amount > self.critical:
            return CRITICAL
        return WARNING if self.warning is not None and amount > self.warning else OK


def _refuse(usage_filter: UsageFilter, direction: str, *, is_ahead: bool) -> None:
    if any(usage_filter):
        raise click.UsageError("--interface, --scope: a cycle is of what its plan covers")
    if is_ahead and direction != "total":
        raise click.UsageError("--direction: the forecast of a cycle is of what its plan bills")


def _of_cycle(session: Session, name: str | None, direction: str) -> Measured:
    plan = ask(session, questions.plans(session, name)).answer.plans[0]
    used = {"rx": plan.bytes_received, "tx": plan.bytes_sent, "total": plan.used_bytes}[direction]
    ahead = plan.forecast
    is_counted = ahead.counting_since is not None
    words = f"in the cycle of plan {plan.name} until {plan.cycle.last}"
    return Measured(words, used if is_counted else None, ahead.expected_bytes, plan.cap_bytes, ahead.reason or "")


def _of_period(session: Session, period: str, direction: str, usage_filter: UsageFilter) -> Measured:
    request = PeriodListRequest(UNITS[period], 1)
    answer = ask(session, periods(session, request, usage_filter)).answer
    row, name = answer.periods[-1], DIRECTIONS[direction]
    expected = getattr(answer.estimate.expected, name) if answer.estimate else None
    used = None if answer.counting_since is None else getattr(row, name)
    return Measured(f"in {row.period}, {usage_filter.label}", used, expected)


def _answer(session: Session, found: Measured, limits: Limits, direction: str, *, is_ahead: bool) -> CommandAnswer:
    """The larger of both states counts: a limit that is exceeded is, whatever else is unknown."""
    checked = found.expected if is_ahead else found.used
    state = OK if found.used is None else limits.state(found.used)
    state = UNKNOWN if checked is None and state != CRITICAL else max(state, limits.state(checked or 0))
    text = _text(found, limits, direction, is_ahead=is_ahead)
    if state in {OK, WARNING} and not _is_counting(session):
        state, text = UNKNOWN, f"netledger is not running; {text}"
    data = [
        PerformanceData(label, amount, *limits)
        for label, amount in ((direction, found.used), (f"{direction}_estimate", found.expected if is_ahead else None))
        if amount is not None
    ]
    document = {
        "status": STATES[state].lower(),
        "text": text,
        "used_bytes": found.used,
        "expected_bytes": found.expected,
        "warning_bytes": limits.warning,
        "limit_bytes": limits.critical,
    }
    return CommandAnswer(document, partial(click.echo, plugin_line(state, text, data)), state)


def _text(found: Measured, limits: Limits, direction: str, *, is_ahead: bool) -> str:
    if found.used is None:
        return f"nothing is counted yet {found.period}"
    text = f"{bytes_text(found.used)} {WORDS[direction]}"
    if is_ahead:
        text += f", {found.reason if found.expected is None else f'{bytes_text(found.expected)} expected'}"
    amount = found.expected if is_ahead and found.expected is not None else found.used
    share = f" ({percent_text(amount / limits.critical)})" if limits.critical else ""
    return f"{text} of {bytes_text(limits.critical)}{share} {found.period}"


def _is_counting(session: Session) -> bool:
    """Whether a service counts now: without one, all after its last sample is missing."""
    return session.holder is not None or session.fallback_service() is not None
