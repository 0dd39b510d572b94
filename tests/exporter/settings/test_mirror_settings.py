from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.billing.delivery import OWN_VARIABLES
from exporter.doctor.setting_checks import setting_warnings
from exporter.settings.effective import effective_keys
from exporter.settings.loading import NEON_VARIABLE, Loaded, SettingsError, load_settings
from exporter.settings.tree import Settings

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "XyzzyPlugh"
URL = f"postgresql://me:{CANARY}@db.example.org/fleet"
SECRET_URLS = (
    URL,
    f"postgresql://me:{CANARY}%40@db.example.org/fleet",
    f"postgresql://db.example.org/fleet?user=me&password={CANARY}",
    f"postgres://db.example.org/fleet?p%61ssword={CANARY}&user=me",
)


def load(folder: Path, text: str, **environ: str) -> Loaded:
    file = folder / "netledger.yaml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return load_settings(file, environ)


def test_there_is_no_mirror_unless_one_is_set() -> None:
    mirror = Settings().mirror

    assert (mirror.url, mirror.interval, mirror.name, mirror.schema, mirror.history) == (None, 60, None, "netledger", 0)


def test_every_key_of_a_mirror_is_read(tmp_path: Path) -> None:
    text = f"mirror: {{url: '{URL}', interval: 5m, name: attic, schema: home_2, history: days 90}}"

    mirror = load(tmp_path, text).settings.mirror

    assert (mirror.url, mirror.interval, mirror.name, mirror.schema, mirror.history) == (
        URL,
        300,
        "attic",
        "home_2",
        90,
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("url: mysql://db", "mirror.url: does not begin with postgresql://; use an address such as postgresql://"),
        ("url: [postgresql://db]", "mirror.url: is a list"),
        ("interval: 9s", "mirror.interval: 9s is below 10s"),
        ("interval: 2d", "mirror.interval: 2d is above 1d"),
        ("schema: Home", "mirror.schema: Home is no such name"),
        ("schema: 2home", "mirror.schema: 2home is no such name"),
        ("schema: pg_home", "mirror.schema: pg_home is no such name"),
        ("schema: user", "mirror.schema: 'user' is a word of SQL"),
        (f"schema: {'x' * 64}", "mirror.schema: xxx"),
        ("schema: ''", "mirror.schema: is empty"),
        ("history: days 0", "mirror.history: days 0 is unknown; use all, or days N with N from 1 to 36500"),
        ("history: days 36501", "mirror.history: days 36501 is unknown"),
        ("history: none", "mirror.history: none is unknown"),
    ],
)
def test_what_a_mirror_cannot_be_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, f"mirror: {{{text}}}")

    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("text", "environ", "url", "origin"),
    [
        ("", {}, None, "default"),
        ("", {"NEON_DB_URL": URL}, URL, "NEON_DB_URL"),
        ("", {"NEON_DB_URL": ""}, None, "default"),
        ("mirror: {interval: 2m}", {"NEON_DB_URL": URL}, URL, "NEON_DB_URL"),
        ("mirror: {url: postgresql://file}", {"NEON_DB_URL": URL}, "postgresql://file", "FILE:1"),
        ("mirror: {url: }", {"NEON_DB_URL": URL}, None, "FILE:1"),
        ("", {"NEON_DB_URL": URL, "NETLEDGER_MIRROR_URL": ""}, None, "NETLEDGER_MIRROR_URL"),
        (
            "mirror: {url: postgresql://file}",
            {"NEON_DB_URL": URL, "NETLEDGER_MIRROR_URL": "postgresql://variable"},
            "postgresql://variable",
            "NETLEDGER_MIRROR_URL",
        ),
    ],
)
def test_the_address_of_packetbuddy_counts_where_nothing_else_sets_one(
    tmp_path: Path, text: str, environ: dict[str, str], url: str | None, origin: str
) -> None:
    loaded = load(tmp_path, text, **environ)

    assert loaded.settings.mirror.url == url
    assert loaded.origins["mirror.url"] == origin.replace("FILE", str(tmp_path / "netledger.yaml"))


def test_a_wrong_address_of_packetbuddy_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^NEON_DB_URL: has an @ that does not end the login") as caught:
        load(tmp_path, "", NEON_DB_URL=f"postgresql://me:{CANARY}/@db/x")

    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("url", SECRET_URLS)
def test_the_settings_show_an_address_without_its_password(tmp_path: Path, url: str) -> None:
    loaded = load(tmp_path, f"mirror: {{url: '{url}'}}")
    shown = {key.name: key.text for key in effective_keys(loaded)}["mirror.url"]

    assert CANARY not in f"{loaded!r} {loaded.settings.mirror} {shown}"
    assert isinstance(shown, str)
    assert "***" in shown
    assert "db.example.org/fleet" in shown


@pytest.mark.parametrize(
    "text",
    [
        *(f"mirror: {{url: '{url}{'&' if '?' in url else '?'}sslmode={CANARY}'}}" for url in SECRET_URLS),
        *(f"mirror: {{url: '{url.replace('.org', '.org:port')}'}}" for url in SECRET_URLS),
        *(f"mirror: {{url: '{url}%zz'}}" for url in SECRET_URLS),
        *(f"mirror: {{interval: '{url}'}}" for url in SECRET_URLS[:-1]),
        f"mirror: {{url: 'postgresql://me:{CANARY}@{CANARY}@db/x'}}",
        f"mirror: {{url: 'postgresql://me:{CANARY}/{CANARY}@db/x'}}",
        f"mirror: {{url: 'postgresql://me:{CANARY}?{CANARY}=1@db/x'}}",
        f"mirror: {{url: 'postgresql://db/x?password=1&{CANARY}'}}",
        f"mirror: {{schema: '{URL}'}}",
        f"mirror: {{history: '{URL}'}}",
        f"mirror: {{'url={URL}': }}",
        f"mirror: {{url:{URL}}}",
        f"mirror: {URL}",
        f"mirror: [{URL}]",
        f"mirror:\n  url: *{URL}",
        f"'{URL}': 1",
        f"server: {{host: '{URL}'}}",
    ],
)
def test_no_problem_holds_a_password(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)

    assert CANARY not in "".join(caught.value.problems)


def test_a_file_with_a_password_that_every_user_can_read_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "netledger.yaml"

    def warnings(url: str, mode: int) -> list[str]:
        file.write_text(f"mirror: {{url: '{url}'}}", encoding="utf-8")
        file.chmod(mode)
        return list(load_settings(file, {}).warnings)

    (warning,) = warnings(URL, 0o644)
    assert warning.startswith(f"{file}: holds the password of mirror.url and can be read by every user: chmod o-r it")
    assert warnings(URL, 0o640) == []
    assert warnings("postgresql://me@db/x", 0o644) == []


def test_a_mirror_without_its_driver_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(tmp_path, f"mirror: {{url: '{URL}'}}").settings
    driver_warnings = [text for text in setting_warnings(settings) if text.startswith("mirror")]
    monkeypatch.setattr("exporter.mirror.driver.DRIVER", "a_driver_that_is_nowhere")

    assert driver_warnings == []
    assert "mirror.url: the mirror needs the extra mirror: pip install 'netledger[mirror]'" in setting_warnings(
        settings
    )
    assert [text for text in setting_warnings(Settings()) if text.startswith("mirror")] == []


def test_commands_of_notices_get_no_address() -> None:
    assert NEON_VARIABLE.startswith(OWN_VARIABLES)
    assert "NETLEDGER_MIRROR_URL".startswith(OWN_VARIABLES)
