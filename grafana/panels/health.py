"""Whether the numbers can be trusted: small panels that say "ok" or what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.models.common import BigValueTextMode

from grafana.kit.colours import BAD, GOOD, SOON, always, silence, steps, words
from grafana.kit.panels import Frame, number
from grafana.kit.queries import answers, kept, now, of

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.stat import Panel

STALE_SECONDS, LATE_SECONDS = 60, 20


def answering(frame: Frame) -> Panel:
    """Machines that Prometheus could scrape, of all."""
    return (
        number(frame, "percentunit", now(f"avg({answers()})", "answering"))
        .decimals(0)
        .mappings([silence()])
        .thresholds(steps(BAD, (1, GOOD)))
    )


def sample_age(frame: Frame) -> Panel:
    """Age of the oldest last sample when it was scraped, however seldom that is: as the alert has it."""
    sampled = of("netledger_last_sample_timestamp_seconds")
    return (
        number(frame, "s", now(f"max(timestamp({sampled}) - {sampled})", "age"))
        .decimals(0)
        .mappings([silence()])
        .thresholds(steps(GOOD, (LATE_SECONDS, SOON), (STALE_SECONDS, BAD)))
    )


def meters(frame: Frame) -> Panel:
    """Whether every meter could read."""
    return _verdict(frame, f"min({of('netledger_meter_up')})", {"1": ("ok", GOOD), "0": ("down", BAD)})


def ledger(frame: Frame) -> Panel:
    """Whether no ledger needs attention."""
    return _verdict(frame, f"max({of('netledger_ledger_degraded')})", {"0": ("ok", GOOD), "1": ("degraded", BAD)})


def gap(frame: Frame) -> Panel:
    """Whether a gap is open."""
    return _verdict(frame, f"max({of('netledger_gap_open')})", {"0": ("none", GOOD), "1": ("open", BAD)})


def unposted(frame: Frame) -> Panel:
    """What a power cut would leave to the kernel's memory."""
    amount = now(f"sum(max by (instance) ({of('netledger_ledger_unposted_bytes')}))", "unposted")
    return number(frame, "decbytes", amount).mappings([silence()]).thresholds(steps("text"))


def since(frame: Frame) -> Panel:
    """The day from which on the ledgers know every byte, of all machines the latest: totals reach no further back."""
    begun = now(f"max({kept('netledger_ledger_start_timestamp_seconds')}) * 1000", "since")
    return number(frame, "time:YYYY-MM-DD", begun).color_scheme(always("text")).mappings([silence()])


def _verdict(frame: Frame, expression: str, meanings: dict[str, tuple[str, str]]) -> Panel:
    return (
        number(frame, "none", now(expression, "verdict"))
        .mappings([words(meanings), silence()])
        .text_mode(BigValueTextMode.VALUE)
        .thresholds(steps(GOOD))
    )
