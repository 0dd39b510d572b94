"""`netledger cost`: the bill of a plan for a period."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import click

from exporter.session.dashboards import dashboard_notes
from exporter.session.questions import Question, ask
from exporter.session.reading import CommandAnswer, reading
from exporter.terminal.options import interface_option
from exporter.terminal.printing import TextTable, print_table
from reports.billing.cost import period_cost
from reports.billing.plans import named
from reports.billing.prices import PriceError, parse_price
from reports.calendar.days import day_start
from reports.formats.json import cost as shapes
from reports.text.amounts import human_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from exporter.session.session import Session
    from reports.ledger.reader import LedgerReader

PERIODS = ("today", "week", "month", "year", "cycle")
BILLED = {"receive": "received bytes", "transmit": "sent bytes", "larger": "the larger of received and sent bytes"}


@click.command()
@click.option("--per-gb", metavar="PRICE", help="Price of a gigabyte, instead of the plan's.")
@click.option("--period", type=click.Choice(PERIODS), default="today", show_default=True, help="What to price.")
@click.option("--plan", "name", metavar="NAME", help="Plan that bills it; the first by default.")
@interface_option("One interface: its share of the plan's bill, without base price.")
@reading()
def cost(
    session: Session, *, per_gb: str | None, period: str, name: str | None, interfaces: Sequence[str]
) -> CommandAnswer:
    """What a plan bills of a period."""
    price = _price(per_gb)

    def answer(ledger: LedgerReader) -> shapes.CostAnswer:
        plan = named(session.settings.plans, name)
        selection = ledger.resolve(interfaces)
        found = period_cost(ledger, plan, period, session.now(), price_per_gb=price, selection=selection)
        return shapes.cost_answer(found, is_custom_price=price is not None)

    given = {"period": period, "plan": name, "interface": interfaces, "cost_per_gb": per_gb}
    found = ask(session, Question("/api/cost", given, shapes.CostAnswer, answer))
    start = day_start(date.fromisoformat(found.answer.first), found.zone)
    dashboard = dashboard_notes(session.settings, lambda links: links.plans(start, None, name))
    return CommandAnswer(found.answer, partial(_print_cost, found.answer, period, interfaces, dashboard))


def _print_cost(answer: shapes.CostAnswer, period: str, interfaces: Sequence[str], dashboard: list[str]) -> None:
    if answer.cost.assumed:
        raise click.UsageError(f"plan {answer.info.plan!r} has no price: say what a gigabyte costs with --per-gb PRICE")
    notes = [*_notes(answer, interfaces), *dashboard]
    print_table(TextTable(f"Cost, {period}", ("", "Billed", "Cost"), list(_rows(answer))), notes)


def _rows(answer: shapes.CostAnswer) -> Iterator[tuple[str, str, str]]:
    block = answer.cost
    yield "Received", human_bytes(answer.usage.bytes_received), block.download.cost_formatted
    yield "Sent", human_bytes(answer.usage.bytes_sent), block.upload.cost_formatted
    if block.base_price and block.base_price.cost:
        yield "Base price", "", block.base_price.cost_formatted
    yield "Total", human_bytes(answer.usage.total_bytes), block.total.cost_formatted


def _notes(answer: shapes.CostAnswer, interfaces: Sequence[str]) -> Iterator[str]:
    """The price, and what is left out."""
    info, used = answer.info, answer.usage
    is_binary = answer.cost.gigabyte_bytes == 2**30
    total = human_bytes(used.total_bytes)
    gigabyte = f"2^30 bytes: {used.gb_used:.2f} of them are {total}" if is_binary else "10^9 bytes"
    yield f"{info.prices} a GB ({info.note}), a GB of {gigabyte}"
    if info.counts in BILLED:
        yield f"the plan bills {BILLED[info.counts]}"
    if used.free_bytes:
        yield f"{human_bytes(used.free_bytes)} in free hours are not billed"
    if not info.covered:
        yield f"plan {info.plan} does not bill {' + '.join(interfaces)}"


def _price(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return parse_price(text)
    except PriceError as error:
        raise click.UsageError(f"--per-gb: {error}") from error
