from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.session.live_applications import scopes_of, speeds
from exporter.session.top_view import TopView, top_lines
from exporter.terminal.screen import ScreenSize
from exporter.terminal.width import text_width
from reports.formats.json.live import LiveApplication, LiveApplications, bytes_per_second

if TYPE_CHECKING:
    from tests.conftest import Golden

ODD = {
    "firefox": {"internet": (1_250_000, 40_000), "lan": (0, 500)},
    "浏览器 下载": {"internet": (9_990_000, 120_000)},
    "backup\x1b[2J\r\nd": {"office": (300, 88_000_000)},
    "postgres": {"loopback": (7_000, 7_000)},
    "a-very-long-name-of-a-container-that-does-not-fit-into-its-column/0123456789": {"lan": (10, 10)},
    "\u202emoc.live": {"internet": (1, 0)},
}


def answer(applications: dict[str, dict[str, tuple[int, int]]]) -> LiveApplications:
    found = []
    for name, scopes in applications.items():
        moved = [pair for scope, pair in scopes.items() if scope != "loopback"]
        receive, transmit = (sum(pair[side] for pair in moved) for side in (0, 1))
        found.append(
            LiveApplication(
                application=name,
                bytes_received=receive,
                bytes_sent=transmit,
                total_bytes=receive + transmit,
                scopes={scope: bytes_per_second(*pair) for scope, pair in scopes.items()},
            )
        )
    return LiveApplications(backend="ebpf", reason="", limits=[], applications=found)


@pytest.mark.parametrize("size", [ScreenSize(80, 24), ScreenSize(40, 12), ScreenSize(200, 50), ScreenSize(20, 5)])
@pytest.mark.parametrize("view", [TopView(), TopView("name", "internet")])
def test_every_line_fits_and_holds_nothing_that_moves_the_cursor(size: ScreenSize, view: TopView) -> None:
    lines = top_lines(answer(ODD), view, size)

    assert len(lines) <= size.lines
    assert all(line.isprintable() for line in lines)
    table = lines[1:-1]
    assert max(map(text_width, table)) <= max(size.columns, 29)


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 12)])
def test_the_screen_is_as_promised(columns: int, lines: int, golden: Golden) -> None:
    drawn = top_lines(answer(ODD), TopView(), ScreenSize(columns, lines))

    golden(f"commands/top-on-{columns}-columns.txt", "\n".join(drawn) + "\n")


def test_many_applications_are_cut_where_the_screen_ends_and_counted() -> None:
    many = {f"application-{number:04}": {"internet": (number, 1)} for number in range(10_000)}

    lines = top_lines(answer(many), TopView(), ScreenSize(100, 24))

    assert len(lines) == 24
    assert lines[2].startswith("application-9999")
    assert lines[-1].endswith("21 of 10000 applications, by ebpf")


def test_without_applications_the_screen_is_a_title() -> None:
    lines = top_lines(answer({}), TopView(), ScreenSize())

    assert lines[0] == "By total, all but loopback: 0 bit/s received, 0 bit/s sent"
    assert lines[-1].endswith("0 of 0 applications, by ebpf")


@pytest.mark.parametrize(
    ("scope", "sort", "names"),
    [
        ("", "total", ["backup", "浏览器", "firefox", "a-very", "\u202e"]),
        ("", "receive", ["浏览器", "firefox", "backup", "a-very", "\u202e"]),
        ("", "transmit", ["backup", "浏览器", "firefox", "a-very", "\u202e"]),
        ("", "name", ["a-very", "backup", "firefox", "\u202e", "浏览器"]),
        ("lan", "total", ["firefox", "a-very"]),
        ("loopback", "total", ["postgres"]),
        ("office", "total", ["backup"]),
    ],
)
def test_rows_are_of_a_scope_and_in_an_order(scope: str, sort: str, names: list[str]) -> None:
    found = [row.name for row in speeds(answer(ODD), scope, sort)]

    assert [name for name, start in zip(found, names, strict=True) if not name.startswith(start)] == []


def test_keys_choose_the_order_and_the_scope() -> None:
    scopes = scopes_of(answer(ODD))
    view = TopView()
    seen = []
    for key in ("r", "right", "left", "left", "n", "right", "?", "o", "o", "o", "o", "o"):
        view = view.after(key, scopes)
        seen.append(view.scope if key == "o" else view.sort)

    assert seen[:7] == ["receive", "transmit", "receive", "name", "name", "receive", "receive"]
    assert seen[7:] == ["internet", "lan", "loopback", "office", ""]


def test_a_scope_that_has_gone_leads_to_all() -> None:
    assert TopView(scope="office").after("o", ["lan"]).scope == ""
