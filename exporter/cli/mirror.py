"""`netledger mirror`: how the copy of the ledger in PostgreSQL stands, and whether it equals the ledger."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from exporter.session.mirror import row_count, service_state, verified
from exporter.session.reading import CommandAnswer, reading
from exporter.terminal.amounts import count_text
from exporter.terminal.dates import time_text
from exporter.terminal.groups import HintingGroup
from exporter.terminal.printing import TextTable, print_sentence, print_table
from exporter.terminal.progress import progress
from reports.text.amounts import human_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.mirror.verifying import Difference, Verified
    from exporter.session.session import Session

LONGEST_CELL = 60


@click.group(cls=HintingGroup)
def mirror() -> None:
    """The copy of the ledger in PostgreSQL, where several machines have theirs."""


@mirror.command(short_help="How the copy stands, as the service says.")
@reading("Print JSON.")
def status(session: Session) -> CommandAnswer:
    """How the copy stands, as the running service says (exit code 1: the last one failed)."""
    state = service_state(session)
    return CommandAnswer(state, partial(_print_state, state), int(not state["up"]))


def _print_state(state: Mapping[str, Any]) -> None:
    rows = [
        ("Server", str(state["server"])),
        ("Schema", str(state["schema"])),
        ("State", "copies" if state["up"] else "behind" if state["error"] else "begins"),
        ("Last copy", time_text(state["last_success"]) if state["last_success"] else "-"),
        ("Lag", "-" if state["lag_seconds"] is None else human_duration(state["lag_seconds"])),
        ("Rows behind", count_text(state["rows_behind"])),
        ("Rows sent", count_text(state["rows_sent"])),
    ]
    error = state["error"]
    print_table(
        TextTable("Mirror", (), rows, left=frozenset({0, 1})), [f"! {_sentence(error['text'])}"] if error else []
    )


@mirror.command(short_help="Compare it with the ledger, row by row.")
@reading("Print JSON.")
def verify(session: Session) -> CommandAnswer:
    """Compare the mirror with the ledger, row by row.

    Exit code 1: rows differ; 2: the mirror cannot be asked. The service may go on meanwhile: what it has posted since
    the last copy is behind, and no difference.
    """
    with progress("Comparing", row_count(session)) as advance:
        found = verified(session, advance)
    document = found._asdict() | {"examples": [_document(each) for each in found.examples]}
    return CommandAnswer(document, partial(_print_verified, found), int(bool(found.different)))


def _document(difference: Difference) -> dict[str, object]:
    sides = {"ledger": difference.ledger, "mirror": difference.mirror}
    rows = {name: None if row is None else [_plain(value) for value in row] for name, row in sides.items()}
    return {"table": difference.table, "key": list(difference.key), **rows}


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def _print_verified(found: Verified) -> None:
    counts = (("compared", found.rows), ("behind", found.behind), ("different", found.different))
    facts = [f"Rows: {', '.join(f'{count_text(count)} {word}' for word, count in counts)}."]
    if not found.different:
        print_sentence(f"{facts[0]} The mirror equals the ledger.")
        return
    rows = [
        (each.table, _cell(each.key), _values(each, each.ledger), _values(each, each.mirror)) for each in found.examples
    ]
    more = found.different - len(rows)
    facts += [f"{count_text(more)} more are not listed."] if more else []
    table = TextTable("Differences", ("Table", "Key", "Ledger", "Mirror"), rows, left=frozenset({0, 1, 2, 3}))
    print_table(table, facts)


def _values(difference: Difference, row: tuple[object, ...] | None) -> str:
    return "-" if row is None else _cell(row[len(difference.key) :])


def _cell(values: tuple[object, ...]) -> str:
    text = " ".join(str(_plain(value)) for value in values)
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 3]}..."


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
