"""The section `requests` of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from exporter.meters.requests.monitors.settings import MONITORS, Monitor, monitor_faults
from exporter.meters.requests.service_names import LONGEST_NAME, read_service
from exporter.settings import list_rules as lists
from exporter.settings import rules
from exporter.settings.loopback import prefix
from exporter.settings.schema import Section

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PRIVACIES = ("full", "network", "hash", "none")
Privacy = Literal["full", "network", "hash", "none"]
Telemetry = Literal["spans", "metrics"]
EXCLUDED = ("404", "health", "bots")
LOG_FORMAT_NAMES = ("caddy", "traefik", "timed", "combined", "main", "vhost_combined", "common")


def _read_prefix(raw: object) -> str:
    text = rules.one_text(raw)
    try:
        prefix(text, strict=False)
    except ValueError:
        raise rules.RuleError(f"{rules.clipped(text)} is no address or prefix") from None
    return text


SERVICE = rules.Rule(f"names of services, of at most {LONGEST_NAME} characters", read_service)
PRIVACY = rules.choice(*PRIVACIES)
PRIVACIES_BY_SERVICE = rules.mapping_of(
    "services with their privacy such as {shop: full, blog: none}", SERVICE, PRIVACY
)
LOGS_BY_SERVICE = rules.mapping_of("services with yes or no such as {shop: no}", SERVICE, rules.SWITCH)
ZONES = rules.mapping_of("services with their time zones such as {shop: Europe/Berlin}", SERVICE, rules.ZONE)
APPLICATIONS = rules.mapping_of(
    "services with the names of their applications such as {shop: shop.service}",
    SERVICE,
    rules.Rule("names of applications", rules.one_text),
)
OTLP = rules.mapping_of(
    "services with what is counted of them such as {shop: metrics}", SERVICE, rules.choice("spans", "metrics")
)
PROXIES = lists.list_of(
    'a list of addresses or prefixes such as [127.0.0.1, "10.0.0.0/8"]',
    _read_prefix,
)


def _read_log_path(raw: object) -> Path:
    path = Path(rules.one_text(raw))
    if not path.is_absolute():
        raise rules.RuleError(f"{rules.clipped(str(raw))} is no absolute path")
    return path


def _read_log_format(raw: object) -> str:
    """A string of a server is read when its log is."""
    text = rules.one_text(raw)
    if text not in LOG_FORMAT_NAMES and not {"$", "%"} & set(text):
        raise rules.RuleError(
            f"{rules.clipped(text)} is none of {', '.join(LOG_FORMAT_NAMES)}, and no format of a server"
        )
    return text


LOGS = rules.mapping_of(
    "services with the paths of their access logs such as {shop: /var/log/nginx/access.log}",
    SERVICE,
    rules.Rule("absolute paths", _read_log_path),
)
LOG_FORMATS = rules.mapping_of(
    "services with names of formats such as {shop: combined}, or with a log_format of nginx or a LogFormat of Apache",
    SERVICE,
    rules.Rule("formats of access logs", _read_log_format),
)
EXCLUSIONS = lists.list_of(f"a list of {', '.join(EXCLUDED)}", rules.choice(*EXCLUDED).read)


class Requests(Section, frozen=True):
    """What services report of the requests that they answer."""

    own: Annotated[bool, rules.SWITCH, "Count the requests to netledger itself, as the service netledger."] = True
    trusted_proxies: Annotated[
        tuple[str, ...], PROXIES, "Proxies whose X-Forwarded-For and Forwarded headers name the client."
    ] = ()
    privacy: Annotated[
        Privacy, PRIVACY, "What is kept of a client's address: all, its network (/24, /48), a daily hash, nothing."
    ] = "network"
    service_privacy: Annotated[dict[str, Privacy], PRIVACIES_BY_SERVICE, "The same for single services."] = (
        msgspec.field(default_factory=dict)
    )
    timezones: Annotated[
        dict[str, str], ZONES, "Zones of services that report times without an offset; else the ledger's."
    ] = msgspec.field(default_factory=dict)
    applications: Annotated[
        dict[str, str], APPLICATIONS, "The application or unit of a service: its requests stand beside its bytes."
    ] = msgspec.field(default_factory=dict)
    otlp: Annotated[
        dict[str, Telemetry],
        OTLP,
        "What is counted of a service that reports by OpenTelemetry: spans or metrics; else spans where some come.",
    ] = msgspec.field(default_factory=dict)
    logs: Annotated[dict[str, Path], LOGS, "Access logs that are followed, by service."] = msgspec.field(
        default_factory=dict
    )
    log_formats: Annotated[
        dict[str, str],
        LOG_FORMATS,
        "Their formats where the first lines do not tell: a name, or the server's own string.",
    ] = msgspec.field(default_factory=dict)
    exclude: Annotated[
        tuple[str, ...], EXCLUSIONS, "What answers leave out: not found, health checks, bots; a parameter decides anew."
    ] = ()
    monitors: Annotated[
        tuple[Monitor, ...], MONITORS, "Addresses that are checked; each is a service whose requests the checks are."
    ] = ()
    log: Annotated[bool, rules.SWITCH, "Keep every single request, too, in the request log."] = True
    service_log: Annotated[dict[str, bool], LOGS_BY_SERVICE, "The same for single services."] = msgspec.field(
        default_factory=dict
    )
    log_retention: Annotated[float, rules.seconds("1h", "3660d"), "How long the request log keeps a request."] = (
        30 * 86400.0
    )
    log_rows: Annotated[int, rules.whole(0, 10**9), "Requests that the log keeps at most."] = 1_000_000

    @property
    def bounds(self) -> tuple[int, int]:
        """The seconds that the request log keeps a request, and how many it keeps at most."""
        return int(self.log_retention), self.log_rows

    @classmethod
    def faults(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Monitors that contradict each other."""
        return monitor_faults(given.get("monitors") or ())
