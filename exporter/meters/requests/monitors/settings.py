"""The list `requests.monitors` of the settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from exporter.meters.requests.service_names import LONGEST_NAME, read_service
from exporter.settings import rules
from exporter.settings.list_rules import HIDDEN
from exporter.settings.schema import Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST_MONITORS = 100
LONGEST_URL, LONGEST_LABEL = 2000, 63
HIGHEST_PORT = 65_535
PORTS = {"http": 80, "https": 443}
# Only printable ASCII: what is sent is what is written, and cannot hold a second request.
URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[\w.-]+|\[[0-9a-f:.]+\])(?P<port>:\d{1,5})?(?P<target>[/?][!\"$-~]*)?",
    re.ASCII | re.IGNORECASE,
)
CODES = re.compile(r"([1-5]\d\d)(?:-([1-5]\d\d))?", re.ASCII)


class Target(NamedTuple):
    """What a monitor's URL consists of; `authority` is the host as it is written there, with its port if it has one.

    `path` has no query, `target` does.
    """

    scheme: str
    host: str
    port: int
    authority: str
    path: str
    target: str


def target_of(url: str) -> Target:
    """The parts of a URL that the rule has taken."""
    found = URL.fullmatch(url)
    if found is None:
        raise ValueError(url)
    scheme, host, port, target = found.group("scheme", "host", "port", "target")
    target = target or "/"
    target = target if target.startswith("/") else f"/{target}"
    number = int(port[1:]) if port else PORTS[scheme.lower()]
    return Target(scheme.lower(), host.strip("[]"), number, f"{host}{port or ''}", target.partition("?")[0], target)


def without_query(url: str) -> str:
    """A URL as it may be shown: its query may hold a secret."""
    head, mark, _ = url.partition("?")
    return f"{head}?{HIDDEN}" if mark else head


def _read_url(raw: object) -> str:
    """No error holds a part of the address."""
    text = rules.one_text(raw)
    if not URL.fullmatch(text) or len(text) > LONGEST_URL:
        raise rules.RuleError("is no such address")
    target = target_of(text)
    if not 0 < target.port <= HIGHEST_PORT:
        raise rules.RuleError(f"has no port of 1 to {HIGHEST_PORT}")
    if ":" not in target.host and not all(
        0 < len(label) <= LONGEST_LABEL for label in target.host.removesuffix(".").split(".")
    ):
        raise rules.RuleError("has a host that no name can be")
    return text


def _read_codes(raw: object) -> tuple[StatusRange, ...]:
    def read(item: object) -> StatusRange:
        text = rules.one_text(item).replace(" ", "")
        found = CODES.fullmatch(text)
        if found is None or int(found[2] or found[1]) < int(found[1]):
            raise rules.RuleError(f"{rules.clipped(text)} is no status or range of them")
        return StatusRange(int(found[1]), int(found[2] or found[1]))

    ranges = tuple(rules.each(raw, read))
    if not ranges:
        raise rules.RuleError("is empty")
    return ranges


class StatusRange(NamedTuple):
    """Status codes from the first to the last."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


NAME = rules.Rule(f"a name of at most {LONGEST_NAME} characters", read_service)
ADDRESS = rules.Rule(
    "an address such as https://example.org/health, without user and fragment", _read_url, without_query
)
EXPECTED = rules.Rule(
    "a list of status codes or ranges such as [200-299, 301]",
    _read_codes,
    lambda ranges: [str(each) for each in ranges],
    is_list=True,
)
Method = Literal["GET", "HEAD", "OPTIONS", "POST"]


class Monitor(Section, frozen=True):
    """One address that is checked; its checks are requests of the service of its name."""

    name: Annotated[str, NAME, "Name of the monitor, and of the service that its checks count for.", "site"]
    url: Annotated[str, ADDRESS, "Address that is asked.", "https://example.org/health"]
    method: Annotated[Method, rules.choice("GET", "HEAD", "OPTIONS", "POST"), "Method of the request.", "GET"] = "GET"
    interval: Annotated[float, rules.seconds("10s", "1d"), "Time between two checks.", "1m"] = 60.0
    expected: Annotated[tuple[StatusRange, ...], EXPECTED, "Status codes of a good answer.", "[200-399]"] = (
        StatusRange(200, 399),
    )
    certificate_days: Annotated[
        int, rules.whole(0, 3650), "Days before the end of the certificate that raise an alert; 0 never.", "14"
    ] = 14
    misses: Annotated[int, rules.whole(1, 100), "Failures in a row after which the monitor is down.", "3"] = 3
    allow_private: Annotated[
        bool, rules.SWITCH, "Ask addresses of this machine and of private networks, too.", "false"
    ] = False

    @property
    def target(self) -> Target:
        """What the URL consists of."""
        return target_of(self.url)

    def expects(self, code: int) -> bool:
        """True for the status of a good answer."""
        return any(each.first <= code <= each.last for each in self.expected)


def _read_none(raw: object) -> tuple[Monitor, ...]:
    if raw in ([], None):
        return ()
    raise rules.RuleError("is not a list of mappings, which only the file can hold")


def _write(monitors: Sequence[Monitor]) -> list[str] | None:
    return [f"{each.name}: {each.method} {without_query(each.url)}" for each in monitors] or None


MONITORS = rules.Rule(
    "a list of monitors such as {name: site, url: https://example.org/}", _read_none, _write, is_list=True
)


def monitor_faults(monitors: Sequence[Mapping[str, Any] | None]) -> Iterator[tuple[str, str]]:
    """Too many monitors, keys that each must have, and names that two of them have."""
    if len(monitors) > MOST_MONITORS:
        yield "monitors", f"has {len(monitors)} monitors; use at most {MOST_MONITORS}"
    for number, given in enumerate(monitors):
        for key in ("name", "url"):
            if given is not None and key not in given:
                yield f"monitors[{number}]", f"has no {key}"
    names = [None if each is None else each.get("name") for each in monitors]
    for number, name in enumerate(names):
        if name and (first := names.index(name)) < number:
            yield f"monitors[{number}].name", f"{rules.clipped(repr(name))} is the name of monitors[{first}], too"
