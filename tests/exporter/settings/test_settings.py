from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from exporter.settings.loading import Loaded, load_settings
from exporter.settings.tree import Settings, default_ledger_path, keys
from reports.calendar.history_length import HistoryLength

KEY = "correct-horse-battery"


def load(folder: Path, text: str, **environ: str) -> Loaded:
    file = folder / "netledger.yaml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file, environ)


@pytest.mark.parametrize(
    "text", ["", "# only a comment\n", "---\n", "{}\n", "null\n", "server:\n", "\ufeffserver: {}\n"]
)
def test_an_empty_file_means_the_defaults(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text).settings == Settings()


def test_no_file_means_the_defaults() -> None:
    loaded = load_settings(None, {}, search=())

    assert loaded.settings == Settings()
    assert loaded.path is None
    assert set(loaded.origins.values()) == {"default"}


def test_the_first_file_of_the_search_that_exists_is_read(tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("first.yaml", "second.yaml", "third.yaml"))
    second.write_text("server: {port: 2}", encoding="utf-8")
    third.write_text("server: {port: 3}", encoding="utf-8")

    loaded = load_settings(None, {}, search=[first, tmp_path / "second.yaml" / "below", second, third])

    assert loaded.settings.server.port == 2
    assert loaded.path == second


def test_a_named_file_comes_before_the_variable_and_the_variable_before_the_search(tmp_path: Path) -> None:
    for name in ("argument", "variable", "search"):
        (tmp_path / name).write_text(f"server: {{host: {name}}}", encoding="utf-8")
    environ = {"NETLEDGER_CONFIG": str(tmp_path / "variable")}
    search = [tmp_path / "search"]

    assert load_settings(tmp_path / "argument", environ, search).settings.server.host == "argument"
    assert load_settings(None, environ, search).settings.server.host == "variable"
    assert load_settings(None, {"NETLEDGER_CONFIG": ""}, search).settings.server.host == "search"


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("server: {host: '::1'}", "server.host", "::1"),
        ("server: {host: no}", "server.host", "no"),
        ("server: {port: 0}", "server.port", 0),
        ("server: {port: '65535'}", "server.port", 65535),
        ("server: {allowed_hosts: Nas.local}", "server.allowed_hosts", ("nas.local",)),
        (
            "server: {cors_origins: [https://a.example:8443]}",
            "server.cors_origins",
            ("https://a.example:8443",),
        ),
        ("auth: {protect_metrics: Yes}", "auth.protect_metrics", True),
        ("auth: {api_keys: 0123456789}", "auth.api_keys", ("0123456789",)),
        ("interfaces: {sample_interval: 100ms}", "interfaces.sample_interval", 0.1),
        ("interfaces: {include: [eth0, 'wl*', eth0]}", "interfaces.include", ("eth0", "wl*")),
        ("interfaces: {counted: auto}", "interfaces.counted", ("auto",)),
        ("interfaces: {counted: [auto]}", "interfaces.counted", ("auto",)),
        ("interfaces: {counted: [ppp0, 'wwan*']}", "interfaces.counted", ("ppp0", "wwan*")),
        ("ledger: {path: /srv/books.db}", "ledger.path", Path("/srv/books.db")),
        ("ledger: {timezone: Asia/Kolkata}", "ledger.timezone", "Asia/Kolkata"),
        ("ledger: {minute_retention: 1.5w}", "ledger.minute_retention", 907_200.0),
        ("ledger: {max_size: 1 TiB}", "ledger.max_size", 1024**4),
        ("ledger: {minutes: all}", "ledger.minutes", "all"),
        ("average: {window: 15m}", "average.window", 900.0),
        ("metrics: {history: all}", "metrics.history", HistoryLength(of_all=True)),
        ("metrics: {history: none}", "metrics.history", HistoryLength(0, 0)),
        ("metrics: {history: days 7}", "metrics.history", HistoryLength(7, 0)),
        ("metrics: {process: off}", "metrics.process", False),
    ],
)
def test_a_key_of_the_file_is_read(tmp_path: Path, text: str, name: str, value: object) -> None:
    loaded = load(tmp_path, text)

    assert keys()[name].value(loaded.settings) == value
    assert loaded.origins[name] == f"{tmp_path}/netledger.yaml:1"


def test_a_relative_path_is_relative_to_the_file(tmp_path: Path) -> None:
    server = load(tmp_path, "server: {tls_cert: cert.pem, tls_key: /etc/key.pem}").settings.server

    assert (server.tls_cert, server.tls_key) == (tmp_path / "cert.pem", Path("/etc/key.pem"))


def test_a_variable_overrides_the_file_and_says_so(tmp_path: Path) -> None:
    text = "server:\n  port: 1\n  host: localhost\n"

    loaded = load(tmp_path, text, NETLEDGER_SERVER_PORT="2", NETLEDGER_INTERFACES_EXCLUDE="veth*, docker0")

    assert loaded.settings.server.port == 2
    assert loaded.settings.interfaces.exclude == ("veth*", "docker0")
    assert loaded.origins["server.port"] == "NETLEDGER_SERVER_PORT"
    assert loaded.origins["server.host"] == f"{tmp_path}/netledger.yaml:3"
    assert loaded.origins["average.window"] == "default"


def test_every_key_can_be_overridden_with_its_default(tmp_path: Path) -> None:
    defaults = load(tmp_path, "").settings
    environ = {}
    for key in keys().values():
        shown = key.rule.show(key.value(defaults))
        environ[key.variable] = ",".join(shown) if isinstance(shown, list) else str(shown or "")

    loaded = load_settings(None, environ, search=())

    assert loaded.settings == defaults
    assert loaded.origins == {key.name: key.variable for key in keys().values()}


def test_variables_of_others_are_left_alone() -> None:
    environ = {"NETLEDGER_VERSION": "1", "NETLEDGER_CONFIG_DIR": "x", "SERVER_PORT": "x", "NETLEDGER": "x"}

    assert load_settings(None, environ, search=()).settings == Settings()


def test_keys_come_from_the_list_the_environment_and_the_key_file(tmp_path: Path) -> None:
    key_file = tmp_path / "keys"
    key_file.write_text(f"# for the phone\nphone-key-1\n\n  {KEY}  \r\n", encoding="utf-8")
    key_file.chmod(0o600)
    text = f"auth:\n  api_keys: [{KEY}, second-key]\n  api_key_file: keys\n"

    loaded = load(tmp_path, text, BANDWIDTH_API_KEY="third-key")

    assert loaded.settings.auth.api_keys == (KEY, "second-key", "third-key", "phone-key-1")
    assert loaded.origins["auth.api_keys"] == f"{tmp_path}/netledger.yaml:2, BANDWIDTH_API_KEY, {key_file}"


@pytest.mark.parametrize("name", ["netledger.yaml", "keys"])
def test_a_file_with_keys_that_everybody_can_read_is_warned_of(tmp_path: Path, name: str) -> None:
    (tmp_path / "keys").write_text(KEY, encoding="utf-8")
    (tmp_path / "netledger.yaml").write_text(f"auth: {{api_keys: {KEY}, api_key_file: keys}}", encoding="utf-8")
    for file in tmp_path.iterdir():
        file.chmod(0o644 if file.name == name else 0o640)

    (warning,) = load_settings(tmp_path / "netledger.yaml", {}).warnings

    assert warning.startswith(f"{tmp_path / name}: ")
    assert KEY not in warning


def test_settings_never_show_a_key_when_printed(tmp_path: Path) -> None:
    loaded = load(tmp_path, f"auth: {{api_keys: [{KEY}]}}")

    assert KEY not in repr(loaded)


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Settings().server.port = 1  # type: ignore[misc]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"server": {"prot": 1}}, Settings)


def test_the_ledger_of_root_is_the_systems_and_of_others_their_own() -> None:
    assert default_ledger_path(is_root=True) == Path("/var/lib/netledger/ledger.db")
    assert default_ledger_path(is_root=False).parts[-2:] == ("netledger", "ledger.db")


def test_settings_with_every_path_set_load_no_heavy_module() -> None:
    code = (
        "import sys; from exporter.settings.loading import load_settings;"
        "load_settings(None, {'NETLEDGER_LEDGER_PATH': '/tmp/ledger.db'}, search=());"
        "print({'yaml', 'platformdirs', 'zoneinfo', 'tzlocal', 'difflib'} & set(sys.modules))"
    )

    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert shown.strip() == "set()"


def test_a_section_that_a_meter_declares_is_imported_without_the_tree() -> None:
    code = (
        "import sys; from exporter.meters.interfaces.settings import Interfaces;"
        "print('exporter.settings.tree' in sys.modules);"
        "from exporter.settings.tree import sections; print(sections()['interfaces'] is Interfaces)"
    )

    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert printed.split() == ["False", "True"]
