from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.clients.python.collectors import Collector, collecting

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def collector() -> Iterator[Collector]:
    """One that is up."""
    with collecting() as found:
        yield found


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NETLEDGER_URL", "NETLEDGER_KEY", "API_BASE"):
        monkeypatch.delenv(name, raising=False)
