"""Facts that `netledger doctor` diagnoses: of the ledger, the service and the clock; meters bring their own checks."""

from __future__ import annotations

import os
import shutil
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import exporter
from exporter.doctor.mirror_check import check_mirror
from exporter.doctor.setting_checks import plan_warnings
from exporter.ledger.files import is_there, last_sample, size_on_disk
from exporter.ledger.opening.inspection import ledger_faults
from exporter.ledger.upkeep.backups import backup_folder, backups_of
from exporter.metering.pace import Pace
from exporter.meters.registry import METERS
from exporter.session.client import UNAUTHORIZED, ServiceClient, ServiceError
from exporter.session.session import SessionError, require_lock_access
from exporter.settings.zone import ZoneError, day_zone
from exporter.updating.journal import is_update_running, read_entry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from exporter.ledger.locks.holder import Holder
    from exporter.meters.findings import Finding, MeterReport
    from exporter.session.session import Session
    from exporter.settings.tree import Ledger, Settings
    from exporter.updating.journal import UpdateEntry
    from reports.ledger.reader import Gap, Incident, LedgerReader

WEEK_SECONDS = 7 * 86_400


class LedgerFacts(NamedTuple):
    """The ledger for this user; times are UTC seconds, `sampled_at` is that of the last sample."""

    path: Path
    problem: str = ""
    remedy: str = ""
    is_writable: bool = True
    size: int = 0
    free_bytes: int = 0
    zone: str = ""
    notices: tuple[Incident, ...] = ()
    gaps: tuple[Gap, ...] = ()
    began: int | None = None
    sampled_at: int | None = None
    last_backup: Path | None = None
    sees_backups: bool = True
    keeps_backups: bool = True
    faults: tuple[str, ...] = ()


class ServiceFacts(NamedTuple):
    """The process that writes the ledger (0: none), and its answer; `is_other`: it writes another user's ledger.

    `meters` are what it says of its meters, by name.
    """

    pid: int = 0
    url: str = ""
    problem: str = ""
    remedy: str = ""
    needs_key: bool = False
    reported_problems: tuple[str, ...] = ()
    is_other: bool = False
    meters: Mapping[str, Mapping[str, object]] = {}


class ClockFacts(NamedTuple):
    """UTC seconds, and the zone of the settings; `is_auto`: it is the system's."""

    now: int
    zone: str
    is_auto: bool
    problem: str = ""


class Facts(NamedTuple):
    """Everything that is diagnosed."""

    meters: tuple[MeterReport, ...]
    ledger: LedgerFacts
    service: ServiceFacts
    clock: ClockFacts
    plan_warnings: tuple[str, ...] = ()
    pace: Pace | None = None
    update: UpdateEntry | None = None
    mirror: tuple[Finding, ...] = ()


def examine(session: Session) -> Facts:
    """Check everything once; raises nothing that a machine in a bad state can cause."""
    settings, service, pace = session.settings, _service(session), Pace(session.settings)
    pace.refresh()
    try:
        with session.read() as reader:
            meters, ledger = _check_meters(settings, reader, service), _read_ledger(session, reader)
    except SessionError as error:
        meters = _check_meters(settings, None, service)
        ledger = _ledger_file(settings.ledger)._replace(problem=error.problem, remedy=error.remedy)
    rest = (tuple(plan_warnings(settings)), pace, _update(settings.ledger), tuple(check_mirror(settings.mirror)))
    return Facts(meters, ledger, service, _clock(session), *rest)


def _update(settings: Ledger) -> UpdateEntry | None:
    """An update that was interrupted, or that failed; none while one runs, or after another way to a newer version."""
    entry = None if is_update_running(settings.path) else read_entry(settings.path)
    return entry if entry is None or entry.is_under_way or entry.old == exporter.__version__ else None


def _check_meters(settings: Settings, reader: LedgerReader | None, service: ServiceFacts) -> tuple[MeterReport, ...]:
    return tuple(
        import_module(kind.checks).check(settings, reader, service.meters.get(kind.spec.name))
        for kind in METERS
        if kind.checks
    )


def _ledger_file(settings: Ledger) -> LedgerFacts:
    return LedgerFacts(settings.path, is_writable=_may_write(settings.path), keeps_backups=settings.backups > 0)


def _read_ledger(session: Session, reader: LedgerReader) -> LedgerFacts:
    path, now = session.settings.ledger.path, int(session.now())
    folder = backup_folder(path)
    return _ledger_file(session.settings.ledger)._replace(
        zone=reader.zone.key,
        notices=tuple(reader.incidents(only_unseen=True)),
        gaps=tuple(reader.gaps(now - WEEK_SECONDS, now)),
        began=reader.first_seen(),
        sampled_at=last_sample(path),
        faults=tuple(ledger_faults(path)),
        size=size_on_disk(path),
        free_bytes=shutil.disk_usage(path.parent).free,
        last_backup=next(iter(backups_of(path)), None),
        sees_backups=not is_there(folder) or os.access(folder, os.R_OK | os.X_OK),
    )


def _may_write(path: Path) -> bool:
    """The file, and beside it its log and its lock; for a ledger that is yet to be made, the nearest folder."""
    folder = next((parent for parent in path.parents if is_there(parent)), path.parent)
    return os.access(folder, os.W_OK | os.X_OK) and (not is_there(path) or os.access(path, os.W_OK))


def _service(session: Session) -> ServiceFacts:
    if session.holder is None:
        try:
            if (other := session.any_service()) is not None:
                return _answered(ServiceFacts(url=other.url, is_other=True), other)
            require_lock_access(session.settings.ledger.path)
        except SessionError as error:
            return ServiceFacts(problem=error.problem, remedy=error.remedy)
        return ServiceFacts()
    service = ServiceFacts(session.holder.pid, url=session.holder.url, needs_key=_needs_key(session, session.holder))
    if session.client is None:
        return service._replace(problem="it is starting")
    return _answered(service, session.client)


def _answered(service: ServiceFacts, client: ServiceClient) -> ServiceFacts:
    try:
        health = client.get("/api/health")
    except ServiceError as error:
        return service._replace(problem=str(error))
    problems = tuple(map(str, health.get("problems", ())))
    return service._replace(reported_problems=problems, meters=health.get("meters", {}))


def _needs_key(session: Session, holder: Holder) -> bool:
    """Whether the service asks others for something; over TLS as the settings say, since its certificate is unknown."""
    if not holder.url.startswith("http://"):
        return bool(session.settings.auth.api_keys)
    try:
        ServiceClient(holder.url).get("/api/storage")
    except ServiceError as error:
        return error.status == UNAUTHORIZED
    return False


def _clock(session: Session) -> ClockFacts:
    timezone = session.settings.ledger.timezone
    try:
        zone, problem = day_zone(timezone).key, ""
    except ZoneError as error:
        zone, problem = "", str(error)
    return ClockFacts(int(session.now()), zone, timezone == "auto", problem)
