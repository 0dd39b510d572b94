"""systemd units, from the cgroup's path."""

from __future__ import annotations

import os
import re

from exporter.meters.applications.names.text import decoded

UNIT = re.compile(r"(.+)\.(?:service|scope)")
ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")
# What only holds processes of their own: login sessions, the manager itself, what was started in a terminal or by
# systemd-run, and containers.
NO_APPLICATION = re.compile(
    r"(?:session-c?\d+|init|[\w.]+-spawn-.+|tab\(.+\)|machine-.+)\.scope|user@\d+\.service"
    r"|run-(?:u\d+|r[0-9a-f]{32}|p\d+-i\d+)\.(?:service|scope)"
    r"|(?:docker|libpod|libpod-conmon|crio|crio-conmon|cri-containerd|nerdctl)-[0-9a-f]{64}\.scope"
)
OF_USER = re.compile(r"/(?:user@\d+\.service|app\.slice)/")
UUID = re.compile(r"[-.][0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
# A service of a socket with Accept=yes: number, and the addresses or the process of its peer (systemd.socket(5)).
CONNECTION = re.compile(r"\d+-(?:.*:.*|[\d_-]+)")
SNAP = re.compile(r"snap\.([\w-]+?)(?:_\w+)?\.([\w.-]+)")
# dbus-broker: dbus-:1.2-org.kde.kdeconnect@7.service.
ACTIVATED = re.compile(r"dbus-:[\d.]+-(.+?)(?:@\d+)?")
FLATPAK = re.compile(r"flatpak-(.+)-\d+")


def unit_name(path: str) -> str | None:
    """The application that a unit is: "nginx" of nginx.service, "firefox" of app-gnome-firefox-123.scope; else None.

    It is the innermost unit of the path: below user@1000.service that of the user's manager.
    """
    for component in reversed(path.split("/")):
        if found := UNIT.fullmatch(component):
            if NO_APPLICATION.fullmatch(component):
                return None
            return _desktop_application(component) if OF_USER.search(path) else _service(found[1])
    return None


def unescaped(name: str) -> str:
    r"""A name of systemd as text: \x2d is a minus (systemd-escape(1))."""
    return decoded(ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), os.fsencode(name)))


def _desktop_application(unit: str) -> str:
    r"""The application of a unit of a user's manager.

    app[-<launcher>]-<id>[@<random>].service or app[-<launcher>]-<id>-<random>.scope, in which a minus is \x2d
    (https://systemd.io/DESKTOP_ENVIRONMENTS/).
    """
    name, _, kind = unit.rpartition(".")
    body = UUID.sub("", name)
    if not body.startswith("app-"):
        return _service(body)
    parts = body.partition("@")[0].split("-")
    has_random_part = kind == "scope" and body == name and len(parts) > 2  # noqa: PLR2004 - app, an id
    return unescaped(parts[-2] if has_random_part else parts[-1])


def _service(body: str) -> str:
    body = UUID.sub("", body)
    if found := SNAP.fullmatch(body):
        snap, command = found.groups()
        return snap if command == snap else f"{snap}.{command}"
    if found := ACTIVATED.fullmatch(body) or FLATPAK.fullmatch(body):
        return unescaped(found[1])
    name, at, instance = body.partition("@")
    is_connection = CONNECTION.fullmatch(unescaped(instance))
    return unescaped(name if is_connection else f"{name}{at}{instance}")
