"""The machines that a request is answered for: this one, or those of its parameter `hosts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from exporter.mirror.group.hosts import GroupPendingError, MirrorAwayError
from exporter.web.context import CONTEXT
from exporter.web.http.responses import RefusedError

if TYPE_CHECKING:
    from exporter.mirror.group.groups import Group
    from exporter.web.http.queries import Query

HOSTS = "hosts"
"""The parameter, and where an answer says which machines it adds up."""

GROUP: web.RequestKey[Group] = web.RequestKey("group")
"""What a request is answered for, if that is several machines."""

PENDING = "hosts: these machines are being read from the mirror: ask again"
PENDING_SECONDS, AWAY_SECONDS = 2, 60


async def group_of(request: web.Request, query: Query) -> Group | None:
    """The machines of a query, which the answer names; None for this one alone.

    A plan that machines share means them by its name. Raises UnknownHostError and NoMirrorError; RefusedError where
    they cannot be read now.
    """
    service = request.app[CONTEXT]
    names = getattr(query, HOSTS, ())
    if not names and hasattr(query, HOSTS) and (plan := getattr(query, "plan", None)):
        names = next((each.hosts for each in service.settings.plans if each.name == plan), ())
    try:
        group = await service.group(names)
    except GroupPendingError as error:
        raise RefusedError(503, PENDING, {"Retry-After": str(PENDING_SECONDS)}) from error
    except MirrorAwayError as error:
        raise RefusedError(503, f"hosts: {error}", {"Retry-After": str(AWAY_SECONDS)}) from error
    if group is not None:
        request[GROUP] = group
    return group
