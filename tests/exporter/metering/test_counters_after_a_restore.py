"""A restored ledger may hold less than before; the counters of /metrics never tell Prometheus more than was moved."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import yaml

from exporter.ledger.upkeep.backups import backup_path, write_backup
from exporter.ledger.upkeep.retention import Keep, Retention
from tests.prometheus.rule_files import needs_promtool, promtool

if TYPE_CHECKING:
    from pathlib import Path

    from tests.worlds.books import Books

TODAY = date(2026, 6, 12)


class Scraped:
    """What a Prometheus sees of one interface's received bytes, and what it makes of it."""

    def __init__(self, books: Books) -> None:
        self.books, self.samples = books, [0]

    def scrape(self, device: str = "eth0") -> int:
        (state,) = (found for found in self.books.shot.interfaces if found.name == device)
        counted = [each.exposed.receive_bytes for each in self.books.shot.interfaces if each.is_counted]
        assert len(counted) > 1 or [self.books.machine_exposed] == counted, "the machine's counter goes with it"
        self.samples.append(state.exposed.receive_bytes)
        return self.samples[-1]

    @property
    def increase(self) -> int:
        """As increase() without extrapolation: a sample below the one before began again at 0."""
        return sum(after - before if after >= before else after for before, after in pairwise(self.samples))


@pytest.fixture
def scraped(books: Books) -> Scraped:
    """Books with a long life behind them, a backup, and 100 bytes since; scraped."""
    seen = Scraped(books)
    books.start()
    for amount in (5_000_000, 900_000):
        books.machine.move("eth0", amount)
        books.run(1)
        books.commit()
        seen.scrape()
    write_backup(books.path, TODAY, 7)
    _move(seen, 100)
    return seen


def test_within_a_boot_a_restore_is_not_seen_at_all(scraped: Scraped) -> None:
    books = scraped.books
    books.crash()
    books.path.write_bytes(b"garbage" * 1000)
    books.start()
    scraped.scrape()
    _move(scraped, 11)

    assert scraped.samples == [0, 5_000_000, 5_900_000, 5_900_100, 5_900_100, 5_900_111]


def test_a_boot_between_backup_and_damage_makes_an_honest_reset(scraped: Scraped) -> None:
    books = scraped.books
    books.stop()
    books.machine.reboot()
    books.start()
    _move(scraped, 3_000)
    books.crash()
    books.path.write_bytes(b"garbage" * 1000)
    books.start()
    first = scraped.scrape()
    _move(scraped, 40)

    assert first == 0
    assert scraped.increase == 5_900_100 + 3_000 + 40
    assert books.lifetime("eth0")[0] == 5_900_000 + 3_000 + 40, "the ledger's own answers are those of its days"


@needs_promtool
@pytest.mark.parametrize("damage", ["within a boot", "after a boot"])
def test_prometheus_itself_sees_what_was_moved(scraped: Scraped, tmp_path: Path, damage: str) -> None:
    books = scraped.books
    books.crash()
    if damage == "after a boot":
        books.machine.reboot()
    books.path.write_bytes(b"garbage" * 1000)
    books.start()
    scraped.scrape()
    _move(scraped, 40)
    name, minutes = "netledger_interface_receive_bytes_total", len(scraped.samples) - 1
    # From the first sample, which is 0, to the last one: nothing is extrapolated.
    query = f"increase({name}[{minutes}m1s])"
    case = {"expr": query, "eval_time": f"{minutes}m", "exp_samples": [{"labels": "{}", "value": scraped.increase}]}
    series = {"series": name, "values": " ".join(map(str, scraped.samples))}
    test = {"interval": "1m", "input_series": [series], "promql_expr_test": [case]}
    path = tmp_path / "increase.yml"
    path.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [test]}), encoding="utf-8")

    code, said = promtool("test", "rules", path)

    assert code == 0, said


def test_where_a_counter_began_stays_known_over_restarts_and_kills(scraped: Scraped) -> None:
    books = scraped.books
    books.crash()
    books.machine.reboot()
    books.path.unlink()
    books.start()
    scraped.scrape()
    _move(scraped, 40)
    for leave in (books.stop, books.crash, books.stop):
        leave()
        books.start()
        scraped.scrape()
        _move(scraped, 5)

    assert scraped.increase == 5_900_100 + 40 + 15
    assert scraped.samples[-1] == 55


def test_a_start_that_ends_before_its_first_commit_forgets_nothing(scraped: Scraped) -> None:
    books = scraped.books
    books.crash()
    books.machine.reboot()
    books.path.unlink()
    books.commit, commit = (lambda: None), books.commit  # type: ignore[method-assign]  # killed before it
    books.start()
    books.crash()
    books.commit = commit  # type: ignore[method-assign]
    books.start()

    assert scraped.scrape() == 0


def test_a_backup_that_somebody_put_back_by_hand_is_known_as_one(scraped: Scraped) -> None:
    books = scraped.books
    books.stop()
    books.machine.reboot()
    books.path.write_bytes(backup_path(books.path, TODAY).read_bytes())

    books.start()

    assert scraped.scrape() == 0


def test_an_interface_that_is_away_at_the_restore_begins_again_too(scraped: Scraped) -> None:
    books = scraped.books
    books.crash()
    books.machine.delete("eth0")
    books.path.unlink()
    books.start()
    scraped.scrape()
    books.machine.create("eth0", is_uplink=True)
    _move(scraped, 7)

    assert scraped.increase == 5_900_100 + 7


def test_an_interface_that_the_backup_does_not_know_begins_again_too(scraped: Scraped) -> None:
    books = scraped.books
    books.machine.create("wan1", is_uplink=True)
    books.machine.move("wan1", 1000)
    books.run(1)
    books.commit()
    seen = Scraped(books)
    seen.scrape("wan1")
    books.crash()
    books.path.unlink()
    books.start()
    seen.scrape("wan1")

    assert seen.increase == 1000


@pytest.mark.parametrize("way", ["crash", "stop"])
def test_a_counter_that_was_shown_in_this_process_goes_on(scraped: Scraped, way: str) -> None:
    books = scraped.books
    books.machine.reboot()
    books.crash()
    books.start()
    _move(scraped, 3_000)
    books.handover = books.interfaces.handover()
    {"crash": books.crash, "stop": books.stop}[way]()
    books.path.unlink()
    books.machine.move("eth0", 9)
    books.start()
    scraped.scrape()
    _move(scraped, 40)

    assert scraped.samples == sorted(scraped.samples)
    assert scraped.increase == 5_900_100 + 3_000 + 9 + 40


def test_an_interface_that_is_folded_leaves_no_base_behind(scraped: Scraped) -> None:
    books = scraped.books
    books.machine.create("tun0", is_physical=False)
    books.machine.move("tun0", 1000)
    books.run(1)
    books.commit()
    write_backup(books.path, TODAY, 7)
    books.crash()
    books.machine.reboot()
    books.machine.delete("tun0")
    books.path.unlink()
    books.start()
    books.commit()
    before = books.rows("SELECT count(*) FROM state WHERE name LIKE 'counter_base:%'")
    keep = Keep(1, 1, 2**40)

    books.machine.wait(40 * 86_400)
    books.sample()
    books.commit()
    Retention(books.writer, books.path).tidy(keep, books.machine.seconds)

    assert before == [(2,)]
    assert books.rows("SELECT count(*) FROM state WHERE name LIKE 'counter_base:%'") == [(1,)]


def _move(scraped: Scraped, amount: int) -> None:
    books = scraped.books
    books.machine.move("eth0", amount)
    books.run(1)
    books.commit()
    scraped.scrape()
