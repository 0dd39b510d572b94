"""What a plan bills of a period, on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from exporter.console.books import open_books
from exporter.console.dashboards import dashboard_notes
from exporter.console.printing import Table, print_json, print_table
from reports.amounts import human_bytes
from reports.ledger_reader import UnknownInterfaceError
from reports.periods import day_start
from reports.plan_cost import period_cost
from reports.plans import PlanError, named
from reports.prices import PriceError, has_price, parse_price

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from exporter.console.outside import Outside
    from reports.formats.json_plans import CostAnswer
    from reports.plan_cost import StretchCost
    from reports.plans import Plan

PERIODS = ("today", "week", "month", "year", "cycle")
BILLED = {"receive": "received bytes", "transmit": "sent bytes", "larger": "the larger of received and sent bytes"}


@click.command()
@click.option("--per-gb", metavar="PRICE", help="Price of a gigabyte, instead of the plan's.")
@click.option("--period", type=click.Choice(PERIODS), default="today", show_default=True, help="What to price.")
@click.option("--plan", "name", metavar="NAME", help="Plan that bills it; the first by default.")
@click.option("--interface", metavar="NAME", help="One interface: its share of the plan's bill, without base price.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API gives it.")
@click.pass_obj
def cost(
    outside: Outside, *, per_gb: str | None, period: str, name: str | None, interface: str | None, as_json: bool
) -> None:
    """What a plan bills of a period."""
    from reports.formats import json_plans as shapes  # noqa: PLC0415 - shapes of JSON, for this command only

    books, now = open_books(outside), outside.now()
    plan = _named([found.plan for found in books.settings.plans], name)
    price = _price(per_gb)
    if price is None and not has_price(plan) and not as_json:
        raise click.UsageError(f"plan {plan.name!r} has no price: say what a gigabyte costs with --per-gb PRICE")
    with books.read() as ledger:
        try:
            ledger.require_interface(interface)
        except UnknownInterfaceError as error:
            raise click.UsageError(str(error)) from error
        found = period_cost(ledger, plan, period, now, price_per_gb=price, device=interface)
        start = day_start(found.first, ledger.zone)
    answer = shapes.cost_answer(found, is_asked=price is not None)
    if as_json:
        print_json(answer)
        return
    dashboard = dashboard_notes(books.settings, lambda links: links.plans(start, None, name))
    notes = [*_notes(found, answer, interface), *dashboard]
    print_table(Table(f"Cost, {period}", ("", "Billed", "Cost"), list(_rows(found, answer))), notes)


def _rows(found: StretchCost, answer: CostAnswer) -> Iterator[tuple[str, str, str]]:
    billed, block = found.billed, answer.cost
    yield "Received", human_bytes(billed.received), block.download.cost_formatted
    yield "Sent", human_bytes(billed.sent), block.upload.cost_formatted
    if block.base_price and block.base_price.cost:
        yield "Base price", "", block.base_price.cost_formatted
    yield "Total", human_bytes(billed.total), block.total.cost_formatted


def _notes(found: StretchCost, answer: CostAnswer, interface: str | None) -> Iterator[str]:
    """The price, and what is left out."""
    plan, total = found.plan, found.billed.total
    binary = plan.gigabyte_bytes == 2**30
    gigabyte = f"2^30 bytes: {answer.usage.gb_used:.2f} of them are {human_bytes(total)}" if binary else "10^9 bytes"
    yield f"{_prices(plan)} a GB ({answer.info.note}), a GB of {gigabyte}"
    if plan.counts in BILLED:
        yield f"the plan bills {BILLED[plan.counts]}"
    if found.free:
        yield f"{human_bytes(found.free)} in free hours are not billed"
    if not found.is_covered:
        yield f"plan {plan.name} does not bill {interface}"


def _prices(plan: Plan) -> str:
    """Each step's price with its end: "5 EUR up to 100.00 GB, then 2.5 EUR"."""
    steps = [
        f"{price.normalize():f} {plan.currency}{f' up to {human_bytes(up_to)}' if up_to else ''}"
        for up_to, price in plan.price_steps
    ]
    return ", then ".join(steps) or f"0 {plan.currency}"


def _named(plans: list[Plan], name: str | None) -> Plan:
    try:
        return named(plans, name)
    except PlanError as error:
        raise click.UsageError(str(error)) from error


def _price(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return parse_price(text)
    except PriceError as error:
        raise click.UsageError(f"--per-gb: {error}") from error
