"""Words that a server takes for a schema in quotes only are refused by the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.mirror.settings import SQL_WORDS

if TYPE_CHECKING:
    from tests.worlds.postgresql import Database

RESERVED = "SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')"


def test_no_word_that_a_server_reserves_is_accepted(database_of_each: Database) -> None:
    reserved = set(database_of_each.execute(RESERVED).split())

    assert len(reserved) > 90
    assert reserved <= set(SQL_WORDS.split())
