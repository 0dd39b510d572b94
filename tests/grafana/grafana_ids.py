"""Ids that Grafana knows, as grafana/checks/print-ids.cjs printed them."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from tests.grafana.dashboard_files import ROOT

OWN_UNIT = re.compile(r"(suffix|prefix|time|si|count|currency|bool):.+")


@cache
def known(kind: str) -> frozenset[str]:
    """All ids of one kind: units, reducers, field_matchers, field_properties, color_modes, transformations."""
    return frozenset(_printed()[kind])


def version() -> str:
    """Grafana's version that they are of."""
    return str(_printed()["grafana"])


def is_own_unit(unit: str) -> bool:
    """Whether a dashboard makes the unit itself: `suffix: per day`, `time:YYYY-MM-DD`."""
    return OWN_UNIT.fullmatch(unit) is not None


@cache
def _printed() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "grafana" / "checks" / "ids.json").read_text(encoding="utf-8"))
    return found
