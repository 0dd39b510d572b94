"""Findings of `netledger doctor` from the facts; every problem has a remedy; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from exporter.meters.findings import FACT, LIMIT, PROBLEM, Finding
from reports.calendar.days import iso
from reports.text.amounts import counted, human_bytes, human_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.doctor.checks import ClockFacts, Facts, LedgerFacts, ServiceFacts
    from exporter.metering.pace import Pace
    from exporter.updating.journal import UpdateEntry

LEAST_FREE_BYTES = 100_000_000
BACKUP_DUE_SECONDS = 2 * 86_400


def diagnose(facts: Facts) -> list[Finding]:
    """All findings: those of the meters, of the ledger, the service, the mirror, the clock and the plans."""
    return [
        *(finding for meter in facts.meters for finding in meter.findings),
        *_of_ledger(facts.ledger, facts.service, facts.clock),
        *_of_service(facts.service, facts.ledger),
        *facts.mirror,
        *_of_power(facts.pace),
        *_of_update(facts.update),
        *_of_clock(facts.clock, facts.ledger),
        *(Finding("plans", PROBLEM, f"{_sentence(text)}.", "Set it right in plans.") for text in facts.plan_warnings),
    ]


def _of_ledger(ledger: LedgerFacts, service: ServiceFacts, clock: ClockFacts) -> Iterator[Finding]:
    if ledger.problem and service.is_other:
        text = f"{_sentence(ledger.problem)} Its content is not checked; reading commands ask that service."
        yield Finding("ledger", LIMIT, text)
        return
    if ledger.problem:
        yield Finding("ledger", PROBLEM, _sentence(ledger.problem), _sentence(ledger.remedy))
        return
    yield Finding("ledger", FACT, f"The ledger is {ledger.path}, {human_bytes(ledger.size)}.")
    yield Finding("ledger", FACT, f"Its days are cut in {ledger.zone}.")
    if not ledger.is_writable and not service.pid:
        remedy = "Run netledger as the user who owns it, or set ledger.path."
        yield Finding("ledger", PROBLEM, "This user may not write the ledger.", remedy)
    if ledger.free_bytes < LEAST_FREE_BYTES:
        text = f"Its disk has only {human_bytes(ledger.free_bytes)} left."
        yield Finding("ledger", PROBLEM, text, "Free some space, or move the ledger (ledger.path).")
    for fault in ledger.faults:
        remedy = "`netledger ledger verify` says what to do."
        yield Finding("ledger", PROBLEM, f"The ledger contradicts itself: {fault}.", remedy)
    for notice in ledger.notices:
        text = _sentence(f"{notice.what}: {notice.detail}")
        yield Finding("ledger", PROBLEM, text, "Once read, `netledger ledger verify` puts the notice away.")
    yield from _of_gaps(ledger)
    yield from _of_backups(ledger, clock)


def _of_gaps(ledger: LedgerFacts) -> Iterator[Finding]:
    if not ledger.gaps:
        yield Finding("ledger", FACT, "Nothing was missed in the last 7 days.")
        return
    duration = human_duration(sum(gap.ended - gap.began for gap in ledger.gaps))
    gaps = counted(len(ledger.gaps), "gap", "gaps")
    moved = sum(gap.bytes for gap in ledger.gaps)
    yield Finding(
        "ledger",
        FACT,
        f"In the last 7 days nothing was sampled for {duration} ({gaps}); "
        f"the {human_bytes(moved)} that moved are counted, their time is estimated.",
    )


def _of_backups(ledger: LedgerFacts, clock: ClockFacts) -> Iterator[Finding]:
    if ledger.last_backup is not None:
        yield Finding("ledger", FACT, f"The newest backup is {ledger.last_backup.name}.")
    elif not ledger.sees_backups:
        yield Finding("ledger", LIMIT, "This user may not list the backups.")
    elif not ledger.keeps_backups:
        yield Finding("ledger", FACT, "No backups are kept (ledger.backups is 0).")
    elif ledger.began is not None and clock.now - ledger.began > BACKUP_DUE_SECONDS:
        yield Finding("ledger", PROBLEM, "There is no backup yet.", "Write one now with `netledger ledger backup`.")
    else:
        yield Finding("ledger", FACT, "There is no backup yet.")


def _of_service(service: ServiceFacts, ledger: LedgerFacts) -> Iterator[Finding]:
    if service.is_other:
        yield Finding("service", FACT, f"A service with another ledger answers at {service.url}.")
        if service.problem:
            yield Finding("service", LIMIT, _sentence(service.problem))
        for problem in service.reported_problems:
            yield Finding("service", PROBLEM, _sentence(problem), "Its log says more.")
        return
    if not service.pid and service.problem:
        yield Finding("service", PROBLEM, _sentence(service.problem), _sentence(service.remedy))
        return
    if not service.pid:
        remedy = "Start it with `netledger run`; within one boot nothing is lost."
        yield Finding("service", PROBLEM, "netledger is not running.", remedy)
        return
    yield Finding("service", FACT, f"Process {service.pid} counts and answers at {service.url or 'no address yet'}.")
    if service.problem:
        remedy = "Read its log and start it again if it hangs; if it asks for a key, use its settings file."
        yield Finding("service", PROBLEM, _sentence(service.problem), remedy)
        return
    need = "asks for a key" if service.needs_key else "asks for no key"
    yield Finding("service", FACT, f"It can be reached and {need}.")
    known = {f"{notice.what}: {notice.detail}" for notice in ledger.notices}
    for problem in service.reported_problems:
        if problem not in known:
            yield Finding("service", PROBLEM, _sentence(problem), "Its log says more.")


def _of_update(entry: UpdateEntry | None) -> Iterator[Finding]:
    if entry is None:
        return
    if entry.is_under_way:
        remedy = "`netledger update` finishes it, or goes back."
        yield Finding("service", PROBLEM, _sentence(entry.interrupted), remedy)
        return
    text = f"The update to {entry.new} did not work, and {entry.old} was installed again: {entry.reason}."
    yield Finding("service", FACT, text)


def _of_power(pace: Pace | None) -> Iterator[Finding]:
    if pace is None or pace.battery is None:
        return
    where = f"On battery ({pace.battery.percent:.0f} %)" if pace.is_on_battery else "There is a battery, which rests"
    text = f"{where}: a sample every {pace.sample_interval():g} s, a commit every {pace.commit_interval():g} s."
    yield Finding("service", FACT, text)


def _of_clock(clock: ClockFacts, ledger: LedgerFacts) -> Iterator[Finding]:
    if clock.problem:
        yield Finding("clock", PROBLEM, _sentence(clock.problem), "Write an IANA name, such as Europe/Berlin.")
        return
    origin = "the system's zone" if clock.is_auto else "from the settings"
    now = iso(clock.now, ZoneInfo(clock.zone))
    yield Finding("clock", FACT, f"It is {now} in {clock.zone} ({origin}).")
    if ledger.zone and ledger.zone != clock.zone:
        text = f"The ledger's days are still cut in {ledger.zone}."
        yield Finding("clock", PROBLEM, text, "Start netledger again: it cuts them anew.")
    if ledger.sampled_at is not None and ledger.sampled_at > clock.now + 1:
        ahead = human_duration(ledger.sampled_at - clock.now)
        text = f"The clock is {ahead} behind the last sample in the ledger."
        yield Finding("clock", PROBLEM, text, "Set the clock right; no byte is lost or counted twice.")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."
