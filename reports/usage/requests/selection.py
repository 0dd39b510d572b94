"""Which requests a question is about: services, a method, a route, and what is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.errors import QuestionError
from reports.ledger.selection import Selection
from reports.ledger.shape import ALL, REQUEST

if TYPE_CHECKING:
    from reports.ledger.reader import LedgerReader

NOT_FOUND, HEALTH, BOTS = EXCLUSIONS = ("404", "health", "bots")

HEALTH_NAMES = frozenset(
    {"health", "healthz", "healthcheck", "health-check", "health_check", "_health", "livez", "readyz", "readiness"}
)
"""Last segments of routes that only probes ask for."""

HEALTH_ROUTES = frozenset(
    {"/ping", "/up", "/live", "/ready", "/alive", "/heartbeat", "/metrics", "/-/healthy", "/-/ready"}
)
"""Whole routes of the kind."""


class UnknownServiceError(QuestionError):
    """The ledger holds no service of this name."""


class ExclusionError(QuestionError):
    """There is no such exclusion, or the question cannot leave it out."""


class RequestSelection(NamedTuple):
    """Requests of some services (all without any), of one method or route ("": all), without `excluded` ones.

    `excluded` are among EXCLUSIONS; bots are known of single requests alone: sums have them.
    """

    services: tuple[str, ...] = ()
    method: str = ""
    route: str = ""
    excluded: tuple[str, ...] = ()

    def amounts(self, ledger: LedgerReader) -> Selection:
        """The subjects that hold sums of it."""
        where = {**self._named()}
        if NOT_FOUND in self.excluded:
            where["code"] = tuple(ledger.values(REQUEST, "code") - {NOT_FOUND, ALL})
        if HEALTH in self.excluded and not self.route:
            where["route"] = tuple(route for route in ledger.values(REQUEST, "route") if not is_health(route))
        return Selection(REQUEST, self.label, where=where)

    def sketches(self, ledger: LedgerReader) -> Selection:
        """The subjects whose sketches together are its own, but for those of 404, which are in them."""
        if not (self.method or self.route or HEALTH in self.excluded):
            return self.service_sketches()
        where = {**self.amounts(ledger).where, "code": (ALL,)}
        where.setdefault("method", tuple(ledger.values(REQUEST, "method") - {ALL}))
        return Selection(REQUEST, self.label, where=where)

    def service_sketches(self) -> Selection:
        """The subjects that hold sketches of whole services."""
        return Selection(REQUEST, self.label, where={**self._named(), "method": (ALL,), "code": (ALL,)})

    def route_sketches(self, routes: tuple[str, ...] = ()) -> Selection:
        """The subjects that hold sketches of routes: of these, of the selection's, or of all."""
        where = {**self._named(), "code": (ALL,)}
        if routes:
            where["route"] = routes
        return Selection(REQUEST, self.label, where=where)

    @property
    def excluded_times(self) -> tuple[str, ...]:
        """What its quantiles leave out: sketches are of all codes."""
        return tuple(name for name in self.excluded if name != NOT_FOUND)

    @property
    def label(self) -> str:
        """For people, as in "shop + blog"."""
        return " + ".join(self.services) or "all services"

    def _named(self) -> dict[str, tuple[str, ...]]:
        named = {"service": self.services, "method": (self.method,), "route": (self.route,)}
        return {name: values for name, values in named.items() if any(values)}


EVERY_REQUEST = RequestSelection()


def is_health(route: str) -> bool:
    """True for a route that only probes ask for."""
    path = route.rstrip("/").lower()
    return path in HEALTH_ROUTES or path.rpartition("/")[2] in HEALTH_NAMES


def parse_exclusions(text: str) -> tuple[str, ...]:
    """Exclusions of a list such as "404,health"; "" and "none" stand for nothing. Raises ExclusionError."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip() not in {"", "none"}))
    for name in names:
        if name not in EXCLUSIONS:
            raise ExclusionError(f"exclude: {name!r} is refused; use {', '.join(EXCLUSIONS)}, or none")
    return names


def require_service(ledger: LedgerReader, name: str) -> None:
    """Raise UnknownServiceError for a service that the ledger does not know."""
    known = ledger.values(REQUEST, "service")
    if name not in known:
        raise UnknownServiceError(
            f"service: the ledger knows no {name!r}; `netledger requests` and `/api/requests/services` list them"
        )
