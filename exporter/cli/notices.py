"""`netledger plan test-notify`: send a test notice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from exporter.billing.delivery import DeliveryError, deliver
from exporter.billing.messages import test_message
from exporter.identity import host_name
from exporter.session.session import open_settings
from exporter.settings.zone import ZoneError, day_zone
from exporter.terminal.printing import CONTROL
from reports.billing.plans import cycle_of
from reports.calendar.days import day_of

if TYPE_CHECKING:
    from exporter.session.environment import Environment
    from exporter.settings.plans.notify import Notify
    from reports.billing.plans import Plan
    from reports.calendar.period import Period


@click.command("test-notify")
@click.argument("name", required=False)
@click.pass_obj
def test_notify(environment: Environment, *, name: str | None) -> None:
    """Send a test notice of each plan, or of plan NAME, on each of its ways.

    As this user, from this machine: the service may be another user. Exit 1 where a notice is not taken.
    """
    settings = open_settings(environment)
    plans = [plan for plan in settings.plans if name in (None, plan.name)]
    if not plans:
        known = ", ".join(plan.name for plan in settings.plans)
        raise click.UsageError(f"{name!r} is no plan; the plans are {known}")
    ways = [
        (plan, settings.notify[plan.name], way)
        for plan in plans
        for way in ("webhook", "command")
        if plan.name in settings.notify and getattr(settings.notify[plan.name], way)
    ]
    if not ways:
        raise click.ClickException("no plan has a notice: set notify with a webhook or a command, and a cap")
    try:
        today = day_of(int(environment.now()), zone := day_zone(settings.ledger.timezone))
    except ZoneError as error:
        raise click.ClickException(str(error)) from error
    taken = [_send(plan, notify, way, cycle_of(plan, today, zone)) for plan, notify, way in ways]
    if not all(taken):
        raise SystemExit(1)


def _send(plan: Plan, notify: Notify, way: str, cycle: Period) -> bool:
    message = test_message(plan, host_name(), cycle.first, cycle.last)
    subject = f"{plan.name}: the {way}".translate(CONTROL)
    try:
        asyncio.run(deliver(way, notify, message))
    except DeliveryError as error:
        click.echo(f"{subject} did not take it: {error}", err=True)
        return False
    click.echo(f"{subject} took it: {message['title']}".translate(CONTROL))
    return True
