"""`netledger image --output x.png`, by the extra that `make test` installs."""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING

import click
import pytest

from exporter.terminal.png import NEEDS_EXTRA, NEEDS_FONT, to_png

if TYPE_CHECKING:
    from pathlib import Path

    from tests.exporter.cli.calls import Commands

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RED = '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><rect width="30" height="20" fill="#f00"/></svg>'


def size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.fixture
def has_resvg() -> None:
    pytest.importorskip("resvg_py", reason="resvg-py is not installed")


@pytest.mark.usefixtures("has_resvg")
def test_a_picture_is_a_png_by_the_name_of_its_file(commands: Commands, tmp_path: Path) -> None:
    svg, light, dark, plain = (tmp_path / name for name in ("x.svg", "light.png", "dark.PNG", "plain.png"))
    for path, *options in ((svg,), (light, "--theme", "light"), (dark, "--theme", "dark"), (plain,)):
        done = commands("image", "summary", "--output", str(path), *options)
        assert (done.exit_code, done.stderr) == (0, "")

    drawn = svg.read_text(encoding="utf-8")
    assert all(png.read_bytes().startswith(SIGNATURE) for png in (light, dark, plain))
    assert f'width="{size(light.read_bytes())[0] // 2}" height="{size(light.read_bytes())[1] // 2}"' in drawn
    assert light.read_bytes() == plain.read_bytes() != dark.read_bytes()


@pytest.mark.usefixtures("has_resvg")
def test_without_a_font_it_is_no_picture_without_texts(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="none is installed") as refused:
        to_png(RED, tmp_path)

    assert refused.value.message == NEEDS_FONT


def test_without_the_extra_it_says_how_to_get_it(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)

    done = commands("image", "days", "--output", str(tmp_path / "days.png"))

    assert (done.exit_code, done.stdout) == (1, "")
    assert NEEDS_EXTRA in done.stderr.replace("\n", " ")
    assert "pip install 'netledger[png]'" in done.stderr
    assert not (tmp_path / "days.png").exists()
