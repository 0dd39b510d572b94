"""The setting `auto_update`, and what PacketBuddy's four keys mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.settings.auto_update import AutoUpdate, auto_update_of_packetbuddy
from exporter.settings.loading import SettingsError, load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "environ", "value"),
    [
        ("", {}, "off"),
        ("auto_update: off", {}, "off"),
        ("auto_update: check", {}, "check"),
        ("auto_update: apply\nserver: {port: 1}", {}, "apply"),
        ("auto_update: off", {"NETLEDGER_AUTO_UPDATE": "check"}, "check"),
    ],
)
def test_it_is_off_unless_it_is_chosen(text: str, environ: Mapping[str, str], value: str, tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(text, encoding="utf-8")

    assert load_settings(tmp_path / "n.yaml", environ).settings.auto_update == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("auto_update: always", "n.yaml:1: auto_update: "),
        ("auto_update: {mode: check}", "n.yaml:1: auto_update: "),
        ("auto_updates: check", "did you mean auto_update?"),
        ("server: {auto_update: check}", "unknown key"),
    ],
)
def test_what_is_no_choice_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path / "n.yaml", {})

    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("section", "value"),
    [
        ({}, "apply"),
        ({"enabled": True, "check_on_startup": True, "auto_apply": True, "auto_restart": True}, "apply"),
        ({"enabled": False, "check_on_startup": True, "auto_apply": True, "auto_restart": True}, "off"),
        ({"check_on_startup": False}, "off"),
        ({"auto_apply": False}, "check"),
        ({"auto_restart": False}, "check"),
        ({"auto_apply": "yes"}, "check"),
        ({"enabled": 1}, "off"),
    ],
)
def test_the_keys_of_packetbuddy_are_one_choice(section: Mapping[str, object], value: AutoUpdate) -> None:
    assert auto_update_of_packetbuddy(section) == value
