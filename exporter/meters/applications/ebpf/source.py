"""The source of applications by eBPF: every packet of every socket, counted in the kernel by its owner."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from exporter.metering.samples import MeterError
from exporter.meters.applications.cgroup2 import PROC, CgroupMount, cgroup2_mounts
from exporter.meters.applications.ebpf import loading, syscalls
from exporter.meters.applications.ebpf.accounts import AccountTable
from exporter.meters.applications.ebpf.adoption import Adopter
from exporter.meters.applications.ebpf.btf import BtfError
from exporter.meters.applications.ebpf.elf import ElfError
from exporter.meters.applications.ebpf.loading import Knowledge, LoadedPrograms
from exporter.meters.applications.ebpf.syscalls import BpfError
from exporter.meters.applications.ebpf.tunnels import Tunnels
from exporter.meters.applications.scopes import Scopes
from exporter.meters.applications.traffic import Backend, SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.meters.applications.traffic import Traffic
    from exporter.settings.tree import Settings

MOST_ACCOUNTS = 4096
ADOPTION_SECONDS = 0.1
"""At the start; sockets that are left are adopted by the next refresh, and count as (unknown) until then."""

PATIENT_SECONDS = 5.0
FIRST_PID_NAMESPACE = 0xEFFFFFFC
"""include/linux/proc_ns.h: PROC_PID_INIT_INO."""

NO_NAMES = "processes that end within a second are (short-lived): their names need CAP_PERFMON and the kernel's BTF"
NO_NUMBERS = "programs have names by their unit or container alone: others need CAP_PERFMON, or the first PID namespace"
NO_ADOPTION = (
    "sockets that some processes ({}) had before netledger ran are (unknown): finding their owners needs "
    "CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH and the capabilities that these processes have"
)


def find_cgroup(proc: Path = PROC) -> CgroupMount:
    """The mount of cgroup 2 that shows most of the hierarchy; raises SourceError."""
    mounts = cgroup2_mounts(proc)
    if not mounts:
        raise SourceError("no cgroup 2 is mounted: mount -t cgroup2 none /sys/fs/cgroup/unified")
    return mounts[0]


class EbpfSource:
    """Programs in the kernel and their accounts; they end with the source, or with the process."""

    is_quick = True

    def __init__(
        self, loaded: LoadedPrograms, scopes: Sequence[str], cgroup: CgroupMount, most: int = MOST_ACCOUNTS
    ) -> None:
        """The programs are attached."""
        self._loaded = loaded
        has_numbers = has_first_numbers()
        self._table = AccountTable(loaded, scopes, most, command_of if has_numbers else None)
        self._tunnels = Tunnels(loaded.maps[loading.TUNNELS])
        loaded.held.callback(self._tunnels.close)
        self._adopter = Adopter(loaded, cgroup.path)
        self._adoption = self._adopter.adopt(ADOPTION_SECONDS)
        limits = [] if loaded.knowledge.names else [NO_NAMES if has_numbers else NO_NUMBERS]
        if self._adoption.refused:
            limits.append(NO_ADOPTION.format(self._adoption.refused))
        if cgroup.root != "/":
            limits.append(f"only sockets of the cgroup {cgroup.root} are seen: the rest is outside this container")
        self.backend = Backend("ebpf", "", tuple(limits))

    @property
    def overflow_bytes(self) -> int:
        """Bytes of accounts that the kernel's map had no room for."""
        return self._table.overflow_bytes

    def read(self) -> Sequence[Traffic]:
        """What every owner moved since the last read; raises MeterError."""
        try:
            self._tunnels.follow()
            return self._table.read()
        except OSError as error:
            raise MeterError(f"the accounts of applications cannot be read: {error.strerror}") from error

    def refresh(self) -> None:
        """Adopt the sockets that the start had no time for."""
        if not self._adoption.is_complete:
            self._adoption = self._adopter.adopt(PATIENT_SECONDS)

    def close(self) -> None:
        """Detach: nothing stays in the kernel."""
        self._loaded.held.close()


def open_source(settings: Settings) -> EbpfSource:
    """Count in all of this machine, for the networks of the settings; raises SourceError with one sentence."""
    return open_ebpf(Scopes(settings.networks), find_cgroup())


def open_ebpf(
    scopes: Scopes, cgroup: CgroupMount, most: int = MOST_ACCOUNTS, knowledge: Knowledge | None = None
) -> EbpfSource:
    """Load, attach, adopt; raises SourceError. `knowledge` is read from the kernel where it is not given."""
    if not syscalls.is_known_machine():
        raise SourceError("eBPF programs are for 64-bit little-endian machines")
    try:
        loaded = _load(_knowledge() if knowledge is None else knowledge, scopes, most)
    except BpfError as error:
        raise loading.reason_of(error) from error
    except ElfError as error:
        raise SourceError(f"{loading.OBJECT}: {error}") from error
    except OSError as error:
        raise SourceError(f"{loading.OBJECT}: {error.strerror}") from error
    try:
        loading.attach(loaded, cgroup.path)
        return EbpfSource(loaded, scopes.names, cgroup, most)
    except OSError as error:
        loaded.held.close()
        raise SourceError(f"eBPF programs cannot be attached to {cgroup.path}: {error.strerror}") from error


def _knowledge() -> Knowledge:
    try:
        return loading.read_knowledge()
    except BtfError:
        return Knowledge()


def _load(knowledge: Knowledge, scopes: Scopes, most: int) -> LoadedPrograms:
    """With names, and without where CAP_PERFMON is missing: the kernel then refuses the calls that read them."""
    try:
        return loading.load(knowledge, scopes.prefixes(), len(scopes.names), most)
    except BpfError:
        if not knowledge.names:
            raise
        return loading.load(Knowledge(), scopes.prefixes(), len(scopes.names), most)


def has_first_numbers(namespace: Path = Path("/proc/self/ns/pid")) -> bool:
    """Whether processes have the numbers here that the kernel's programs see: those of its first namespace."""
    try:
        return namespace.stat().st_ino == FIRST_PID_NAMESPACE
    except OSError:
        return False


def command_of(pid: int, proc: Path = Path("/proc")) -> str:
    """The command of a process, "" once it has ended."""
    try:
        return (proc / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").rstrip("\n")
    except OSError:
        return ""
