"""May an address be served as the settings say, or would it be an open door?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.settings.loopback import is_loopback

if TYPE_CHECKING:
    from exporter.settings.tree import Settings
    from exporter.tls.web_config import WebConfig


def open_door(settings: Settings, web_config: WebConfig | None = None) -> str:
    """Why a service with these settings would let everybody in, and what to do; "" where it may be started."""
    if is_loopback(settings.server.host) or settings.auth.api_keys:
        return ""
    if web_config is not None and web_config.asks_for_credentials:
        return ""
    return (
        f"server.host {settings.server.host} can be reached from other machines, and no key is set: "
        "set auth.api_keys (or NETLEDGER_AUTH_API_KEYS), or listen on 127.0.0.1"
    )
