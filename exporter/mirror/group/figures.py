"""What each machine moved today and this month: others by the mirror, this one by its own ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.mirror.renewal import EVER, mirrored_since
from reports.calendar.days import day_from_number, day_number, day_of
from reports.formats.json.hosts import HostFigures, Hosts, hosts
from reports.ledger.rows import NO_BYTES, Bytes, add_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from exporter.mirror.group.hosts import HostList
    from reports.ledger.host import Host
    from reports.ledger.reader import LedgerReader


def hosts_answer(
    ledger: LedgerReader, now: float, own: Host, known: HostList, labels: Mapping[str, str], problem: str = ""
) -> Hosts:
    """The answer of all machines; `known` is what the mirror has, never read without one."""
    since = mirrored_since(ledger.state()) if known.hosts else EVER
    figures = [
        _own_figures(ledger, now, own, labels, since.day),
        *_others(known, own.id, labels, day_of(now, ledger.zone)),
    ]
    return hosts(own.id, figures, now, ledger.zone, known.read_at or None, problem)


def _own_figures(ledger: LedgerReader, now: float, own: Host, labels: Mapping[str, str], since: int) -> HostFigures:
    """Days from `since` on (its number): what a renewed ledger has of before is another machine's, too."""
    today = day_of(now, ledger.zone)
    first = day_from_number(max(day_number(today.replace(day=1)), since))
    days, spans = ledger.days(first, today), ledger.spans(first, today)
    month = add_up([*days.values(), *(span.bytes for span in spans)])
    used = days.get(today, NO_BYTES)
    return HostFigures(own.id, labels.get(own.id, own.name), own.system, own.version, int(now), used, month)


def _others(known: HostList, own: str, labels: Mapping[str, str], today: date) -> Iterator[HostFigures]:
    """Those of the mirror; of one that was read on another day or in another month, nothing of this one is known."""
    for host in known.hosts:
        if host.id == own:
            continue
        read = day_from_number(host.day)
        is_of_month = (read.year, read.month) == (today.year, today.month)
        yield HostFigures(
            host.id,
            labels[host.id],
            host.system,
            host.version,
            host.sent_at,
            Bytes(*host.today) if read == today else NO_BYTES,
            Bytes(*host.month) if is_of_month else NO_BYTES,
        )
