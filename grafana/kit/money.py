"""Amounts of money: the currency is a label, so its sign comes by an override for each that Grafana knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from grafana_foundation_sdk.builders import stat, timeseries

from grafana.kit.panels import Frame, named
from grafana.kit.shapes import option

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.prometheus import Dataquery

MoneyPanel = TypeVar("MoneyPanel", stat.Panel, timeseries.Panel)

CURRENCIES = (
    "BRL CHF CZK DKK EUR GBP IDR ILS INR JPY KRW MYR NOK PHP PLN SEK TRY UAH USD VND ZAR".split()  # noqa: SIM905 - reads better
)


def amounts(frame: Frame, *targets: Dataquery) -> stat.Panel:
    """Amounts whose names end with their currency, such as "so far, EUR"."""
    return signed(named(frame, "locale", *targets).decimals(2))


def signed(panel: MoneyPanel) -> MoneyPanel:
    """Give names that end with a currency its sign."""
    for currency in CURRENCIES:
        panel = panel.override_by_regexp(f"/{currency}$/", [option("unit", f"currency{currency}")])
    return panel
