"""`netledger plan test-notify`: send a test notice, and say who took it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from exporter.identity import host_name
from exporter.session.session import open_settings
from exporter.session.zone import ZoneError, day_zone
from exporter.terminal.printing import CONTROL
from reports.billing.plans import cycle_of
from reports.calendar.periods import day_of

if TYPE_CHECKING:
    from exporter.session.environment import Environment
    from exporter.settings.tree import PlanSettings, Settings


@click.command("test-notify")
@click.argument("name", required=False)
@click.pass_obj
def test_notify(environment: Environment, *, name: str | None) -> None:
    """Send a test notice of each plan, or of plan NAME, on each of its ways.

    As this user, from this machine: the service may be another user. Exit 1 where a notice is not taken.
    """
    settings = open_settings(environment)
    plans = [held for held in settings.plans if name in (None, held.plan.name)]
    if not plans:
        known = ", ".join(held.plan.name for held in settings.plans)
        raise click.UsageError(f"{name!r} is no plan; the plans are {known}")
    ways = [(held, way) for held in plans for way in ("webhook", "command") if getattr(held.notify, way)]
    if not ways:
        raise click.ClickException("no plan tells anybody: set notify with a webhook or a command, and a cap")
    taken = [_send(settings, held, way, environment.now()) for held, way in ways]
    if not all(taken):
        raise SystemExit(1)


def _send(settings: Settings, held: PlanSettings, way: str, now: float) -> bool:
    from exporter.billing.messages import test_message  # noqa: PLC0415 - with aiohttp, for this command only
    from exporter.billing.notifier import DeliveryError, deliver  # noqa: PLC0415

    try:
        zone = day_zone(settings.ledger.timezone)
    except ZoneError as error:
        raise click.ClickException(str(error)) from error
    cycle = cycle_of(held.plan, day_of(int(now), zone), zone)
    message = test_message(held.plan, host_name(), cycle.first, cycle.last)
    subject = f"{held.plan.name}: the {way}".translate(CONTROL)
    try:
        asyncio.run(deliver(way, held.notify, message))
    except DeliveryError as error:
        click.echo(f"{subject} did not take it: {error}", err=True)
        return False
    click.echo(f"{subject} took it: {message['title']}".translate(CONTROL))
    return True
