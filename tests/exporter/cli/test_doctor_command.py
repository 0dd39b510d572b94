from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exporter.doctor.checks import ClockFacts, Facts, LedgerFacts, ServiceFacts
from exporter.doctor.findings import diagnose
from exporter.metering.counters.readings import NOTHING, Epoch, Link, Reading, Scan
from exporter.metering.pace import BatteryState, Pace
from exporter.meters.findings import FACT, LIMIT, PROBLEM, is_well
from exporter.meters.interfaces.checks import InterfaceFacts, interface_report
from exporter.meters.interfaces.counting import CountingRules
from exporter.meters.interfaces.counting_reasons import judge_interfaces
from exporter.meters.interfaces.state import interface
from exporter.settings.tree import Settings
from reports.ledger.reader import Gap, Incident
from tests.exporter.cli.calls import Commands

if TYPE_CHECKING:
    from tests.exporter.cli.service_process import Service as ServiceProcess

NOW = 1_781_245_800
PATH = Path("/books/ledger.db")


def _link(name: str, kind: str = "ethernet", *, is_physical: bool = True, lower: tuple[str, ...] = ()) -> Link:
    is_loopback = kind == "loopback"
    return Link(name, 2, kind, is_up=True, is_physical=is_physical, is_loopback=is_loopback, lower=lower)


LAPTOP = (
    _link("eth0"),
    _link("wlan0", "wlan"),
    _link("wg0", "wireguard", is_physical=False),
    _link("eth0.7", "vlan", is_physical=False, lower=("eth0",)),
    _link("lo", "loopback", is_physical=False),
)


def _meter(
    *links: Link, uplinks: tuple[str, ...] = ("eth0",), routes: tuple[str, ...] = ("eth0",), bits: int = 64
) -> InterfaceFacts:
    readings = tuple(Reading(interface(link.name), Epoch("boot-1", 1, 2), NOTHING, bits) for link in links)
    scan = Scan("boot-1", 1, readings, {link.name: link for link in links}, frozenset(uplinks))
    return InterfaceFacts(scan, announces_links=True, default_routes=frozenset(routes))


HEALTHY = Facts(
    meters=(interface_report(_meter(*LAPTOP)),),
    ledger=LedgerFacts(
        PATH,
        size=2_000_000,
        free_bytes=10**12,
        zone="Asia/Kolkata",
        began=NOW - 10**6,
        sampled_at=NOW - 5,
        last_backup=Path("ledger-2026-06-12.db"),
    ),
    service=ServiceFacts(77, "http://127.0.0.1:7373"),
    clock=ClockFacts(NOW, "Asia/Kolkata", is_auto=True),
)


def _with(meter: InterfaceFacts) -> Facts:
    return HEALTHY._replace(meters=(interface_report(meter),))


def _texts(facts: Facts, level: str) -> list[str]:
    return [f"{one.text} {one.remedy}".strip() for one in diagnose(facts) if one.level == level]


def test_a_healthy_machine_is_well_and_every_fact_is_told() -> None:
    facts = " ".join(_texts(HEALTHY, FACT))

    assert is_well(diagnose(HEALTHY))
    assert "of 5 interfaces" in facts
    assert "64 bits wide" in facts
    assert "This boot is boot-1, the network namespace 1." in facts
    assert "The machine's total is eth0." in facts
    assert "The ledger is /books/ledger.db, 2.00 MB. Its days are cut in Asia/Kolkata." in facts
    assert "The newest backup is ledger-2026-06-12.db." in facts
    assert "Process 77 counts and answers at http://127.0.0.1:7373. It can be reached and asks for no key." in facts
    assert "It is 2026-06-12T12:00:00+05:30 in Asia/Kolkata (the system's zone)." in facts
    assert _texts(HEALTHY, LIMIT) == []


@pytest.mark.parametrize(
    ("battery", "text"),
    [
        (None, ""),
        (BatteryState(63.4, is_in_use=True), "On battery (63 %): a sample every 5 s, a commit every 60 s."),
        (
            BatteryState(63.4, is_in_use=False),
            "There is a battery, which rests: a sample every 1 s, a commit every 10 s.",
        ),
    ],
)
def test_a_battery_is_a_fact(battery: BatteryState | None, text: str) -> None:
    pace = Pace(Settings(plans=()), lambda: battery)
    pace.refresh()

    facts = _texts(HEALTHY._replace(pace=pace), FACT)

    assert [fact for fact in facts if "battery" in fact] == ([text] if text else [])


@pytest.mark.parametrize(
    ("meter", "told"),
    [
        pytest.param(
            _meter(_link("eth0"), _link("eth1"), uplinks=("eth0", "eth1"), routes=()),
            "Without a default route eth0 + eth1 are the total: what passes between them counts twice. "
            "Set interfaces.counted to those that lead outside.",
            id="no default route",
        ),
        pytest.param(
            _meter(_link("eth0"), _link("ppp0", "ppp", is_physical=False), routes=("eth0", "ppp0")),
            "ppp0 is taken for a tunnel through eth0. If it is a modem, set interfaces.counted to eth0, ppp0.",
            id="a modem or a tunnel",
        ),
        pytest.param(
            _meter(
                _link("up0", "veth", is_physical=False),
                _link("ct", "veth", is_physical=False),
                _link("br0", "bridge", is_physical=False, lower=("ct", "up0")),
                uplinks=("up0",),
                routes=("br0",),
            ),
            "Which port of br0 leads outside cannot be seen here: the oldest is taken. "
            "If it is another one of ct, up0, set interfaces.counted to it.",
            id="a container's bridge",
        ),
    ],
)
def test_what_of_the_total_is_a_guess_is_told_with_what_to_set(meter: InterfaceFacts, told: str) -> None:
    listed = meter._replace(rules=CountingRules(counted=("eth0",)))

    assert told in _texts(_with(meter), LIMIT)
    assert told not in _texts(_with(listed), LIMIT)


LEDGER, SERVICE, METER = HEALTHY.ledger, HEALTHY.service, _meter(*LAPTOP)
PROBLEMS = {
    "no counters": (
        _with(InterfaceFacts(problem="/proc/net/dev: Permission denied")),
        "The counters cannot be read: /proc/net/dev: Permission denied. Mount /proc and /sys.",
    ),
    "nothing counts": (
        _with(METER._replace(rules=CountingRules(counted=("ppp*",)))),
        "No interface counts for the machine's total. Connect the machine, or set interfaces.counted.",
    ),
    "unreadable ledger": (
        HEALTHY._replace(
            ledger=LedgerFacts(PATH, "there is no ledger at /books yet", "start one with `netledger run`")
        ),
        "There is no ledger at /books yet. Start one with `netledger run`.",
    ),
    "full disk": (
        HEALTHY._replace(ledger=LEDGER._replace(free_bytes=5_000_000)),
        "Its disk has only 5.00 MB left. Free some space, or move the ledger (ledger.path).",
    ),
    "notice": (
        HEALTHY._replace(ledger=LEDGER._replace(notices=(Incident(NOW, "", "ledger restored", 0, "from a backup"),))),
        "Ledger restored: from a backup. Once read, `netledger ledger verify` puts the notice away.",
    ),
    "no backup": (
        HEALTHY._replace(ledger=LEDGER._replace(last_backup=None)),
        "There is no backup yet. Write one now with `netledger ledger backup`.",
    ),
    "stopped": (
        HEALTHY._replace(service=ServiceFacts()),
        "netledger is not running. Start it with `netledger run`; within one boot nothing is lost.",
    ),
    "unreachable": (
        HEALTHY._replace(service=SERVICE._replace(problem="it did not answer: timed out")),
        (
            "It did not answer: timed out. "
            "Read its log and start it again if it hangs; if it asks for a key, use its settings file."
        ),
    ),
    "degraded": (
        HEALTHY._replace(service=SERVICE._replace(reported_problems=("no sample for 60 s",))),
        "No sample for 60 s. Its log says more.",
    ),
    "out of sight": (
        HEALTHY._replace(service=ServiceFacts(problem="cannot see whether it runs", remedy="ask as its user")),
        "Cannot see whether it runs. Ask as its user.",
    ),
    "another zone": (
        HEALTHY._replace(ledger=LEDGER._replace(zone="UTC")),
        "The ledger's days are still cut in UTC. Start netledger again: it cuts them anew.",
    ),
    "unknown zone": (
        HEALTHY._replace(clock=ClockFacts(NOW, "", is_auto=True, problem="the system's time zone is unknown")),
        "The system's time zone is unknown. Write an IANA name, such as Europe/Berlin.",
    ),
    "clock behind": (
        HEALTHY._replace(ledger=LEDGER._replace(sampled_at=NOW + 7200)),
        "The clock is 2 h behind the last sample in the ledger. Set the clock right; no byte is lost or counted twice.",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_problem_is_told_once_with_what_to_do(name: str) -> None:
    facts, expected = PROBLEMS[name]

    assert _texts(facts, PROBLEM) == [expected]
    assert not is_well(diagnose(facts))


def test_a_ledger_that_this_user_may_not_write_is_a_problem_only_for_who_would_start_the_service() -> None:
    ledger = LEDGER._replace(is_writable=False)
    expected = "This user may not write the ledger. Run netledger as the user who owns it, or set ledger.path."

    assert expected in _texts(HEALTHY._replace(ledger=ledger, service=ServiceFacts()), PROBLEM)
    assert is_well(diagnose(HEALTHY._replace(ledger=ledger)))


def test_a_notice_that_the_service_tells_too_is_told_once() -> None:
    notice = Incident(NOW, "", "ledger restored", 0, "from a backup")
    service = SERVICE._replace(reported_problems=("ledger restored: from a backup",))

    told = _texts(HEALTHY._replace(ledger=LEDGER._replace(notices=(notice,)), service=service), PROBLEM)

    assert len(told) == 1


CONTAINER = _meter(_link("eth0", "veth", is_physical=False))
LIMITS = {
    "container": (CONTAINER, "No hardware is visible: "),
    "no route": (_meter(*LAPTOP, routes=()), "There is no default route: "),
    "deaf": (METER._replace(announces_links=False), "The kernel does not announce interfaces here: "),
    "one namespace": (METER._replace(other_namespaces=1), "Interfaces inside 1 other network namespace are not seen"),
    "namespaces": (METER._replace(other_namespaces=3), "Interfaces inside 3 other network namespaces are not seen"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_what_cannot_be_seen_is_told_and_is_no_problem(name: str) -> None:
    meter, expected = LIMITS[name]
    facts = _with(meter)

    assert is_well(diagnose(facts))
    assert [text for text in _texts(facts, LIMIT) if text.startswith(expected)]


def test_gaps_of_the_week_are_summed_up() -> None:
    gaps = (Gap(NOW - 7200, NOW - 3600, "stopped", 1_000_000), Gap(NOW - 60, NOW, "asleep", 500_000))

    told = _texts(HEALTHY._replace(ledger=LEDGER._replace(gaps=gaps)), FACT)

    assert (
        "In the last 7 days nothing was sampled for 1 h 1 min (2 gaps); "
        "the 1.50 MB that moved are counted, their time is estimated." in told
    )


REASONS = [
    (CountingRules(), METER, "eth0", "carries the default route"),
    (CountingRules(), METER, "wlan0", "has been an uplink"),
    (CountingRules(), METER, "eth0.7", "stacked on eth0, which has its bytes too"),
    (CountingRules(), METER, "wg0", "virtual: what it moves crosses an uplink, or never leaves the machine"),
    (CountingRules(), METER, "lo", "loopback: the machine talks with itself"),
    (CountingRules(), _meter(*LAPTOP, routes=("wg0",)), "eth0", "the hardware beneath the default route"),
    (CountingRules(), _meter(*LAPTOP, routes=()), "eth0", "up, and there is no default route"),
    (CountingRules(exclude=("wg*",)), METER, "wg0", "excluded by interfaces.exclude"),
    (CountingRules(include=("eth*",)), METER, "wg0", "not in interfaces.include"),
    (CountingRules(counted=("wg0",)), METER, "wg0", "listed in interfaces.counted"),
    (CountingRules(counted=("wg0",)), METER, "eth0", "not listed in interfaces.counted"),
]


@pytest.mark.parametrize(("rules", "meter", "name", "reason"), REASONS)
def test_every_interface_has_its_reason(rules: CountingRules, meter: InterfaceFacts, name: str, reason: str) -> None:
    facts = meter._replace(rules=rules, ever_uplinks=frozenset({"wlan0"}))

    verdicts = {one.name: one for one in judge_interfaces(facts)}

    assert verdicts[name].reason == reason
    assert verdicts.keys() == {link.name for link in LAPTOP}


def test_doctor_on_this_machine_finds_the_service_stopped(commands: Commands) -> None:
    done, told = commands("doctor"), commands("doctor", "--json")

    document = json.loads(told.stdout)
    assert (done.exit_code, told.exit_code, document["well"]) == (1, 1, False)
    assert "  ! netledger is not running. Start it with `netledger run`" in done.stdout
    assert "attention (marked !)." in done.stdout
    assert {"topic", "level", "text", "remedy"} == document["findings"][0].keys()
    assert all(finding["remedy"] for finding in document["findings"] if finding["level"] == PROBLEM)
    assert {"interface", "kind", "up", "metered", "counted", "reason"} == document["interfaces"][0].keys()


def test_a_plan_that_bills_nothing_stands_in_the_text(ledger: Path) -> None:
    file = ledger.with_name("netledger.yaml")
    file.write_text("plans:\n- name: dsl\n  interfaces: [dsl7]\n")

    told = Commands(ledger, NETLEDGER_CONFIG=str(file))("doctor").stdout

    assert "  ! Plan dsl covers no interface that was ever here: dsl7; known are" in told


def test_doctor_finds_a_running_service_reachable(service: ServiceProcess) -> None:
    url = service.start()

    told = json.loads(service.command("doctor", "--json").stdout)

    texts = [finding["text"] for finding in told["findings"]]
    assert f"Process {service.pid} counts and answers at {url}." in texts
    assert "It can be reached and asks for no key." in texts
