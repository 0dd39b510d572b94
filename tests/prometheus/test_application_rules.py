"""The rules quote words of the product: those are the ones that it uses."""

from __future__ import annotations

from pathlib import Path

from exporter.meters.applications.sources import OFF

RULES = Path(__file__).parents[2] / "prometheus/rules/applications.yml"


def test_a_meter_that_is_switched_off_is_known_by_the_words_of_the_product() -> None:
    assert (
        RULES.read_text(encoding="utf-8").count(f'"{OFF}"') + RULES.read_text(encoding="utf-8").count(f'|{OFF}"') == 2
    )
