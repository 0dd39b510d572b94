"""The mirror's SQL is what PostgreSQL, Citus, CockroachDB, YugabyteDB and a pooler of transactions have in common."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exporter.mirror.tables import TABLES, creation

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
MIRROR = ROOT / "exporter" / "mirror"
FILES = sorted(MIRROR.rglob("*.py"))

NOT_IN_COMMON = {
    "a sequence": r"(?i:\b(next|curr|set)val\s*\()|\b((BIG|SMALL)?SERIAL[248]?|AS IDENTITY|SEQUENCE)\b",
    "a trigger or a rule": r"\bTRIGGER\b|\bCREATE (OR REPLACE )?RULE\b",
    "a function": r"\b(FUNCTION|PROCEDURE|LANGUAGE)\b|\bDO \$|\bCALL \w+\(",
    "a foreign key": r"\bREFERENCES\b|\bFOREIGN KEY\b",
    "a partition": r"\bPARTITION (OF|BY (RANGE|LIST|HASH))\b|\b(ATTACH|DETACH) PARTITION\b|\bINHERITS\b",
    "a table of the session": r"\b(TEMP|TEMPORARY|UNLOGGED)\b|\bON COMMIT\b|(?i:\bpg_temp\b)",
    "a setting of the session": (
        r"(^|;)\s*(SET (?!LOCAL\b|TRANSACTION\b|CONSTRAINTS\b)|RESET\b|DISCARD\b)|\bSET SESSION\b"
        r"|(?i:set_config\s*\((?!.*,\s*true\s*\)))"
    ),
    "an advisory lock": r"(?i:\bpg_(try_)?advisory_\w+)",
    "a lock of a table": r"\bLOCK TABLE\b|(^|;)\s*LOCK \w",
    "a notification": r"(^|;)\s*(LISTEN|UNLISTEN|NOTIFY)\b|(?i:\bpg_notify\s*\()",
    "a copy": r"\bCOPY \S.*\b(FROM|TO)\b",
    "a prepared statement": r"(^|;)\s*(PREPARE|EXECUTE|DEALLOCATE)\b",
    "a cursor of the session": r"\bWITH HOLD\b|\bDECLARE \w+ .*CURSOR\b",
    "an extension": r"\bEXTENSION\b",
    "an index of another kind": r"\bUSING (gin|gist|brin|hash|spgist)\b|\bCONCURRENTLY\b|\bEXCLUDE USING\b",
    "a conflict by a constraint's name": r"\bON CONFLICT ON CONSTRAINT\b",
    "a view that is kept": r"\bMATERIALIZED\b",
    "a place in the heap": r"(?i:\b(ctid|xmin|tableoid)\b)",
    "MERGE": r"\bMERGE INTO\b",
}
"""Keywords stand in capital letters: `test_keywords_are_in_capital_letters` holds them to it."""

RIGHTS = re.compile(r"\b(CREATE|ALTER|DROP) (ROLE|USER|POLICY)\b|\bROW LEVEL SECURITY\b|\bGRANT \w+\b.* TO\b")
"""Rights are optional, for `rights.py` alone: a mirror without roles has none of it."""
SMALL_LETTERS = re.compile(
    r"\b(insert into|delete from|select \S+ from|(create|drop|alter) (table|index|schema|sequence|trigger|function)|"
    r"create temp|partition of|on conflict|primary key|foreign key|order by|group by)\b"
)
DRIVER = re.compile(
    r"\.(add_listener|copy_\w+|prepare|set_type_codec|set_builtin_type_codec|create_pool|add_log_listener)\("
    r"|\bcreate_pool\("
)
"""What the driver does by a session's state, by COPY or by names of statements; a pool holds sessions."""


def is_of_sqlite(path: Path) -> bool:
    """Whether all SQL of a file is for SQLite: it has its driver, and waits for nothing."""
    text = path.read_text(encoding="utf-8")
    return "import sqlite3" in text and "await " not in text


def strings(tree: ast.AST) -> Iterator[str]:
    """The text of all strings but docstrings; what is put into one is `x`."""
    docstrings = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (docstrings | parts):
            yield node.value


def findings(text: str) -> list[str]:
    """What a string has that is not common to all."""
    return [kind for kind, pattern in NOT_IN_COMMON.items() if re.search(pattern, text, re.MULTILINE | re.DOTALL)]


OF_POSTGRESQL = [path for path in FILES if not is_of_sqlite(path)]


@pytest.mark.parametrize("path", OF_POSTGRESQL, ids=lambda path: str(path.relative_to(MIRROR)))
def test_a_file_uses_what_all_engines_have(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = {piece: kinds for piece in strings(ast.parse(text)) if (kinds := findings(piece))}

    assert found == {}
    assert [line for line in text.splitlines() if DRIVER.search(line)] == []


@pytest.mark.parametrize("path", OF_POSTGRESQL, ids=lambda path: str(path.relative_to(MIRROR)))
def test_keywords_are_in_capital_letters(path: Path) -> None:
    pieces = strings(ast.parse(path.read_text(encoding="utf-8")))

    assert [piece for piece in pieces if SMALL_LETTERS.search(piece)] == []


def test_rights_stand_apart() -> None:
    others = [path for path in OF_POSTGRESQL if path.name != "rights.py"]
    pieces = [piece for path in others for piece in strings(ast.parse(path.read_text(encoding="utf-8")))]

    assert [piece for piece in pieces if RIGHTS.search(piece)] == []
    assert any(RIGHTS.search(piece) for piece in strings(ast.parse((MIRROR / "rights.py").read_text(encoding="utf-8"))))


def test_the_files_that_speak_to_the_server_are_looked_at() -> None:
    speakers = {path for path in FILES if re.search(r"await \w+\.(execute|fetch\w*)\(", path.read_text("utf-8"))}

    assert MIRROR / "rights.py" in speakers
    assert speakers <= set(OF_POSTGRESQL)
    assert MIRROR / "tables.py" in OF_POSTGRESQL


def test_the_statements_that_make_a_mirror_are_common_and_every_key_begins_with_the_host() -> None:
    statements = list(creation("netledger"))

    assert {statement: kinds for statement in statements if (kinds := findings(statement))} == {}
    assert sum("PRIMARY KEY (host" in statement for statement in statements) == len(TABLES)
    assert [statement for statement in statements if "UNIQUE" in statement] == []


def test_no_statement_is_prepared_by_a_name() -> None:
    assert "statement_cache_size=0" in (MIRROR / "connecting.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('"CREATE TABLE t (id bigserial)".upper()', None),
        ('"CREATE TABLE t (id BIGSERIAL PRIMARY KEY)"', "a sequence"),
        ('"CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY)"', "a sequence"),
        ("\"SELECT nextval('x')\"", "a sequence"),
        ('f"CREATE TRIGGER {name} AFTER INSERT ON {table}"', "a trigger or a rule"),
        ('"CREATE OR REPLACE FUNCTION f() RETURNS int"', "a function"),
        ('"DO $$ BEGIN END $$"', "a function"),
        ('f"CREATE TABLE t (host uuid REFERENCES {schema}.host)"', "a foreign key"),
        ('f"CREATE TABLE {name} PARTITION OF slot FOR VALUES FROM (1) TO (2)"', "a partition"),
        ('"CREATE TABLE slot (day int) PARTITION BY RANGE (day)"', "a partition"),
        ('"CREATE TEMP TABLE t (a int) ON COMMIT DROP"', "a table of the session"),
        ("\"SET netledger.host = 'x'\"", "a setting of the session"),
        ('"BEGIN; SET search_path = x"', "a setting of the session"),
        ("\"SELECT set_config('netledger.host', $1, false)\"", "a setting of the session"),
        ('"SELECT pg_advisory_lock(1)"', "an advisory lock"),
        ('"SELECT pg_try_advisory_xact_lock(1)"', "an advisory lock"),
        ('f"LOCK TABLE {schema}.host IN EXCLUSIVE MODE"', "a lock of a table"),
        ('"LISTEN changes"', "a notification"),
        ("\"SELECT pg_notify('a', 'b')\"", "a notification"),
        ('f"COPY {table} FROM STDIN"', "a copy"),
        ('"PREPARE p AS SELECT 1"', "a prepared statement"),
        ('"EXECUTE p"', "a prepared statement"),
        ('"CREATE EXTENSION citus"', "an extension"),
        ('"CREATE INDEX i ON t USING brin (day)"', "an index of another kind"),
        ('"INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT t_pkey DO NOTHING"', "a conflict by a constraint's name"),
        ('"MERGE INTO t USING u ON true"', "MERGE"),
        ('"SELECT ctid FROM t"', "a place in the heap"),
        ("\"SELECT set_config('netledger.host', $1, true)\"", None),
        ('"UPDATE t SET a = 1"', None),
        ('"SET LOCAL statement_timeout = 1000"', None),
        ('"SELECT sum(a) OVER (PARTITION BY host)"', None),
        ('f"INSERT INTO {table} SELECT * FROM unnest($1::bigint[]) ON CONFLICT (host) DO UPDATE SET a = 1"', None),
        ('"the server lists a copy of its settings from the mirror"', None),
    ],
)
def test_what_is_not_common_is_recognized(line: str, kind: str | None) -> None:
    (piece, *_) = strings(ast.parse(f"query = {line}"))

    assert findings(piece) == ([] if kind is None else [kind])


@pytest.mark.parametrize(
    "line",
    [
        "await connection.copy_records_to_table('t')",
        "await connection.prepare(query)",
        "await connection.add_listener('a', hear)",
        "pool = await asyncpg.create_pool(url)",
    ],
)
def test_what_the_driver_does_by_a_sessions_state_is_recognized(line: str) -> None:
    assert DRIVER.search(line)


def test_small_letters_are_recognized() -> None:
    assert SMALL_LETTERS.search("create temp table t (a int)")
    assert SMALL_LETTERS.search("insert into t values (1)")
