"""Settings that a wrap-up is made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.billing.plans import Plan
    from reports.text.grafana_links import GrafanaLinks


class WrapUpContext(NamedTuple):
    """The billing plans, and links to Grafana."""

    plans: Sequence[Plan] = ()
    links: GrafanaLinks | None = None


NO_CONTEXT = WrapUpContext()
