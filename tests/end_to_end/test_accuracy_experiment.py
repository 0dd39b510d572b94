"""The experiment of docs/accuracy.md, hurried: netledger's difference is 0 at every stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.accuracy.contestants import missing_programs
from tests.accuracy.experiment import Experiment, Pace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.world import World

pytestmark = [pytest.mark.namespaces, pytest.mark.prometheus]


def test_netledger_is_exact_through_every_stage(world: World, tmp_path: Path) -> None:
    if lacking := missing_programs():
        pytest.skip(f"not installed: {', '.join(lacking)}")

    standings = Experiment(world, tmp_path, Pace(scrape=1, settle=2.5, outage=2)).run()

    assert [standing.netledger - standing.truth for standing in standings] == [0] * len(standings)
