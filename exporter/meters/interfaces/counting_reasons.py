"""The reason why an interface counts for the machine's total or does not; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.interfaces.counting import AUTO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.metering.counters.readings import Link
    from exporter.meters.interfaces.checks import InterfaceFacts
    from exporter.meters.interfaces.counting import CountingRules


class InterfaceVerdict(NamedTuple):
    """One interface: whether it is metered and counted, and why."""

    name: str
    kind: str
    is_up: bool
    is_metered: bool
    is_counted: bool
    reason: str


def judge_interfaces(facts: InterfaceFacts) -> list[InterfaceVerdict]:
    """A verdict on every interface, counted ones first."""
    if facts.scan is None:
        return []
    uplinks, rules = facts.scan.uplinks, facts.rules
    verdicts = []
    for name, link in facts.scan.links.items():
        is_metered = rules.is_metered(link)
        is_counted = is_metered and rules.is_counted(name, uplinks | facts.ever_uplinks)
        reason = _why_counted(link, facts, uplinks) if is_counted else _why_not(link, rules, is_metered)
        verdicts.append(InterfaceVerdict(name, link.kind, link.is_up, is_metered, is_counted, reason))
    return sorted(verdicts, key=lambda one: (not one.is_counted, not one.is_metered, one.name))


def guesses(facts: InterfaceFacts, counted: list[str]) -> Iterator[tuple[str, str]]:
    """Guesses in the machine's total, each with the setting that corrects it."""
    if facts.scan is None or facts.rules.counted != AUTO:
        return
    links = facts.scan.links
    if not facts.default_routes and len(counted) > 1:
        yield (
            f"Without a default route {' + '.join(counted)} are the total: what passes between them counts twice.",
            "Set interfaces.counted to those that lead outside.",
        )
    for link in (links[name] for name in sorted(facts.default_routes & links.keys())):
        if link.kind == "ppp" and not link.lower and link.name not in counted and counted:
            yield (
                f"{link.name} is taken for a tunnel through {' + '.join(counted)}.",
                f"If it is a modem, set interfaces.counted to {', '.join(sorted([*counted, link.name]))}.",
            )
        if link.kind == "bridge" and len(link.lower) > 1 and not any(one.is_physical for one in links.values()):
            yield (
                f"Which port of {link.name} leads outside cannot be seen here: the oldest is taken.",
                f"If it is another one of {', '.join(link.lower)}, set interfaces.counted to it.",
            )


def _why_counted(link: Link, facts: InterfaceFacts, uplinks: frozenset[str]) -> str:
    if facts.rules.counted != AUTO:
        return "listed in interfaces.counted"
    if link.name in facts.default_routes:
        return "carries the default route"
    if link.name not in uplinks:
        return "has been an uplink"
    if not facts.default_routes:
        return "up, and there is no default route"
    return "the hardware beneath the default route"


def _why_not(link: Link, rules: CountingRules, is_metered: bool) -> str:  # noqa: FBT001 - a fact, no switch
    if not is_metered:
        if link.is_loopback:
            return "loopback: the machine talks with itself"
        is_excluded = rules._replace(include=("*",)).is_metered_name(link.name) is False
        return "excluded by interfaces.exclude" if is_excluded else "not in interfaces.include"
    if rules.counted != AUTO:
        return "not listed in interfaces.counted"
    if link.lower:
        return f"stacked on {' + '.join(link.lower)}, which has its bytes too"
    if link.is_physical:
        return "carries no default route" if link.is_up else "is down, and has never been an uplink"
    return "virtual: what it moves crosses an uplink, or never leaves the machine"
