"""Routes: what answers at a path, and the types of its query and its answer, from which OpenAPI is made.

A resource is a module with a `routes`, to which its handlers are added by decorators:

    routes = Routes()

    @routes.question("/api/week", "Usage of this week by day")
    def week(request: LedgerRequest, query: OfInterface) -> shapes.Range: ...
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

import msgspec
from aiohttp import web

from exporter.mirror.group.hosts import hosts_of
from exporter.web.context import CONTEXT, ServiceContext
from exporter.web.http.bodies import BODY
from exporter.web.http.doors import service_of
from exporter.web.http.grafana import LinkContext
from exporter.web.http.machines import GROUP, HOSTS, group_of
from exporter.web.http.queries import NoQuery, OfInterface, PeriodQuery, Query, parse_query
from exporter.web.http.responses import JSON, json_response
from reports.billing.plans import of_all_interfaces
from reports.billing.status import plan_status
from reports.calendar.days import day_of
from reports.formats.json.hosts import hosts_note
from reports.ledger.selection import MACHINE, Selection
from reports.usage.scopes import UsageFilter, select_usage

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from exporter.metering.snapshots import Snapshot
    from exporter.mirror.group.groups import Group
    from reports.billing.plans import Plan
    from reports.billing.status import PlanStatus
    from reports.calendar.period import Period
    from reports.ledger.host import Host
    from reports.ledger.reader import LedgerReader

Q = TypeVar("Q", bound=Query)
A = TypeVar("A")

PageHandler = TypeVar("PageHandler", bound=Callable[..., Awaitable[web.StreamResponse]])
DoorHandler = TypeVar("DoorHandler", bound=Callable[[web.Request, bytes], Awaitable[web.StreamResponse]])

Responder: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
QuestionHandler: TypeAlias = Callable[["LedgerRequest", Q], A]
ServiceHandler: TypeAlias = Callable[[ServiceContext, Q], Awaitable[A]]
Link: TypeAlias = Callable[[LinkContext, Any], str]
Ask: TypeAlias = Callable[[ServiceContext, Callable[["LedgerReader"], Any], "Group | None"], Awaitable[Any]]

QUICK: Ask = ServiceContext.ask
PATIENT: Ask = ServiceContext.ask_patiently
"""For questions that read years."""

GRAFANA_URL = "grafana_url"
OF_REQUESTS = "/api/requests"
"""Questions below are answered with every request that was acknowledged."""


class LedgerRequest(NamedTuple):
    """The ledger at one moment, `now` in UTC seconds, a snapshot that is at most a second old, and the service.

    `selection` is of the interfaces or of the scopes of the query; of the machine without any. `key_service` is the
    only service whose requests may be answered; None for one who may read all. Where `group` is given,
    the ledger is that of several machines, and interfaces are machines.
    """

    ledger: LedgerReader
    now: float
    snapshot: Snapshot
    service: ServiceContext
    selection: Selection = MACHINE
    key_service: str | None = None
    group: Group | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The ledger's zone, in which days are cut."""
        return self.ledger.zone

    def period(self, query: PeriodQuery, default: str) -> Period:
        """The period of the query; `default` is the range without any."""
        return query.period_request.period(day_of(self.now, self.zone), self.zone, default)

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The plans of the settings; of several machines all bytes, since the interfaces of plans are of this one."""
        plans = self.service.settings.plans
        return plans if self.group is None else tuple(of_all_interfaces(plan) for plan in plans)

    @property
    def host(self) -> Host:
        """What the ledger is of: this machine, or several together."""
        host, group = self.service.host, self.group
        if group is None:
            return host
        return host._replace(name=group.label, id="", hosts=hosts_of(group.label, (name for name, _ in group.members)))

    def status(self, plan: Plan) -> PlanStatus:
        """How a plan stands; one that machines share as it was last read, and without a wait for them."""
        return self.service.shared_status(plan) or plan_status(self.ledger, plan, self.now)


class Route(NamedTuple):
    """One operation; without a summary, OpenAPI leaves it out.

    `answers` are the types of its JSON, where that is one of its formats; `name` is unique among all routes. `body` are
    the types of the JSON that it takes (none where only its formats say what it is), None for no body; `status` is that
    of success. `reads` are the types of parameters that a handler reads from the request by itself.
    """

    method: str
    path: str
    name: str
    summary: str
    respond: Responder
    query: type[Query] = NoQuery
    formats: tuple[str, ...] = (JSON,)
    answers: tuple[Any, ...] = ()
    description: str = ""
    has_link: bool = False
    body: tuple[Any, ...] | None = None
    body_formats: tuple[str, ...] = (JSON,)
    status: int = 200
    reads: tuple[type[Query], ...] = ()

    @property
    def is_of_hosts(self) -> bool:
        """True if it answers for several machines, too, and says in its JSON for which."""
        return HOSTS in self.query.__struct_fields__ and self.formats == (JSON,)

    @property
    def queries(self) -> tuple[type[Query], ...]:
        """The types of all its parameters."""
        return (self.query, *self.reads)


class Routes(list[Route]):
    """The routes of one resource; the types of a query and an answer are those of the handler."""

    def question(
        self,
        path: str,
        summary: str,
        *,
        link: Link | None = None,
        ask: Ask = QUICK,
        with_all: Callable[[Any, Any], Any] | None = None,
    ) -> Callable[[QuestionHandler[Q, A]], QuestionHandler[Q, A]]:
        """A handler that answers GET from the ledger, on the thread that `ask` chooses.

        `with_all` adds to this machine's answer, unless it is of a selection, that of all machines of the mirror.
        """

        def add(handle: QuestionHandler[Q, A]) -> QuestionHandler[Q, A]:
            async def find(request: web.Request, given: Q) -> A:
                service = request.app[CONTEXT]
                group = await group_of(request, given)
                if path.startswith(OF_REQUESTS):
                    await service.merge_events()
                snapshot, now, key_service = service.fresh_snapshot(), service.now, service_of(request)
                usage_filter = given.usage_filter if isinstance(given, OfInterface) else UsageFilter()

                def answer(ledger: LedgerReader) -> A:
                    selection = select_usage(ledger, *usage_filter, networks=service.settings.networks)
                    read = LedgerRequest(ledger, now, snapshot, service, selection, key_service)
                    return handle(read._replace(group=group), given)

                found: A = await ask(service, answer, group)
                if with_all is None or service.groups is None or group is not None or any(usage_filter):
                    return found
                group = await service.groups.ready()
                return found if group is None else with_all(found, await ask(service, answer, group))

            self._add_json("GET", path, summary, link, handle, find)
            return handle

        return add

    def service(
        self, method: str, path: str, summary: str, *, link: Link | None = None
    ) -> Callable[[ServiceHandler[Q, A]], ServiceHandler[Q, A]]:
        """A handler that asks the running service, or changes something, on the event loop."""

        def add(handle: ServiceHandler[Q, A]) -> ServiceHandler[Q, A]:
            async def find(request: web.Request, given: Q) -> A:
                return await handle(request.app[CONTEXT], given)

            self._add_json(method, path, summary, link, handle, find)
            return handle

        return add

    def page(
        self,
        path: str,
        summary: str,
        *formats: str,
        answers: tuple[Any, ...] = (),
        reads: tuple[type[Query], ...] = (),
    ) -> Callable[[PageHandler], PageHandler]:
        """A handler that makes its own response to GET.

        Without a parameter for a query, any query is accepted, and `reads` are the types of what it reads of it.
        """

        def add(handle: PageHandler) -> PageHandler:
            _, *queries, _ = inspect.get_annotations(handle, eval_str=True).values()

            async def respond(request: web.Request) -> web.StreamResponse:
                found: web.StreamResponse = await handle(request, *(parse_query(request, query) for query in queries))
                return found

            query = queries[0] if queries else NoQuery
            name = _name("get_page", path)
            self.append(Route("GET", path, name, summary, respond, query, formats, answers, reads=reads))
            return handle

        return add

    def door(
        self,
        path: str,
        summary: str,
        *formats: str,
        body: tuple[Any, ...] = (),
        body_formats: tuple[str, ...] = (JSON,),
        answers: tuple[Any, ...] = (),
        status: int = 200,
        reads: tuple[type[Query], ...] = (),
    ) -> Callable[[DoorHandler], DoorHandler]:
        """A handler that takes the body of a POST, decompressed, and makes its own response.

        How large the body may be and who may send it stands in exporter/web/http/doors.py. `formats` are those of the
        answer, none for an empty one.
        """

        def add(handle: DoorHandler) -> DoorHandler:
            async def respond(request: web.Request) -> web.StreamResponse:
                found: web.StreamResponse = await handle(request, request.get(BODY, b""))
                return found

            name, text = _name("post", path.removeprefix("/api")), inspect.cleandoc(handle.__doc__ or "")
            self.append(
                Route("POST", path, name, summary, respond, NoQuery, formats, answers, text)._replace(
                    body=body, body_formats=body_formats, status=status, reads=reads
                )
            )
            return handle

        return add

    def _add_json(
        self,
        method: str,
        path: str,
        summary: str,
        link: Link | None,
        handle: Callable[..., Any],
        find: Callable[[web.Request, Any], Awaitable[Any]],
    ) -> None:
        _, query, answer = inspect.get_annotations(handle, eval_str=True).values()

        async def respond(request: web.Request) -> web.StreamResponse:
            context, given = request.app[CONTEXT], parse_query(request, query)
            found = await find(request, given)
            group = request.get(GROUP)
            if group is not None:  # dashboards are of one machine
                note = hosts_note(group.members, group.read_at, context.now, context.zone)
                found = {**msgspec.to_builtins(found), HOSTS: note}
            elif link is not None and context.grafana is not None:
                url = link(LinkContext(context.settings, context.grafana, context.zone, context.now), given)
                found = {**msgspec.to_builtins(found), GRAFANA_URL: url}
            return json_response(found)

        name, text = _name(method.lower(), path.removeprefix("/api")), inspect.cleandoc(handle.__doc__ or "")
        self.append(Route(method, path, name, summary, respond, query, (JSON,), (answer,), text, link is not None))


DOCUMENTED: web.AppKey[Callable[[], Sequence[Route]]] = web.AppKey("documented")
"""All routes that OpenAPI describes."""


def _name(prefix: str, path: str) -> str:
    return prefix + re.sub(r"[/.-]", "_", path)
