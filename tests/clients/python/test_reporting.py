"""The reporter: what waits is bounded, goes out in batches, comes again with its id, and is sent at the end."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from netledger_client import ClientSettings, Reporter, RequestEvent
from tests.clients.python.collectors import KEY, Collector, collecting, free_port, hanging

if TYPE_CHECKING:
    from pathlib import Path

EVENT = RequestEvent(1_761_955_200.25, "GET", "/a/1", "/a/{id}", 200, 0.0015, 3, 7, "192.0.2.7", "an agent", "me")


def _settings(url: str, **changes: float) -> ClientSettings:
    return ClientSettings(url, KEY, quiet_seconds=0.02)._replace(**changes)  # type: ignore[arg-type]


def _numbered(count: int) -> list[RequestEvent]:
    return [EVENT._replace(path=f"/{number}") for number in range(count)]


def _add(reporter: Reporter, count: int) -> None:
    for event in _numbered(count):
        reporter.add(event)


def _is_alive() -> bool:
    return any(thread.name == "netledger-client" for thread in threading.enumerate())


def test_an_event_has_the_fields_that_netledger_takes(collector: Collector) -> None:
    with closing(Reporter(_settings(collector.url))) as reporter:
        reporter.add(EVENT)
        (event,) = collector.wait_for(1)

    assert event == {
        "created_at": "2025-11-01T00:00:00.250000+00:00",
        "method": "GET",
        "endpoint": "/a/1",
        "ip": "192.0.2.7",
        "process_time": 1.5,
        "status_code": 200,
        "request_bytes": 3,
        "response_bytes": 7,
        "route": "/a/{id}",
        "user_agent": "an agent",
        "user_id": "me",
    }
    assert collector.requests[0]["x-api-key"] == KEY


def test_what_was_not_given_is_not_sent_and_a_lone_surrogate_harms_nothing(collector: Collector) -> None:
    with closing(Reporter(_settings(collector.url))) as reporter:
        reporter.add(RequestEvent(0.0, "GET", "/\udce4" + "x" * 3000, "", 0, -1.0))
        (event,) = collector.wait_for(1)

    assert event["endpoint"] == "/?" + "x" * 1998
    assert event["process_time"] == 0
    assert not {"route", "user_agent", "user_id"} & event.keys()


def test_there_is_no_thread_before_the_first_event_and_none_after_the_end(collector: Collector) -> None:
    reporter = Reporter(_settings(collector.url))
    assert not _is_alive()

    reporter.add(EVENT)
    assert _is_alive()
    reporter.close()

    assert not _is_alive()
    assert len(collector.events) == reporter.sent == 1


def test_batches_hold_500_events_in_their_order(collector: Collector) -> None:
    with closing(Reporter(_settings(collector.url))) as reporter:
        _add(reporter, 1700)
        events = collector.wait_for(1700)

    assert [event["endpoint"] for event in events] == [f"/{number}" for number in range(1700)]
    assert max(map(len, collector.batches.values())) == 500


def test_a_batch_of_long_events_is_smaller_than_netledger_takes(collector: Collector) -> None:
    with closing(Reporter(_settings(collector.url))) as reporter:
        for number in range(500):
            reporter.add(EVENT._replace(path=f"/{number}/" + "ü" * 2000))
        events = collector.wait_for(500)

    assert [event["endpoint"].split("/")[1] for event in events] == [str(number) for number in range(500)]
    assert max(int(each["content-length"]) for each in collector.requests) < 1 << 20


def test_the_oldest_give_way_when_the_queue_is_full() -> None:
    port = free_port()
    reporter = Reporter(_settings(f"http://127.0.0.1:{port}"))
    _add(reporter, 500)
    while not reporter._is_busy:
        time.sleep(0.001)
    _add(reporter, 10_200)
    assert reporter.dropped == 200

    with collecting(port=port) as collector, closing(reporter):
        reporter.flush(20)
        events = collector.wait_for(10_500)

    assert len(events) == 10_500
    assert events[500]["endpoint"] == "/200"
    assert reporter.sent == 10_500


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_come_again_comes_with_the_same_id(collector: Collector, status: int) -> None:
    collector.statuses = [status, status]
    with closing(Reporter(_settings(collector.url))) as reporter:
        reporter.add(EVENT)
        collector.wait_for_tries(1)
        reporter.flush(0)
        collector.wait_for(1)

    assert len(collector.ids) == 3
    assert len(set(collector.ids)) == 1
    assert (reporter.sent, reporter.dropped) == (1, 0)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 413, 422])
def test_what_is_refused_is_dropped_and_counted(collector: Collector, status: int) -> None:
    collector.statuses, collector.is_stuck = [status], True
    with closing(Reporter(_settings(collector.url))) as reporter:
        _add(reporter, 3)
        assert reporter.flush(20)

    assert reporter.dropped == 3
    assert len(collector.ids) == len(set(collector.ids))


def test_rows_that_are_refused_are_counted(collector: Collector) -> None:
    collector.refused = [{"row": 0, "reason": "created_at is too old"}]
    with closing(Reporter(_settings(collector.url))) as reporter:
        _add(reporter, 3)
        assert reporter.flush(20)

    assert (reporter.sent, reporter.refused, reporter.dropped) == (2, 1, 0)


def test_the_wait_that_an_answer_asks_for_is_kept(collector: Collector) -> None:
    collector.statuses, collector.headers = [429], {"Retry-After": "1"}
    with closing(Reporter(_settings(collector.url))) as reporter:
        reporter.add(EVENT)
        collector.wait_for(1)

    assert collector.times[1] - collector.times[0] >= 1


def test_a_collector_that_comes_back_gets_what_waited() -> None:
    port = free_port()
    with closing(Reporter(_settings(f"http://127.0.0.1:{port}"))) as reporter:
        _add(reporter, 700)
        with collecting(port=port) as first:
            assert len(first.wait_for(700)) == 700
            assert reporter.flush(20)
        reporter.add(EVENT)
        with collecting(port=port) as second:
            assert second.wait_for(1)
            assert reporter.flush(20)

    assert (reporter.sent, reporter.dropped) == (701, 0)


def test_a_connection_that_was_kept_and_is_closed_costs_nothing() -> None:
    port = free_port()
    with closing(Reporter(_settings(f"http://127.0.0.1:{port}", quiet_seconds=0.01))) as reporter:
        for _ in range(3):
            with collecting(port=port) as collector:
                reporter.add(EVENT)
                reporter.flush(20)
                collector.wait_for(1)

    assert (reporter.sent, reporter.dropped) == (3, 0)


def test_a_hanging_collector_is_given_up_at_the_end() -> None:
    with hanging() as url:
        reporter = Reporter(_settings(url, exit_seconds=0.2, answer_seconds=0.5))
        _add(reporter, 600)

        reporter.close()
        thread = reporter._thread
        assert thread is not None
        thread.join(10)

    assert not _is_alive()
    assert reporter.dropped == 600


def test_what_comes_after_the_end_is_dropped(collector: Collector) -> None:
    reporter = Reporter(_settings(collector.url))
    reporter.close()

    reporter.add(EVENT)

    assert reporter.dropped == 1
    assert not _is_alive()


def test_gzip_is_for_other_machines(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netledger_client.transport.HERE", ("nowhere",))
    with closing(Reporter(_settings(collector.url))) as reporter:
        _add(reporter, 100)
        reporter.flush(20)
        assert len(collector.wait_for(100)) == 100

    assert collector.requests[0]["content-encoding"] == "gzip"


def test_an_event_that_cannot_be_encoded_costs_itself_alone(collector: Collector) -> None:
    with closing(Reporter(_settings(collector.url))) as reporter:
        reporter.add(EVENT._replace(path=3))  # type: ignore[arg-type]
        reporter.add(EVENT)
        collector.wait_for(1)

    assert (reporter.errors, reporter.dropped, reporter.sent) == (1, 1, 1)


def test_many_threads_lose_nothing(collector: Collector) -> None:
    with closing(Reporter(_settings(collector.url))) as reporter:
        threads = [threading.Thread(target=lambda: _add(reporter, 500)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(collector.wait_for(4000)) == 4000


def _run(program: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(sys.path)
    return subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", textwrap.dedent(program)],
        cwd=folder,
        env={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_end_of_a_process_sends_what_waits(collector: Collector, tmp_path: Path) -> None:
    program = """
        from netledger_client.reporting import new_recorder
        from netledger_client import RequestEvent
        import time
        recorder = new_recorder()
        for number in range(1234):
            recorder.add(RequestEvent(time.time(), "GET", f"/{number}", "", 200, 0.001))
    """

    ended = _run(program, tmp_path, NETLEDGER_URL=collector.url, NETLEDGER_KEY=KEY)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(collector.events) == 1234


def test_a_process_ends_though_its_collector_hangs(tmp_path: Path) -> None:
    program = """
        from netledger_client import ClientSettings, Reporter, RequestEvent
        import os
        reporter = Reporter(ClientSettings(os.environ["URL"], "k", quiet_seconds=0, exit_seconds=0.3))
        reporter.add(RequestEvent(0, "GET", "/", "", 200, 0.001))
        import atexit, time
        began = time.monotonic()
        atexit._run_exitfuncs()
        assert time.monotonic() - began < 4, "an answer may take 5 s"
    """
    with hanging() as url:
        ended = _run(program, tmp_path, URL=url)

    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_forked_child_begins_with_nothing_and_sends_its_own(collector: Collector, tmp_path: Path) -> None:
    program = """
        import os, sys, time
        from netledger_client import ClientSettings, Reporter, RequestEvent
        reporter = Reporter(ClientSettings(os.environ["URL"], os.environ["KEY"], quiet_seconds=0.5))
        def add(name, count):
            for number in range(count):
                reporter.add(RequestEvent(time.time(), "GET", name, "", 200, 0.001))
        add("/parent", 1)
        reporter.flush(20)
        add("/parent", 99)
        for _ in range(3):
            if os.fork() == 0:
                add("/child", 10)
                sys.exit(0)
        for _ in range(3):
            assert os.wait()[1] == 0
    """

    ended = _run(program, tmp_path, URL=collector.url, KEY=KEY)

    assert (ended.returncode, ended.stderr) == (0, "")
    paths = [event["endpoint"] for event in collector.events]
    assert (paths.count("/parent"), paths.count("/child")) == (100, 30)
