"""The tree of settings: every section with its keys, each with its default, rule and meaning; frozen.

A meter declares its section in its own folder, as the mirror does; the tree lists it.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import msgspec

from exporter.meters.applications.settings import Applications
from exporter.meters.interfaces.settings import Interfaces
from exporter.meters.requests.settings import Requests
from exporter.mirror.settings import Mirror
from exporter.settings import list_rules as lists
from exporter.settings import rules
from exporter.settings.auto_update import AUTO_UPDATES, AutoUpdate
from exporter.settings.folders import data_folder, runs_as_root
from exporter.settings.history import COUNTED, HISTORY
from exporter.settings.networks import NETWORKS_RULE, Network
from exporter.settings.schema import Key, Section, fields
from reports.calendar.history_length import HistoryLength  # noqa: TC001 - msgspec resolves it

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exporter.settings.plans.notify import Notify
    from reports.billing.plans import Plan
else:
    # msgspec resolves both names when it converts; the classes are imported with the first plan.
    Plan = Notify = Any

PLANS = "plans"
NETWORKS = "networks"
TOP_KEYS = (NETWORKS, "auto_update")
"""Keys of no section."""

SYSTEM_LEDGER = Path("/var/lib/netledger/ledger.db")


def default_ledger_path(*, is_root: bool | None = None) -> Path:
    """The system's ledger for root, else one in the user's data folder; raises NoHomeError."""
    if runs_as_root() if is_root is None else is_root:
        return SYSTEM_LEDGER
    return data_folder() / "ledger.db"


class Server(Section, frozen=True):
    """Where the service listens, and whom it answers."""

    host: Annotated[str, rules.HOST, "Address to listen on; beyond this machine only with a key."] = "127.0.0.1"
    port: Annotated[int, rules.whole(0, 65535), "TCP port; 0 takes any free one."] = 7373
    allowed_hosts: Annotated[
        tuple[str, ...], lists.HOSTS, "Names, besides its own, by which clients may call the service."
    ] = ()
    cors_origins: Annotated[
        tuple[str, ...], lists.ORIGINS, "Web pages that may read the API, and report requests."
    ] = ()
    tls_cert: Annotated[Path | None, rules.optional(rules.PATH), "Certificate chain (PEM); with tls_key."] = None
    tls_key: Annotated[Path | None, rules.optional(rules.PATH), "Private key (PEM); with tls_cert."] = None

    @classmethod
    def faults(cls, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """A certificate without its key, or a key without its certificate."""
        pair = ("tls_cert", "tls_key")
        for one, other in (pair, pair[::-1]):
            if given.get(one) and not given.get(other):
                yield one, f"is set without server.{other}; use both or neither"


class Auth(Section, frozen=True):
    """Who may read: API keys, and whether /metrics asks for one too."""

    api_keys: Annotated[tuple[str, ...], lists.API_KEYS, "Keys that open the API."] = ()
    api_key_file: Annotated[
        Path | None, rules.optional(rules.PATH), "File of further keys, one a line; # begins a comment."
    ] = None
    protect_metrics: Annotated[bool, rules.SWITCH, "Ask for a key on /metrics too."] = False

    def __repr__(self) -> str:
        return f"Auth({len(self.api_keys)} keys, protect_metrics={self.protect_metrics})"


class Ledger(Section, frozen=True):
    """The ledger's file, and how long it keeps what."""

    path: Annotated[Path, rules.PATH, "The SQLite file."] = msgspec.field(default_factory=default_ledger_path)
    commit_interval: Annotated[float, rules.seconds("1s", "10m"), "Time between two commits."] = 10.0
    timezone: Annotated[str, rules.ZONE, "Zone of days, weeks and months; auto is the system's."] = "auto"
    minute_retention: Annotated[float, rules.seconds("1d", "36500d"), "How long minute rows are kept."] = 30 * 86400.0
    slot_retention: Annotated[float, rules.seconds("62d", "36500d"), "How long quarter-hour rows are kept."] = (
        400 * 86400.0
    )
    backups: Annotated[int, rules.whole(0, 365), "Daily backups that are kept; 0 makes none."] = 7
    # 281 TB is the largest database that SQLite can hold.
    max_size: Annotated[int, rules.size("4 MB", "281 TB"), "Largest size of the file."] = 400_000_000
    minutes: Annotated[
        Literal["counted", "all"], rules.choice("counted", "all"), "Interfaces that get minute rows."
    ] = "counted"


class Battery(Section, frozen=True):
    """How often a machine on battery is woken; what is counted is the same."""

    sample_interval: Annotated[float, rules.seconds("100ms", "60s"), "Time between two samples on battery."] = 5.0
    commit_interval: Annotated[float, rules.seconds("1s", "10m"), "Time between two commits on battery."] = 60.0


class Average(Section, frozen=True):
    """The average speed."""

    window: Annotated[float, rules.seconds("1m", "31d"), "Stretch that the average is taken over."] = 12 * 3600.0


class Metrics(Section, frozen=True):
    """What /metrics shows."""

    history: Annotated[HistoryLength, HISTORY, "Daily and monthly series: none, days N, counted, or all."] = COUNTED
    process: Annotated[bool, rules.SWITCH, "Show process_* and python_gc_* metrics."] = True


class Grafana(Section, frozen=True):
    """The Grafana that shows the dashboards: with it, answers link to them."""

    url: Annotated[str | None, rules.optional(rules.WEB_ADDRESS), "Where Grafana is, as a browser reaches it."] = None
    instance: Annotated[
        str | None, rules.optional(rules.TEXT), "Prometheus' label instance of this service; by default host:port."
    ] = None


class Display(Section, frozen=True):
    """How commands print amounts."""

    units: Annotated[
        Literal["decimal", "binary"], rules.choice("decimal", "binary"), "Bytes in units of 1000 (GB) or 1024 (GiB)."
    ] = "decimal"
    rate: Annotated[Literal["bits", "bytes"], rules.choice("bits", "bytes"), "Speeds in bits or bytes a second."] = (
        "bits"
    )
    locale: Annotated[
        str, rules.LOCALE, "Whose dates and numbers: de has 28.11.2026 and 1.234,5, none has 2026-11-28 and 1,234.5."
    ] = "none"


class Reports(Section, frozen=True):
    """Reports that are written by themselves."""

    archive: Annotated[bool, rules.SWITCH, "Keep a wrap-up of each month and year that is over, at /reports."] = True


def _default_plans() -> tuple[Plan, ...]:
    from reports.billing.plans import Plan  # noqa: PLC0415 - importing the settings alone needs no plans

    return (Plan(),)


class Settings(Section, frozen=True):
    """Everything that can be set; without plans in the file, there is one, "default". `notify` is by a plan's name."""

    server: Server = msgspec.field(default_factory=Server)
    auth: Auth = msgspec.field(default_factory=Auth)
    interfaces: Interfaces = msgspec.field(default_factory=Interfaces)
    applications: Applications = msgspec.field(default_factory=Applications)
    networks: Annotated[
        dict[str, tuple[Network, ...]],
        NETWORKS_RULE,
        "Networks by their names: bytes of their addresses have a scope of their own.",
    ] = msgspec.field(default_factory=dict)
    requests: Requests = msgspec.field(default_factory=Requests)
    ledger: Ledger = msgspec.field(default_factory=Ledger)
    battery: Battery = msgspec.field(default_factory=Battery)
    average: Average = msgspec.field(default_factory=Average)
    metrics: Metrics = msgspec.field(default_factory=Metrics)
    grafana: Grafana = msgspec.field(default_factory=Grafana)
    reports: Reports = msgspec.field(default_factory=Reports)
    mirror: Mirror = msgspec.field(default_factory=Mirror)
    display: Display = msgspec.field(default_factory=Display)
    auto_update: Annotated[
        AutoUpdate,
        rules.choice(*AUTO_UPDATES),
        "Look for a newer netledger once a day, and say so (check), or install it (apply).",
    ] = "off"
    plans: tuple[Plan, ...] = msgspec.field(default_factory=_default_plans)
    notify: dict[str, Notify] = msgspec.field(default_factory=dict)


@functools.cache
def sections() -> dict[str, type[Section]]:
    """Every section by its name, in the order of the file."""
    hints = get_type_hints(Settings).items()
    return {name: kind for name, kind in hints if name not in {*TOP_KEYS, PLANS, "notify"}}


@functools.cache
def keys() -> dict[str, Key]:
    """Every key of every section by its full name, in the order of the file."""
    found = (key for section, kind in sections().items() for key in fields(kind, section).values())
    return {key.name: key for key in (*found, *(fields(Settings)[name] for name in TOP_KEYS))}
