"""Addresses of machines' logins, made from the address of a mirror's owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from exporter.mirror.address import URL
from exporter.mirror.rights import grant

if TYPE_CHECKING:
    from exporter.mirror.rights import Login

OF_THE_OWNER = ("user=", "password=", "dbname=")
DATABASE = "SELECT pg_catalog.current_database()"


async def granted_url(connection: Any, url: str, schema: str, name: str, *, own_only: bool) -> str:
    """Make a machine's login by the owner's connection to `url`; returns the machine's own address.

    Raises RightsError, and what the server says.
    """
    database = str(await connection.fetchval(DATABASE))
    return login_url(url, await grant(connection, schema, name, own_only=own_only), database)


def login_url(url: str, login: Login, database: str) -> str:
    """An address that was accepted, of the same server, for another login and this database."""
    found = URL.fullmatch(url)
    if found is None:
        raise ValueError("no address of PostgreSQL")
    scheme, authority, query = found.group("scheme", "authority", "query")
    kept = "&".join(pair for pair in (query or "").split("&") if pair and not pair.startswith(OF_THE_OWNER))
    hosts = authority.rpartition("@")[2]
    user, password, place = (quote(text, safe="") for text in (*login, database))
    return f"{scheme}://{user}:{password}@{hosts}/{place}{'?' if kept else ''}{kept}"
