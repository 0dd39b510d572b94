"""netledger's client: middleware that counts a service's requests, and a reporter that sends them.

Each framework has a module of its own: `asgi` (FastAPI, Starlette), `aiohttp`, `wsgi` (Flask and others), `django`.
"""

from __future__ import annotations

from netledger_client.events import RequestEvent
from netledger_client.reporting import Reporter
from netledger_client.settings import ClientSettings

__all__ = ["ClientSettings", "Reporter", "RequestEvent"]
