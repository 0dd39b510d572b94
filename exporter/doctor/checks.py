"""The doctor's eyes: facts about the meter, the ledger, the service and the clock, without a judgement."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from exporter.doctor.setting_checks import plan_warnings
from exporter.ledger.files import size_on_disk
from exporter.ledger.upkeep.backups import backup_folder, backups_of
from exporter.metering.readings import MeterError
from exporter.meters.interfaces import open_interface_meter
from exporter.meters.interfaces.counting import CountingRules
from exporter.meters.interfaces.linux.uplinks import parse_ipv4_routes, parse_ipv6_routes
from exporter.session.client import UNAUTHORIZED, ServiceClient, ServiceError
from exporter.session.session import SessionError, require_sight
from exporter.session.zone import ZoneError, day_zone

if TYPE_CHECKING:
    from exporter.ledger.locks.holder import Holder
    from exporter.metering.readings import Look
    from exporter.session.session import Session
    from reports.ledger.reader import Gap, Incident

WEEK_SECONDS = 7 * 86_400


class Meter(NamedTuple):
    """What the meter saw, or why it saw nothing.

    `source` names the counters; `hears` is whether the kernel tells of births and ends.
    """

    look: Look | None = None
    source: str = "the system's own counters"
    hears: bool = False
    problem: str = ""
    default_routes: frozenset[str] = frozenset()
    other_namespaces: int = 0


class Ledger(NamedTuple):
    """The ledger as this user finds it; times are UTC seconds."""

    path: Path
    problem: str = ""
    remedy: str = ""
    is_writable: bool = True
    size: int = 0
    free_bytes: int = 0
    zone: str = ""
    uplinks: frozenset[str] = frozenset()
    notices: tuple[Incident, ...] = ()
    gaps: tuple[Gap, ...] = ()
    began: int | None = None
    looked_at: int | None = None
    last_backup: Path | None = None
    sees_backups: bool = True
    keeps_backups: bool = True
    faults: tuple[str, ...] = ()


class Service(NamedTuple):
    """Who writes the ledger (0: nobody), and what they answer; `is_other`: it is another ledger's, of another user."""

    pid: int = 0
    url: str = ""
    problem: str = ""
    remedy: str = ""
    needs_key: bool = False
    told_problems: tuple[str, ...] = ()
    is_other: bool = False


class Clock(NamedTuple):
    """UTC seconds, and the zone of the settings; `is_auto`: it is the system's."""

    now: int
    zone: str
    is_auto: bool
    problem: str = ""


class Facts(NamedTuple):
    """Everything that a diagnosis is made from."""

    meter: Meter
    rules: CountingRules
    ledger: Ledger
    service: Service
    clock: Clock
    plan_warnings: tuple[str, ...] = ()


def examine(session: Session, proc: Path = Path("/proc")) -> Facts:
    """Look at everything once; raises nothing that a machine in a bad state can cause."""
    interfaces = session.settings.interfaces
    rules = CountingRules(interfaces.include, interfaces.exclude, interfaces.counted)
    warnings = tuple(plan_warnings(session.settings))
    return Facts(_meter(proc), rules, _ledger(session), _service(session), _clock(session), warnings)


def _meter(proc: Path) -> Meter:
    try:
        meter = open_interface_meter()
        try:
            look = meter.look()
            ask = getattr(meter, "default_devices", None)
            routed = _default_routes(proc) if ask is None else ask()
            hears = getattr(meter, "fileno", lambda: None)() is not None
        finally:
            meter.close()
        return Meter(look, _source(proc), hears, "", routed, _other_namespaces(proc))
    except MeterError as error:
        return Meter(problem=str(error))


def _source(proc: Path) -> str:
    return f"the kernel's counters ({proc}/net/dev)" if (proc / "net/dev").exists() else Meter().source


def _default_routes(proc: Path) -> frozenset[str]:
    """Devices with a default route; none where the system writes no such files."""
    found = []
    for name, parse in (("net/route", parse_ipv4_routes), ("net/ipv6_route", parse_ipv6_routes)):
        try:
            found += parse((proc / name).read_text(encoding="utf-8", errors="replace"), name)
        except OSError:
            continue
    return frozenset(route.device for route in found if route.length == 0 and route.device != "lo")


def _other_namespaces(proc: Path) -> int:
    """Network namespaces of processes that this user may see, besides its own."""
    seen = set()
    for link in (*proc.glob("[0-9]*/ns/net"), proc / "self/ns/net"):
        try:
            seen.add(link.readlink().name)
        except OSError:
            continue
    return max(len(seen) - 1, 0)


def _ledger(session: Session) -> Ledger:
    settings, now = session.settings.ledger, int(session.now())
    path = settings.path
    facts = Ledger(path, is_writable=_may_write(path), keeps_backups=settings.backups > 0)
    try:
        with session.read() as reader:
            facts = facts._replace(
                zone=reader.zone.key,
                uplinks=frozenset(held.device for held in reader.interfaces() if held.is_uplink),
                notices=tuple(reader.incidents(only_unseen=True)),
                gaps=tuple(reader.gaps(now - WEEK_SECONDS, now)),
                began=reader.first_seen(),
                looked_at=session.looked_at(),
                faults=tuple(session.faults()),
            )
    except SessionError as error:
        return facts._replace(problem=error.problem, remedy=error.remedy)
    folder = backup_folder(path)
    return facts._replace(
        size=size_on_disk(path),
        free_bytes=shutil.disk_usage(path.parent).free,
        last_backup=next(iter(backups_of(path)), None),
        sees_backups=not _is_there(folder) or os.access(folder, os.R_OK | os.X_OK),
    )


def _may_write(path: Path) -> bool:
    """The file, and beside it its log and its lock; for a ledger that is yet to be made, the nearest folder."""
    folder = next((parent for parent in path.parents if _is_there(parent)), path.parent)
    return os.access(folder, os.W_OK | os.X_OK) and (not _is_there(path) or os.access(path, os.W_OK))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _service(session: Session) -> Service:
    if session.holder is None:
        try:
            if (other := session.answering()) is not None:
                return _answered(Service(url=other.url, is_other=True), other)
            require_sight(session.settings.ledger.path)
        except SessionError as error:
            return Service(problem=error.problem, remedy=error.remedy)
        return Service()
    service = Service(session.holder.pid, url=session.holder.url, needs_key=_needs_key(session, session.holder))
    if session.client is None:
        return service._replace(problem="it is starting")
    return _answered(service, session.client)


def _answered(service: Service, client: ServiceClient) -> Service:
    try:
        told = client.get("/api/health")
    except ServiceError as error:
        return service._replace(problem=str(error))
    return service._replace(told_problems=tuple(map(str, told.get("problems", ()))))


def _needs_key(session: Session, holder: Holder) -> bool:
    """Whether the service asks others for something; over TLS as the settings say, since its certificate is unknown."""
    if not holder.url.startswith("http://"):
        return bool(session.settings.auth.api_keys)
    try:
        ServiceClient(holder.url).get("/api/storage")
    except ServiceError as error:
        return error.status == UNAUTHORIZED
    return False


def _clock(session: Session) -> Clock:
    timezone = session.settings.ledger.timezone
    try:
        zone, problem = day_zone(timezone).key, ""
    except ZoneError as error:
        zone, problem = "", str(error)
    return Clock(int(session.now()), zone, timezone == "auto", problem)
