"""The last line of a command: where Grafana shows the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.exporter.cli.calls import Commands

if TYPE_CHECKING:
    from pathlib import Path

GRAFANA = "https://grafana.example"


@pytest.mark.parametrize(
    ("call", "dashboard", "start", "end"),
    [
        ("today", "overview", 1_781_202_600, "now"),
        ("today --interface wg0", "interfaces", 1_781_202_600, "now"),
        ("week", "overview", 1_780_857_000, "now"),
        ("month 2026-05", "overview", 1_777_573_800, "1780252200000"),
        ("year", "overview", 1_767_205_800, "now"),
        ("range --from 2026-06-10 --to 2026-06-11", "overview", 1_781_029_800, "1781202600000"),
        ("summary", "overview", 1_779_431_400, "now"),
        ("plan", "plans", 1_780_252_200, "now"),
        ("forecast", "plans", 1_780_252_200, "now"),
        ("cost --period month --per-gb 5", "plans", 1_780_252_200, "now"),
        ("records", "overview", 1_779_388_200, "now"),
        ("hours --from 2026-06-10 --to 2026-06-11", "overview", 1_781_029_800, "1781202600000"),
        ("interfaces", "interfaces", 1_781_202_600, "now"),
    ],
)
def test_a_table_ends_with_its_dashboard(ledger: Path, call: str, dashboard: str, start: int, end: str) -> None:
    commands = Commands(ledger, NETLEDGER_GRAFANA_URL=GRAFANA)

    last = commands(*call.split()).output.rstrip().splitlines()[-1]

    begin = f"Grafana: {GRAFANA}/d/netledger-{dashboard}/netledger-{dashboard}?from={start}000&to={end}"
    assert last.startswith(f"{begin}&var-instance=127.0.0.1%3A7373")


def test_without_a_grafana_no_table_speaks_of_one(ledger: Path) -> None:
    assert "Grafana" not in Commands(ledger)("today").output


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "grafana.example", "https://user:secret@example.org", "https://x/?a=1", "ftp://x"]
)
def test_an_address_that_is_none_is_refused(ledger: Path, url: str) -> None:
    done = Commands(ledger, NETLEDGER_GRAFANA_URL=url)("today")

    assert done.exit_code == 1
    assert "NETLEDGER_GRAFANA_URL" in done.output
    assert "use an address such as" in done.output
