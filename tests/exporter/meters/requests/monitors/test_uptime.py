from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from exporter.ledger.files import connect_to_read
from reports.ledger.reader import LedgerReader
from reports.usage.uptime import CheckedRoute, Checks, Uptime, uptimes
from tests.meters.requests import event

if TYPE_CHECKING:
    from tests.worlds.request_world import RequestWorld

DAY = 86_400
SITE = CheckedRoute("site", "GET", "/health", lambda code: 200 <= code < 400)


def test_uptime_is_the_share_of_good_checks_by_day_and_month(world: RequestWorld) -> None:
    now = world.machine.seconds
    checks = [(0, 0), (0, 200), (3600, 200), (7200, 503)]
    world.give(*(event(now - ago, service="site", route="/health", code=code) for ago, code in checks))
    world.give(event(now, service="site", route="/other", code=500), event(now, service="shop"))
    world.run()
    world.commit()
    world.give(event(now, service="site", route="/health", code=304))
    world.run()

    world.commit()

    with (
        contextlib.closing(connect_to_read(world.path)) as connection,
        LedgerReader(connection).at_one_moment() as ledger,
    ):
        found = uptimes(ledger, [SITE, CheckedRoute("never", "GET", "/", bool)], now)
        later = uptimes(ledger, [SITE], now + 20 * DAY)
        much_later = uptimes(ledger, [SITE], now + 40 * DAY)
        none = uptimes(ledger, [], now)

    assert found["site"] == Uptime(Checks(5, 3), Checks(5, 3))
    assert found["site"].day.share == 0.6
    assert found["never"] == Uptime()
    assert found["never"].day.share is None
    assert later["site"] == Uptime(Checks(), Checks(5, 3))
    assert much_later["site"] == Uptime()
    assert none == {}
