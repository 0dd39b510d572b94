"""Known bytes over one uplink while the world goes wrong, and what each contestant makes of it."""

from __future__ import annotations

import signal
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from tests.accuracy.boots import Boot
from tests.accuracy.contestants import BootedNetledger, NodeExporter, Prometheus, VnStat
from tests.end_to_end.traffic import ETHERNET_IP_UDP_HEADERS
from tests.end_to_end.world import UPLINK, World, eventually

if TYPE_CHECKING:
    from pathlib import Path

DATAGRAM = 50_000
PER_MEGABYTE = 20
INCREASE = 'increase(node_network_{direction}_bytes_total{{device="up0"}}[{seconds}s])'
LAST_SAMPLE = "netledger_last_sample_timestamp_seconds"
MONTH = 'netledger_machine_period_{direction}_bytes{period="month"}'


class Pace(NamedTuple):
    """How long things take, in seconds; the defaults are those of `make accuracy`."""

    scrape: int = 15
    settle: float = 40.0
    outage: float = 420.0


class Standing(NamedTuple):
    """After a stage: bytes so far, true and as each tells them."""

    stage: str
    truth: int
    netledger: int
    increase: float
    vnstat: int


class Experiment:
    """A machine, its meters, and a count of what was really sent."""

    def __init__(self, world: World, folder: Path, pace: Pace) -> None:
        self.world, self.pace, self._folder = world, pace, folder
        self._boots = 0
        self._truth = 0
        boot = self._boot()
        machine = world.machine
        self.netledger = BootedNetledger(machine, boot, folder / "netledger")
        self.vnstat = VnStat(machine, boot, folder / "vnstat")
        self.node_exporter = NodeExporter(machine, boot, folder / "node_exporter")
        self.prometheus = Prometheus(
            machine, boot, folder / "prometheus", seconds=pace.scrape, netledger_port=self.netledger.port
        )
        for program in (self.netledger, self.vnstat, self.node_exporter, self.prometheus):
            world.on_close(program.end)
        self._began = time.monotonic()

    def run(self) -> list[Standing]:
        """Every stage in turn; takes about as long as its pauses."""
        self._start()
        self.prometheus.start()
        eventually(self.vnstat.knows_the_uplink, "vnStat knows the uplink", patience=60)
        self._settle()
        stages = {
            "steady traffic for a minute": self._steady,
            "every meter restarted, traffic meanwhile": self._restarted,
            "every meter killed (`kill -9`), traffic meanwhile": self._killed,
            "interface deleted and created again": self._created_again,
            "reboot: new boot id, counters at 0": self._rebooted,
            f"every meter down for {self.pace.outage:.0f} s, traffic meanwhile": self._outage,
        }
        return [self._after(stage, happen) for stage, happen in stages.items()]

    def _after(self, stage: str, happen: object) -> Standing:
        sys.stderr.write(f"{stage} ...\n")
        assert callable(happen)
        happen()
        self._settle()
        seconds = int(time.monotonic() - self._began) + 1
        return Standing(
            stage,
            self._truth,
            int(self._both(MONTH.replace("{direction}", "{}"))),
            self._both(INCREASE.format(direction="{}", seconds=seconds)),
            self.vnstat.bytes(),
        )

    def _both(self, expression: str) -> float:
        return sum(self.prometheus.sum(expression.replace("{}", way)) for way in ("receive", "transmit"))

    def _move(self, megabytes: int) -> None:
        """So many times a million bytes of payload, four fifths of them received; the headers count too."""
        count = megabytes * PER_MEGABYTE
        before = self.world.machine.counters()
        self.world.uplink.move(receive=count * 4 // 5, transmit=count // 5, size=DATAGRAM)
        framed = (count * 4 // 5 + count // 5) * (DATAGRAM + ETHERNET_IP_UDP_HEADERS)
        moved = self.world.moved_since(before)
        assert moved.receive + moved.transmit == framed, "the kernel has not counted what was sent"
        self._truth += framed

    def _settle(self) -> None:
        """Let everybody look again; Prometheus takes some seconds before it scrapes for the first time."""
        now = time.time()
        time.sleep(self.pace.settle)
        eventually(lambda: self.prometheus.sum(LAST_SAMPLE) > now, "Prometheus has scraped since", patience=60)

    def _steady(self) -> None:
        for _ in range(30):
            self._move(1)
            time.sleep(self.pace.settle / 20)

    def _restarted(self) -> None:
        self._stop()
        self._move(10)
        time.sleep(self.pace.settle / 2)
        self._start()

    def _killed(self) -> None:
        self._move(5)
        self._stop(signal.SIGKILL)
        self._move(10)
        self._start()

    def _created_again(self) -> None:
        self._move(20)
        self._breathe()
        self.world.uplink.delete()
        self._lay_uplink()
        self._move(5)

    def _rebooted(self) -> None:
        self._move(20)
        self._breathe()
        self._stop()
        self.prometheus.end()
        self.world.uplink.delete()
        self.world.machine = self.world.namespace("a")
        self._lay_uplink()
        boot = self._boot()
        for program in (self.netledger, self.vnstat, self.node_exporter, self.prometheus):
            program.namespace, program.boot = self.world.machine, boot
        self._move(5)
        self._start()
        self.prometheus.start()

    def _outage(self) -> None:
        self._move(5)
        self._breathe()
        self._stop()
        self._move(50)
        time.sleep(self.pace.outage)
        self._start()

    @staticmethod
    def _breathe() -> None:
        """Longer than netledger's second between two looks: a real reboot ends later than its last byte, too."""
        time.sleep(2.5)

    def _lay_uplink(self) -> None:
        self.world.uplink = self.world.cable(UPLINK, subnet=0)
        self.world.route_default()

    def _boot(self) -> Boot:
        self._boots += 1
        return Boot(self._folder / f"boot-{self._boots}")

    def _start(self) -> None:
        self.node_exporter.start()
        self.vnstat.start()
        self.netledger.start()

    def _stop(self, signal_number: signal.Signals = signal.SIGTERM) -> None:
        self.netledger.stop(signal_number)
        self.vnstat.end(signal_number)
        self.node_exporter.end(signal_number)
