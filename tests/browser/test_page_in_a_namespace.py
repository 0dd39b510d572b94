"""The real thing: the kernel's counters of a namespace, netledger in it, and a browser beside it."""

from __future__ import annotations

import re
import shutil
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import async_playwright

from tests.browser.visitor import Visitor
from tests.end_to_end.world import World
from tests.privileges import reason_against_namespaces

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.end_to_end.namespaces import Namespace

pytestmark = pytest.mark.namespaces
SIZES = {"B": 1, "kB": 10**3, "MB": 10**6}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A machine with one uplink, quiet until a test moves something."""
    if reason := reason_against_namespaces():
        pytest.skip(reason)
    with World(tmp_path) as made:
        yield made


@asynccontextmanager
async def visiting(namespace: Namespace, folder: Path, url: str) -> AsyncIterator[Visitor]:
    """A browser of its own, started inside the namespace: it sees no other network."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed (Debian package chromium)")
    inside = folder / "chromium-inside"
    inside.write_text(f'#!/bin/sh\nexec ip netns exec {namespace.name} {program} "$@"\n', encoding="utf-8")
    inside.chmod(0o755)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=inside, args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
        )
        try:
            visitor = Visitor(await browser.new_page(), url)
            await visitor.open()
            yield visitor
        finally:
            await browser.close()


async def test_the_page_moves_with_the_kernel_and_comes_to_the_same_byte_count(world: World, tmp_path: Path) -> None:
    netledger = world.netledger()
    netledger.start()
    async with visiting(world.machine, tmp_path, f"http://127.0.0.1:{netledger.port}/") as tab:
        before = await today(tab)
        with world.background_traffic():
            await tab.until_text('.speed.receive [data-live="receive"]', "Mbit/s")
            moving = await until_more(tab, before)
        world.wait_until_quiet()
        kernel = world.machine.counter("up0")
        told = pytest.approx(kernel.bytes, rel=0.006)  # two decimals are shown
        ends = time.monotonic() + 5
        while (shown := await today(tab)) != told and time.monotonic() < ends:
            await tab.page.wait_for_timeout(100)

        assert before < moving <= shown
        assert shown == told
        assert tab.complaints == []


async def today(tab: Visitor) -> float:
    number, unit = re.split(r"\s+", await tab.text('[data-live="today"]'))
    return float(number) * SIZES[unit]


async def until_more(tab: Visitor, than: float) -> float:
    ends = time.monotonic() + 15
    while (shown := await today(tab)) <= than:
        assert time.monotonic() < ends, "today does not move"
        await tab.page.wait_for_timeout(100)
    return shown
