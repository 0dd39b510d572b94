"""The doctor's judgement: facts become findings, and every problem says what to do; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from exporter.doctor.counting_reasons import guesses, judge_interfaces
from reports.calendar.periods import iso
from reports.text.amounts import human_bytes, human_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.doctor.checks import Clock, Facts, Ledger, Meter, Service
    from exporter.doctor.counting_reasons import InterfaceVerdict

FACT, LIMIT, PROBLEM = "fact", "limit", "problem"
LEAST_FREE_BYTES = 100_000_000
BACKUP_DUE_SECONDS = 2 * 86_400
WIDE_BITS = 64


class Finding(NamedTuple):
    """One sentence about one topic: a fact, a limit of what can be seen, or a problem with its remedy."""

    topic: str
    level: str
    text: str
    remedy: str = ""


class Diagnosis(NamedTuple):
    """All findings, and which interfaces count."""

    findings: list[Finding]
    interfaces: list[InterfaceVerdict]

    @property
    def is_well(self) -> bool:
        """Whether nothing needs attention."""
        return all(finding.level != PROBLEM for finding in self.findings)


def diagnose(facts: Facts) -> Diagnosis:
    """Judge everything that was examined."""
    verdicts = judge_interfaces(facts.meter, facts.rules, facts.ledger.uplinks)
    findings = [
        *_of_meter(facts.meter),
        *_of_counting(facts, verdicts),
        *_of_limits(facts.meter),
        *_of_ledger(facts.ledger, facts.service, facts.clock),
        *_of_service(facts.service, facts.ledger),
        *_of_clock(facts.clock, facts.ledger),
        *(Finding("plans", PROBLEM, f"{_sentence(text)}.", "Set it right in plans.") for text in facts.plan_warnings),
    ]
    return Diagnosis(findings, verdicts)


def _of_meter(meter: Meter) -> Iterator[Finding]:
    look = meter.look
    if look is None:
        yield Finding("meter", PROBLEM, f"The counters cannot be read: {meter.problem}.", "Mount /proc and /sys.")
        return
    bits = min((reading.counter_bits for reading in look.readings), default=WIDE_BITS)
    yield Finding("meter", FACT, f"Bytes are {meter.source} of {_count(len(look.links), 'interface')}.")
    yield Finding("meter", FACT, f"The counters are {bits} bits wide.")
    if meter.hears:
        yield Finding("meter", FACT, "The kernel announces interfaces that come, go and are renamed.")
    else:
        yield Finding(
            "meter",
            LIMIT,
            "The kernel does not announce interfaces here: "
            "the last bytes of one that vanishes between two samples are not seen.",
        )
    yield Finding("meter", FACT, f"This boot is {look.boot_id}, the network namespace {look.namespace}.")


def _of_counting(facts: Facts, verdicts: list[InterfaceVerdict]) -> Iterator[Finding]:
    if facts.meter.look is None:
        return
    counted = [verdict.name for verdict in verdicts if verdict.is_counted]
    if counted:
        yield Finding("counting", FACT, f"The machine's total is {' + '.join(counted)}.")
        for text, remedy in guesses(facts.meter, facts.rules, counted):
            yield Finding("counting", LIMIT, text, remedy)
    else:
        remedy = "Connect the machine, or set interfaces.counted."
        yield Finding("counting", PROBLEM, "No interface counts for the machine's total.", remedy)


def _of_limits(meter: Meter) -> Iterator[Finding]:
    if meter.look is not None:
        links = meter.look.links.values()
        if not any(link.is_physical for link in links):
            yield Finding(
                "limits",
                LIMIT,
                "No hardware is visible: inside a container or a network namespace only its own traffic is seen; "
                "run netledger on the host to see the machine's.",
            )
        if not meter.default_routes:
            yield Finding(
                "limits",
                LIMIT,
                "There is no default route: what is up counts until there is one, or what interfaces.counted names.",
            )
    if meter.other_namespaces:
        yield Finding(
            "limits",
            LIMIT,
            f"Interfaces inside {_count(meter.other_namespaces, 'other network namespace')} are not seen, "
            "but what they move through this one is.",
        )
    yield Finding("limits", LIMIT, "Which application moved the bytes is not metered yet.")


def _of_ledger(ledger: Ledger, service: Service, clock: Clock) -> Iterator[Finding]:
    if ledger.problem and service.is_other:
        text = f"{_sentence(ledger.problem)} What it holds is not looked at; reading commands ask that service."
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
        yield Finding("ledger", PROBLEM, f"The books are not right: {fault}.", remedy)
    for notice in ledger.notices:
        text = _sentence(f"{notice.what}: {notice.detail}")
        yield Finding("ledger", PROBLEM, text, "Once read, `netledger ledger verify` puts the notice away.")
    yield from _of_gaps(ledger)
    yield from _of_backups(ledger, clock)


def _of_gaps(ledger: Ledger) -> Iterator[Finding]:
    if not ledger.gaps:
        yield Finding("ledger", FACT, "Nothing was missed in the last 7 days.")
        return
    seconds = sum(gap.ended - gap.began for gap in ledger.gaps)
    moved = sum(gap.bytes for gap in ledger.gaps)
    yield Finding(
        "ledger",
        FACT,
        f"In the last 7 days nobody looked for {human_duration(seconds)} ({_count(len(ledger.gaps), 'gap')}); "
        f"the {human_bytes(moved)} that moved are counted, their time is estimated.",
    )


def _of_backups(ledger: Ledger, clock: Clock) -> Iterator[Finding]:
    if ledger.last_backup is not None:
        yield Finding("ledger", FACT, f"The newest backup is {ledger.last_backup.name}.")
    elif not ledger.sees_backups:
        yield Finding("ledger", LIMIT, "This user may not look at the backups.")
    elif not ledger.keeps_backups:
        yield Finding("ledger", FACT, "No backups are kept (ledger.backups is 0).")
    elif ledger.began is not None and clock.now - ledger.began > BACKUP_DUE_SECONDS:
        yield Finding("ledger", PROBLEM, "There is no backup yet.", "Write one now with `netledger ledger backup`.")
    else:
        yield Finding("ledger", FACT, "There is no backup yet.")


def _of_service(service: Service, ledger: Ledger) -> Iterator[Finding]:
    if service.is_other:
        yield Finding("service", FACT, f"A service with another ledger answers at {service.url}.")
        if service.problem:
            yield Finding("service", LIMIT, _sentence(service.problem))
        for problem in service.told_problems:
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
    for problem in service.told_problems:
        if problem not in known:
            yield Finding("service", PROBLEM, _sentence(problem), "Its log says more.")


def _of_clock(clock: Clock, ledger: Ledger) -> Iterator[Finding]:
    if clock.problem:
        yield Finding("clock", PROBLEM, _sentence(clock.problem), "Write an IANA name, such as Europe/Berlin.")
        return
    origin = "the system's zone" if clock.is_auto else "from the settings"
    now = iso(clock.now, ZoneInfo(clock.zone))
    yield Finding("clock", FACT, f"It is {now} in {clock.zone} ({origin}).")
    if ledger.zone and ledger.zone != clock.zone:
        text = f"The ledger's days are still cut in {ledger.zone}."
        yield Finding("clock", PROBLEM, text, "Start netledger again: it cuts them anew.")
    if ledger.looked_at is not None and ledger.looked_at > clock.now + 1:
        ahead = human_duration(ledger.looked_at - clock.now)
        text = f"The clock is {ahead} behind the last look in the ledger."
        yield Finding("clock", PROBLEM, text, "Set the clock right; no byte is lost or counted twice.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."
