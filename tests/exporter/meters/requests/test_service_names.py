"""Names of services: the same rule wherever one is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.meters.requests.key_ring import service_name as name_for_a_key
from exporter.meters.requests.monitors.settings import NAME
from exporter.meters.requests.otlp.conventions import service_name as name_of_a_resource
from exporter.meters.requests.settings import SERVICE
from exporter.settings.rules import RuleError
from reports.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Callable

READERS = {
    "settings": SERVICE.read,
    "monitors": NAME.read,
    "keys": name_for_a_key,
    "OpenTelemetry": name_of_a_resource,
}


@pytest.mark.parametrize("name", ["", "  ", "(other)", "x" * 101, "netledger"])
@pytest.mark.parametrize("reader", READERS)
def test_a_name_that_no_service_may_have_is_refused(reader: str, name: str) -> None:
    read: Callable[[str], object] = READERS[reader]

    with pytest.raises((RuleError, QuestionError, ValueError)):
        read(name)


@pytest.mark.parametrize("reader", READERS)
def test_any_other_name_is_taken(reader: str) -> None:
    read: Callable[[str], object] = READERS[reader]

    assert read("Größe/shop 2") == "Größe/shop 2"
