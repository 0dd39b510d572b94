"""Plays the last hours before now: the machine's clock and bytes move, and the service is asked as a server asks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import aiohttp

from exporter.metering.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.exporter.web.running_service import RunningService
    from tests.grafana.programs import Programs
    from tests.grafana.served import Services

PLAYED_SECONDS = 2 * 3600
SCRAPE_SECONDS = 15
SCRAPES = PLAYED_SECONDS // SCRAPE_SECONDS
GAP = range(SCRAPES // 4, SCRAPES // 4 + 28)
"""Scrapes that nobody answers: seven minutes."""

LEAVES = SCRAPES // 2
RESET, IMPOSSIBLE, ERRORS, LOST = (SCRAPES // 2 + later for later in (0, 40, 60, 80))
SPEEDS = {"eth0": (200_000, 30_000), "wlan0": (40_000, 9_000), "wg0": (10_000, 4_000)}
"""Bytes a second, received and sent."""

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}
SAMPLE = re.compile(r"^(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$", re.MULTILINE)


class Player:
    """One machine's traffic over a service that it starts."""

    bytes_of_wlan, bytes_of_tunnel = (sum(SPEEDS[name]) * PLAYED_SECONDS for name in ("wlan0", "wg0"))

    def __init__(
        self,
        service: RunningService,
        programs: Programs,
        services: Services,
        targets: Sequence[Mapping[str, str]],
        leaving: Mapping[str, str],
    ) -> None:
        """`targets`: the labels that Prometheus gives to the series, for each machine that the service stands for.

        `leaving`: those of one more machine, which is asked for the first hour only.
        """
        self._service, self._machine = service, service.machine
        self._programs, self._services = programs, services
        self._targets = [",".join(f'{name}="{value}"' for name, value in each.items()) for each in (*targets, leaving)]

    async def play(self, file: Path) -> None:
        """Start the service and write all its answers down, with their times, as OpenMetrics."""
        service = self._service
        await service.start()
        async with aiohttp.ClientSession(headers=OPENMETRICS) as session:
            with file.open("w", encoding="utf-8") as written:
                for number in range(SCRAPES):
                    if number == LEAVES:
                        self._targets.pop()
                    self._pass(SCRAPE_SECONDS)
                    if number == GAP.start:
                        await service.stop()
                    if number == GAP.stop:
                        await service.start()
                    if number in GAP:
                        written.writelines(f"up{{{target}}} 0 {self._now}\n" for target in self._targets)
                        continue
                    self._misbehave(number)
                    async with session.get(f"{service.url}/metrics") as answer:
                        page = await answer.text()
                    written.writelines(self._timed(page, target) for target in self._targets)
                written.write("# EOF\n")

    def catch_up(self, now: float) -> None:
        """Move on to the real time."""
        behind = now - self._machine.wall / SECOND
        if behind > 0:
            self._pass(behind)

    @property
    def _now(self) -> str:
        return f"{self._machine.wall / SECOND:.3f}"

    def _pass(self, seconds: float) -> None:
        self._machine.wait(seconds)
        for name, speeds in SPEEDS.items():
            self._machine.move(name, *(int(speed * seconds) for speed in speeds))
        self._programs.run(seconds)
        self._services.run(self._machine.wall, seconds)

    def _misbehave(self, number: int) -> None:
        uplink = self._machine.interfaces["eth0"]
        if number == RESET:
            self._machine.reset("eth0")
        if number == IMPOSSIBLE:
            uplink.move(10**15, 0)
        if number == LOST:
            self._programs.lost_events += 3
        if number == ERRORS:
            uplink.counts = uplink.counts._replace(
                receive_errors=3, transmit_errors=1, receive_drops=20, transmit_drops=2
            )

    def _timed(self, page: str, target: str) -> str:
        """The samples with the target's labels and the time, and those that Prometheus itself adds to a scrape."""
        lines = [
            f"{sample['name']}{{{_joined(sample['labels'], target)}}} {sample['value']} {self._now}"
            for sample in SAMPLE.finditer(page)
        ]
        added = {"up": 1, "scrape_duration_seconds": 0.004, "scrape_samples_scraped": len(lines)}
        lines.extend(f"{name}{{{target}}} {value} {self._now}" for name, value in added.items())
        return "\n".join(lines) + "\n"


def _joined(labels: str | None, target: str) -> str:
    return f"{labels},{target}" if labels else target
