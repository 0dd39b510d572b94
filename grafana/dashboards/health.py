"""netledger itself: the age of its numbers, their cost, and what was not counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.board import Identity, board, closed
from grafana.kit.machines import machines
from grafana.kit.panels import Frame
from grafana.panels import health, ledger, mirroring, process, trust
from reports.text.grafana_links import HEALTH

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

IDENTITY = Identity(HEALTH, "netledger / Health", "Whether netledger's numbers can be trusted, and their cost.")


def dashboard() -> Dashboard:
    """The dashboard; ids 1-19 now, 20-39 looking and scraping, 40-59 ledger, 60-79 process, 80-89 mirror; headings."""
    return board(IDENTITY, [], [*_strip(), *_trust(), *_looking(), _ledger(), _process(), _mirror()], since="now-24h")


def _strip() -> list[object]:
    return [
        health.answering(Frame(1, "Machines answering", "Share of the targets that Prometheus reaches.", 0, 0, 4, 4)),
        health.sample_age(Frame(2, "Oldest sample", "Its age when it was scraped.", 4, 0, 4, 4)),
        health.meters(Frame(3, "Meters", "Whether every meter can read its counters.", 8, 0, 4, 4)),
        health.ledger(Frame(4, "Ledger", "Whether a ledger needs attention.", 12, 0, 4, 4)),
        health.gap(Frame(5, "Gap", "Whether the service runs without samples.", 16, 0, 4, 4)),
        health.unposted(Frame(6, "Not in the ledger yet", "Counted, and committed within seconds.", 20, 0, 4, 4)),
    ]


def _trust() -> list[object]:
    about = "Bytes that were not counted, as the link cannot have moved them; since the services started."
    return [
        trust.gaps(Frame(7, "Gaps in this range", "Time without samples.", 0, 4, 6, 4)),
        trust.resets(Frame(8, "Counter resets", "Counters that began anew since the services started.", 6, 4, 6, 4)),
        trust.discarded(Frame(9, "Discarded", about, 12, 4, 6, 4)),
        trust.failures(
            Frame(10, "Failed commits", "Postings not taken at once since the services started.", 18, 4, 6, 4)
        ),
        machines(Frame(63, "Machines", "Each netledger; its name leads to its reports and dashboards.", 0, 8, 24, 7)),
    ]


def _looking() -> list[object]:
    return [
        process.sample_age(
            Frame(20, "Age of the last sample", f"When scraped; below a second is usual. {MANY}", 0, 15, 8, 8)
        ),
        process.scrape(Frame(21, "Duration of a scrape", f"As Prometheus measured it. {MANY}", 8, 15, 8, 8)),
        process.samples(Frame(22, "Samples of a scrape", f"Series of a machine. {MANY}", 16, 15, 8, 8)),
    ]


MANY = "Of many machines, the 20 highest in the range."


def _ledger() -> object:
    panels = [
        ledger.commits(Frame(40, "Duration of commits", f"Half, and 99 of 100, are shorter. {MANY}", 0, 24, 8, 8)),
        ledger.size(Frame(41, "Size", f"Of the ledger's files. {MANY}", 8, 24, 8, 8)),
        ledger.rows_by_table(Frame(42, "Rows", "Of the ledgers, by table.", 16, 24, 8, 8)),
        ledger.disk(Frame(43, "Disk in use", f"Share of the file system that holds the ledger. {MANY}", 0, 32, 8, 8)),
        ledger.unposted(Frame(44, "Waiting for the ledger", f"Bytes counted and not committed. {MANY}", 8, 32, 8, 8)),
        ledger.commit_age(
            Frame(45, "Age of the last commit", f"When scraped; a commit is due every 10 s. {MANY}", 16, 32, 8, 8)
        ),
    ]
    return closed(90, "Ledger", 23, panels)


def _process() -> object:
    panels = [
        process.memory(Frame(60, "Memory", f"Resident memory of the service. {MANY}", 0, 25, 8, 8)),
        process.cpu(Frame(61, "CPU", f"Share of one core. {MANY}", 8, 25, 8, 8)),
        process.reading(Frame(62, "Reading the counters", f"How long a meter took. {MANY}", 16, 25, 8, 8)),
    ]
    return closed(91, "Process", 24, panels)


def _mirror() -> object:
    state = "Whether the mirror in PostgreSQL took the last round of each machine; of many, eight that failed most."
    panels = [
        mirroring.taken(Frame(80, "Mirror", state, 0, 26, 12, 8)),
        mirroring.lag(Frame(81, "Behind the ledger", f"A minute is usual. {MANY}", 12, 26, 12, 8)),
        mirroring.rows_behind(
            Frame(82, "Rows that wait", f"Since a round failed; they are sent when it can be. {MANY}", 0, 34, 12, 8)
        ),
        mirroring.rows_sent(Frame(83, "Rows sent", f"That the mirror has taken, a second. {MANY}", 12, 34, 12, 8)),
    ]
    return closed(92, "Mirror", 25, panels)
