"""The dashboards that are shipped, and the world in which they are asked."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from grafana.kit.sql import PLUGIN
from tests.grafana.dashboard_files import Dashboard, committed_dashboards
from tests.grafana.prometheus_server import require_prometheus
from tests.grafana.world import World, running_world
from tests.worlds.postgresql import PostgreSQL, debian

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def shipped() -> tuple[Dashboard, ...]:
    """All of grafana/dashboards/json."""
    found = committed_dashboards()
    assert found, "there are no dashboards in grafana/dashboards/json: python -m grafana.generate writes them"
    return found


@pytest.fixture(scope="session")
def dashboards(shipped: tuple[Dashboard, ...]) -> tuple[Dashboard, ...]:
    """Those that ask Prometheus."""
    return tuple(dashboard for dashboard in shipped if dashboard.source == "prometheus")


@pytest.fixture(scope="session")
def machines(shipped: tuple[Dashboard, ...]) -> Dashboard:
    """The one that asks the mirror."""
    (found,) = (dashboard for dashboard in shipped if dashboard.source == PLUGIN)
    return found


@pytest.fixture(scope="session")
def grafana_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A year of history in a real Prometheus; one for all tests, since nobody changes it.

    Its PostgreSQL is its own: tests may stop that of all others.
    """
    require_prometheus()
    binaries = debian()
    if binaries is None:
        pytest.skip("needs a PostgreSQL server (Debian package postgresql)")
    folder = tmp_path_factory.mktemp("grafana")
    with (
        closing(PostgreSQL(binaries)) as server,
        server.fresh_database() as database,
        running_world(folder, database.url) as world,
    ):
        yield world
