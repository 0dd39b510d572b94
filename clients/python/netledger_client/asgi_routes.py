"""The template of the route that Starlette or FastAPI has chosen, through mounts and included routers."""

from __future__ import annotations

from typing import Any


def template(scope: dict[str, Any], root_path: str) -> str:
    """The template, "" where no route matched; `root_path` is the one with which the request came.

    Starlette 1 and FastAPI leave the route in the scope, FastAPI also how it was included; an older Starlette leaves
    the endpoint alone. What a mount has taken off the path stands in root_path, with values in place of names.
    """
    endpoint = scope.get("endpoint")
    if endpoint is None:
        return ""
    route = _effective(scope) or scope.get("route") or _route_of(scope, endpoint)
    mounted = scope.get("root_path", "")[len(root_path) :]
    parameters = scope.get("path_params") or {}
    path = getattr(route, "path", None)
    if not isinstance(path, str) or _is_mount(route):
        return f"{_named(mounted, parameters, '')}/{{path}}"
    return _named(mounted, parameters, path) + path or "/"


def _is_mount(route: Any) -> bool:
    """True for what hands a whole tree of paths over: its own path is in root_path already."""
    return not hasattr(route, "endpoint")


def _effective(scope: dict[str, Any]) -> Any:
    """The route of FastAPI's that is included under a prefix: the one in the scope has its own path alone."""
    own = scope.get("fastapi")
    return own.get("effective_route_context") if isinstance(own, dict) else None


def _route_of(scope: dict[str, Any], endpoint: Any) -> Any:
    """The route of an endpoint, one after the other; only in Starlette before 1."""
    routes = list(getattr(scope.get("router"), "routes", None) or ())
    while routes:
        route = routes.pop(0)
        if getattr(route, "endpoint", None) is endpoint:
            return route
        routes.extend(getattr(route, "routes", None) or ())
    return None


def _named(mounted: str, parameters: dict[str, Any], path: str) -> str:
    """The path of mounts, with the names of those parameters that the route itself does not have."""
    names = {str(value): name for name, value in parameters.items() if f"{{{name}" not in path}
    if not mounted or not names:
        return mounted
    return "/".join(f"{{{names[part]}}}" if part in names else part for part in mounted.split("/"))
