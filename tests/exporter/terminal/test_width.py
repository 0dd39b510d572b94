from __future__ import annotations

import pytest

from exporter.terminal.width import cut, padded, text_width


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("eth0", 4), ("浏览器", 6), ("e\u0301", 1), ("a\u200bb", 2), ("ﾌﾟ", 2), ("🦊 fox", 6)],
)
def test_a_text_takes_the_columns_that_a_terminal_gives_it(text: str, columns: int) -> None:
    assert text_width(text) == columns


@pytest.mark.parametrize(
    ("text", "width", "kept"),
    [
        ("firefox", 7, "firefox"),
        ("firefox", 6, "firef…"),
        ("浏览器", 6, "浏览器"),
        ("浏览器", 5, "浏览…"),
        ("浏览器", 4, "浏…"),
        ("浏览器", 1, "…"),
        ("浏览器", 0, ""),
    ],
)
def test_a_text_is_cut_between_characters(text: str, width: int, kept: str) -> None:
    assert cut(text, width) == kept
    assert text_width(kept) <= width


def test_a_wide_text_is_padded_by_its_columns() -> None:
    assert padded("浏览", 6, is_left=True) == "浏览  "
    assert padded("浏览", 6, is_left=False) == "  浏览"
    assert padded("浏览", 2, is_left=True) == "浏览"
