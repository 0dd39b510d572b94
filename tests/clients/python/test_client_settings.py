"""Where events go: arguments, the environment, `.env`; what cannot be used is one line of the log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from netledger_client.reporting import Reporter, new_recorder
from netledger_client.settings import ClientSettingsError, read_dotenv, read_settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_arguments_count_before_the_environment_and_that_before_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text("NETLEDGER_URL=http://file\nNETLEDGER_KEY=file\n", encoding="utf-8")
    assert read_settings()[:2] == ("http://file", "file")

    monkeypatch.setenv("API_BASE", "http://environment/")
    monkeypatch.setenv("NETLEDGER_KEY", "environment")
    assert read_settings()[:2] == ("http://environment", "environment")

    assert read_settings("https://here:8443/below", "argument")[:2] == ("https://here:8443/below", "argument")


def test_without_an_address_it_is_netledger_of_this_machine() -> None:
    assert read_settings(key="k").url == "http://127.0.0.1:7373"


@pytest.mark.parametrize("url", ["ftp://a", "a", "http://", "http://a:b", "http://a:99999", "http://[a"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(ClientSettingsError, match="is not like http://127"):
        read_settings(url, "k")


@pytest.mark.parametrize("key", ["", "a\nb", "schlüssel"])
def test_a_key_that_is_none_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ClientSettingsError, match="key") as raised:
        read_settings(None, key)
    assert not key or key not in str(raised.value)


def test_lines_of_a_file_are_read_as_shells_do(folder: Path) -> None:
    path = folder / "some.env"
    path.write_text("#A=1\n\nB = 2 \nexport C='3 # 4'\nD=\"5\" # six\nE=7#8 # 9\nnothing\n", encoding="utf-8")

    assert read_dotenv(path) == {"B": "2", "C": "3 # 4", "D": "5", "E": "7#8"}


def test_a_file_that_cannot_be_read_is_none(folder: Path) -> None:
    (folder / "bad.env").write_bytes(b"\xff=1")
    assert read_dotenv(folder / "bad.env") == read_dotenv(folder) == {}


def test_a_service_without_a_key_runs_and_its_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        recorder = new_recorder()

    assert not isinstance(recorder, Reporter)
    assert caplog.messages == ["requests are not counted: there is no key: pass api_key, or set NETLEDGER_KEY"]
