"""What real servers, poolers and strangers on a port do wrong, in few kinds and one sentence each."""

from __future__ import annotations

import asyncio
import errno
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from exporter.mirror.address import parse_address
from exporter.mirror.connecting import NoServerError, connect
from exporter.mirror.faults import FAULT_KINDS, SENTENCES, Fault, fault_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.worlds.pgbouncer import PgBouncer
    from tests.worlds.postgresql import Database

DOCUMENT = Path(__file__).parents[3] / "docs" / "configuration.md"
SAY = "DO $$ BEGIN RAISE EXCEPTION '{}' USING ERRCODE = '{}'; END $$"


async def fault_of_statement(connection: Any, statement: str) -> Fault:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, it has a kind
        await connection.execute(statement)
    return fault_of(caught.value)


async def fault_of_connecting(url: str, *, seconds: float = 10.0) -> Fault:
    with pytest.raises(NoServerError) as caught:
        await connect(parse_address(url), timeout=seconds)
    return fault_of(caught.value)


@pytest.fixture
async def connection(fresh_database: Database) -> AsyncIterator[Any]:
    found = await connect(parse_address(fresh_database.url))
    yield found
    found.terminate()


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("SELECT * FROM nowhere", "schema"),
        ("SELECT * FROM nowhere.nothing", "schema"),
        ("CREATE TABLE nowhere.x (y int)", "schema"),
        ("SELECT nowhere FROM pg_class", "schema"),
        ("SELECT * FROM pg_authid", "rights"),
        ("BEGIN READ ONLY; CREATE TABLE x (y int)", "read_only"),
        ("SET statement_timeout = '1ms'; SELECT pg_sleep(60)", "timeout"),
        ("SELECT nowhere(1)", "protocol"),
        ("SELECT 1 / 0", "other"),
        (SAY.format("could not extend file: No space left on device", "53100"), "full"),
        (SAY.format("could not extend file because project size limit (512 MB) has been exceeded", "53100"), "full"),
        (SAY.format("could not serialize access", "40001"), "conflict"),
        (SAY.format("deadlock detected", "40P01"), "conflict"),
        (SAY.format("the database system is starting up", "57P03"), "closed"),
        (SAY.format("The endpoint has been disabled. Enable it using Neon API and retry.", "XX000"), "closed"),
        (SAY.format("Your project has exceeded the data transfer quota.", "XX000"), "closed"),
        (SAY.format("no more connections allowed (max_client_conn)", "08P01"), "connections"),
        (SAY.format("query_wait_timeout", "08P01"), "connections"),
        (SAY.format("server login has been failing, try again later (server_login_retry)", "08P01"), "unreachable"),
        (SAY.format("no such database: x", "08P01"), "database"),
        (SAY.format("no such user: x", "08P01"), "login"),
        (SAY.format("unsupported startup parameter: x", "08P01"), "protocol"),
        (SAY.format("x", "XX001"), "other"),
    ],
)
async def test_what_a_server_says_has_a_kind(connection: Any, statement: str, kind: str) -> None:
    assert (await fault_of_statement(connection, statement)).kind == kind


async def test_every_kind_has_a_sentence_without_a_full_stop() -> None:
    assert set(SENTENCES) == set(FAULT_KINDS)
    assert [text for text in SENTENCES.values() if text.endswith(".") or "\n" in text] == []


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_a_kind_is_documented(kind: str) -> None:
    mirror = DOCUMENT.read_text(encoding="utf-8").split("\n## The mirror\n")[1].split("\n## ")[0]

    assert f"`{kind}`" in mirror


async def test_what_a_server_says_is_shown_in_one_short_line(connection: Any) -> None:
    fault = await fault_of_statement(connection, SAY.format(f"first\t{'x' * 500}\nsecond", "XX001"))

    assert fault.text.startswith("the mirror's server failed (firstxxx")
    assert fault.text.endswith("...)")
    assert len(fault.text) < 300
    assert "second" not in fault.text


async def test_a_connection_that_is_ended_by_the_server_is_closed(fresh_database: Database, connection: Any) -> None:
    fresh_database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'netledger'"
    )

    first = await fault_of_statement(connection, "SELECT 1")
    second = await fault_of_statement(connection, "SELECT 1")

    assert (first.kind, second.kind) == ("closed", "closed")
    assert second.text.startswith("the mirror's server has closed the connection, as it does to restart or suspend: ")


async def test_a_server_that_is_killed_is_closed_and_then_unreachable(
    fresh_database: Database, connection: Any
) -> None:
    fresh_database.server.kill()

    assert (await fault_of_statement(connection, "SELECT 1")).kind == "closed"
    assert (await fault_of_connecting(fresh_database.url)).kind == "unreachable"


async def test_too_many_connections_are_told_from_a_full_disk(fresh_database: Database) -> None:
    fresh_database.execute("CREATE ROLE lonely LOGIN PASSWORD 'x' CONNECTION LIMIT 1")
    url = fresh_database.url_of("lonely", "x")
    held = await connect(parse_address(url))

    fault = await fault_of_connecting(url)
    await held.close()

    assert fault.kind == "connections"


async def test_a_pooler_says_in_its_own_words_what_is_wrong(pooled_database: Database, pgbouncer: PgBouncer) -> None:
    url = pooled_database.url

    assert (await fault_of_connecting(url.replace("owner:", "owner:x"))).kind == "login"
    assert (await fault_of_connecting(url.replace("owner:", "stranger:"))).kind == "login"
    pgbouncer.stop()
    assert (await fault_of_connecting(url)).kind == "unreachable"


# The driver's own half of a connection stumbles, too, as it is thrown away.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "closed"),
        (b"R\0\0\0\x08\0\0\0\x63", "login"),
        (b"Z\0\0\0\5I", "protocol"),
        (b"", "closed"),
        (None, "timeout"),
    ],
)
async def test_a_stranger_on_the_port_is_none_to_speak_to(answer: bytes | None, kind: str) -> None:
    replies: list[asyncio.Task[None] | None] = []

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        replies.append(asyncio.current_task())
        await reader.read(1)
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async with await asyncio.start_server(reply, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        plain = await fault_of_connecting(f"postgresql://me@127.0.0.1:{port}/x", seconds=0.5)
        encrypted = await fault_of_connecting(f"postgresql://me@127.0.0.1:{port}/x?sslmode=require", seconds=0.5)
        await asyncio.gather(*filter(None, replies))

    assert plain.kind == kind
    assert encrypted.kind in {kind, "tls"}


async def test_of_several_hosts_the_fault_is_of_the_one_that_answers(fresh_database: Database) -> None:
    port = fresh_database.server.port

    fault = await fault_of_connecting(f"postgresql://owner:x@127.0.0.1:1,127.0.0.1:{port}/postgres")

    assert fault.kind == "login"
    assert fault.text.startswith(f"the mirror's server 127.0.0.1:{port} refuses the login: ")
    assert fault.text.endswith("; none of its 2 hosts will do")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "unreachable"),
        (ConnectionRefusedError(), "unreachable"),
        (ConnectionResetError(), "closed"),
        (BrokenPipeError(), "closed"),
        (TimeoutError(), "timeout"),
        (KeyError("x"), "other"),
    ],
)
def test_errors_of_the_system_have_kinds(error: Exception, kind: str) -> None:
    assert fault_of(error).kind == kind


async def test_no_fault_holds_a_password(fresh_database: Database) -> None:
    canary = "XyzzyPlugh"
    urls = (
        fresh_database.url_of("owner", canary),
        fresh_database.url_of("owner", canary).replace(fresh_database.name, "nowhere"),
        f"postgresql://owner:{canary}@127.0.0.1:1/x",
        f"{fresh_database.url_of('owner', canary)}?sslmode=require",
    )
    for url in urls:
        with pytest.raises(NoServerError) as caught:
            await connect(parse_address(url))
        assert canary not in f"{caught.value!r} {caught.value} {caught.value.failures!r} {fault_of(caught.value)}"


def test_the_classes_that_the_driver_raises_by_itself_are_there() -> None:
    driver = import_module("asyncpg")

    for name in (
        "ConnectionDoesNotExistError",
        "ConnectionFailureError",
        "InternalClientError",
        "ProtocolViolationError",
    ):
        with suppress(TypeError):
            assert fault_of(getattr(driver, name)("x")).kind != "other"
    assert fault_of(driver.InterfaceError("the connection is closed")).kind == "closed"
