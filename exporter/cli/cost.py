"""`netledger cost`: the bill of a plan for a period."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import click

from exporter.session.dashboards import dashboard_notes
from exporter.session.questions import Question, ask
from exporter.session.reading import CommandAnswer, reading
from exporter.terminal.amounts import bytes_text, chosen_style, price_text
from exporter.terminal.dates import time_text
from exporter.terminal.imported import across_note
from exporter.terminal.options import hosts_option, interface_option, scope_option
from exporter.terminal.printing import TextTable, print_table
from reports.billing.application_cost import application_costs
from reports.billing.cost import days_of_period, period_cost
from reports.billing.plans import named
from reports.billing.prices import PriceError, parse_price
from reports.calendar.days import day_of, day_start
from reports.formats.json import cost as shapes
from reports.formats.json.application_cost import ApplicationCostAnswer, BilledBytes, application_cost
from reports.usage.scopes import select_usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from exporter.session.session import Session
    from reports.formats.json.forecast import Money
    from reports.ledger.reader import LedgerReader

PERIODS = ("today", "week", "month", "year", "cycle", "last-cycle")
BILLED = {"receive": "received bytes", "transmit": "sent bytes", "larger": "the larger of received and sent bytes"}


@click.command()
@click.option("--per-gb", metavar="PRICE", help="Price of a gigabyte, instead of the plan's.")
@click.option("--period", type=click.Choice(PERIODS), default="today", show_default=True, help="What to price.")
@click.option("--plan", "name", metavar="NAME", help="Plan that bills it; the first by default.")
@interface_option("One interface: its share of the plan's bill, without base price.")
@click.option("--by", type=click.Choice(["application"]), help="What each application costs of that.")
@scope_option()
@hosts_option
@reading()
def cost(
    session: Session,
    *,
    per_gb: str | None,
    period: str,
    name: str | None,
    interfaces: Sequence[str],
    by: str | None,
    scopes: Sequence[str],
) -> CommandAnswer:
    """What a plan bills of a period."""
    price = _price(per_gb)
    if by:
        if interfaces:
            raise click.UsageError("--interface: not together with --by; applications are not measured by interface")
        return _by_application(session, CostRequest(period, name, per_gb, scopes))
    if scopes:
        raise click.UsageError("--scope: only together with --by application")

    def answer(ledger: LedgerReader) -> shapes.CostAnswer:
        plan = named(session.settings.plans, name)
        selection = ledger.resolve(interfaces)
        found = period_cost(ledger, plan, period, session.now(), price_per_gb=price, selection=selection)
        return shapes.cost_answer(found, is_custom_price=price is not None)

    given = {"period": period, "plan": name, "interface": interfaces, "cost_per_gb": per_gb}
    found = ask(session, Question("/api/cost", given, shapes.CostAnswer, answer))
    start = day_start(date.fromisoformat(found.answer.first), found.zone)
    dashboard = dashboard_notes(session.settings, lambda links: links.plans(start, None, name))
    return CommandAnswer(
        found.answer, partial(_print_cost, found.answer, _label(session, period), interfaces, dashboard)
    )


def _label(session: Session, period: str) -> str:
    """The period, and the machines where they are several."""
    return period if session.hosts is None else f"{period}, {session.hosts.label}"


class CostRequest(NamedTuple):
    """The parameters of a question for the cost by application."""

    period: str
    plan: str | None
    cost_per_gb: str | None
    scope: Sequence[str]


def _by_application(session: Session, request: CostRequest) -> CommandAnswer:
    price = _price(request.cost_per_gb)

    def answer(ledger: LedgerReader) -> ApplicationCostAnswer:
        plan = named(session.settings.plans, request.plan)
        days = days_of_period(request.period, plan, day_of(session.now(), ledger.zone), ledger.zone)
        selection = select_usage(ledger, (), request.scope, session.settings.networks)
        found = application_costs(ledger, plan, *days, price_per_gb=price, selection=selection)
        return application_cost(found, is_custom_price=price is not None)

    found = ask(session, Question("/api/cost/applications", request._asdict(), ApplicationCostAnswer, answer)).answer
    return CommandAnswer(found, partial(_print_applications, found, request, _label(session, request.period)))


def _print_applications(answer: ApplicationCostAnswer, request: CostRequest, label: str) -> None:
    if answer.assumed:
        raise _no_price(answer.plan)
    rows = [(row.application, *_cells(row)) for row in answer.applications]
    if answer.unattributed.total_bytes or answer.unattributed.cost.amount:
        rows.append(("(unattributed)", *_cells(answer.unattributed)))
    if answer.base_price.amount:
        rows.append(("Base price", "", "", _price_cell(answer.base_price)))
    rows.append(("TOTAL", *_cells(answer.total)))
    title = ", ".join(["Cost by application", label, *request.scope])
    gigabyte = "2^30" if answer.gigabyte_bytes == 2**30 else "10^9"
    days, prices = time_text(f"{answer.first} to {answer.last}"), chosen_style().number(answer.prices)
    notes = [f"plan {answer.plan}, {days}: {prices} a GB of {gigabyte} bytes"]
    notes += [f"the plan bills {BILLED[answer.counts]}"] if answer.counts in BILLED else []
    print_table(TextTable(title, ("Application", "Received", "Sent", "Cost"), rows), notes)


def _cells(row: BilledBytes) -> tuple[str, str, str]:
    received, sent = (
        f"{'-' * (amount < 0)}{bytes_text(abs(amount))}" for amount in (row.bytes_received, row.bytes_sent)
    )
    return received, sent, _price_cell(row.cost)


def _price_cell(price: Money) -> str:
    return price_text(price.amount, price.currency, price.formatted)


def _no_price(plan: str) -> click.UsageError:
    return click.UsageError(f"plan {plan!r} has no price: say what a gigabyte costs with --per-gb PRICE")


def _print_cost(answer: shapes.CostAnswer, label: str, interfaces: Sequence[str], dashboard: list[str]) -> None:
    if answer.cost.assumed:
        raise _no_price(answer.info.plan)
    notes = [*_notes(answer, interfaces), *dashboard]
    print_table(TextTable(f"Cost, {label}", ("", "Billed", "Cost"), list(_rows(answer))), notes)


def _rows(answer: shapes.CostAnswer) -> Iterator[tuple[str, str, str]]:
    block, used = answer.cost, answer.usage

    def price(part: shapes.CostPart | shapes.BaseCost) -> str:
        return price_text(part.cost, block.currency, part.cost_formatted)

    yield "Received", bytes_text(used.bytes_received), price(block.download)
    yield "Sent", bytes_text(used.bytes_sent), price(block.upload)
    if block.base_price and block.base_price.cost:
        yield "Base price", "", price(block.base_price)
    yield "Total", bytes_text(used.total_bytes), price(block.total)


def _notes(answer: shapes.CostAnswer, interfaces: Sequence[str]) -> Iterator[str]:
    """The price, and what is left out."""
    info, used = answer.info, answer.usage
    is_binary = answer.cost.gigabyte_bytes == 2**30
    number = chosen_style().number
    billed = f"{number(f'{used.gb_used:.2f}')} of them are {bytes_text(used.total_bytes)}"
    gigabyte = f"2^30 bytes: {billed}" if is_binary else "10^9 bytes"
    yield f"{number(info.prices)} a GB ({info.note}), a GB of {gigabyte}"
    if info.counts in BILLED:
        yield f"the plan bills {BILLED[info.counts]}"
    if used.free_bytes:
        yield f"{bytes_text(used.free_bytes)} in free hours are not billed"
    yield from across_note(answer.cost.imported_bytes_across, "cycles or of this period")
    if not info.covered:
        yield f"plan {info.plan} does not bill {' + '.join(interfaces)}"


def _price(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return parse_price(text)
    except PriceError as error:
        raise click.UsageError(f"--per-gb: {error}") from error
