from __future__ import annotations

import json
import re
import stat
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from exporter.cli.root import netledger
from exporter.session.environment import Environment
from exporter.settings.loading import load_settings
from exporter.settings.template import settings_template
from exporter.settings.tree import Settings, keys, sections

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

KEY = "correct-horse-battery"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "netledger.yaml"


def run(path: Path | None, *arguments: str, **environ: str) -> Result:
    """Run the command as a user does, in an environment of its own."""
    options = [] if path is None else ["--config", str(path)]
    return CliRunner().invoke(netledger, [*options, "config", *arguments], obj=Environment(environ=environ))


def test_check_praises_a_good_file(file: Path) -> None:
    file.write_text("server: {port: 80}", encoding="utf-8")

    result = run(file, "check")

    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{file}: good\n", "")


def test_check_lists_every_problem_on_stderr(file: Path) -> None:
    file.write_text("server:\n  prot: 80\n  port: x\n", encoding="utf-8")

    result = run(file, "check", NETLEDGER_AVERAGE_WINDOW="1")

    assert (result.exit_code, result.stdout) == (1, "")
    assert [line.split(": ")[0] for line in result.stderr.splitlines()] == [
        f"{file}:2",
        f"{file}:3",
        "NETLEDGER_AVERAGE_WINDOW",
    ]


def test_check_passes_a_file_that_all_may_read_with_a_warning(file: Path) -> None:
    file.write_text(f"auth: {{api_keys: [{KEY}]}}", encoding="utf-8")
    file.chmod(0o644)

    result = run(file, "check")

    assert result.exit_code == 0
    assert result.stderr.startswith(f"warning: {file}: holds API keys")


def test_a_file_without_a_key_may_be_read_by_all(file: Path) -> None:
    file.write_text("auth: {api_keys: []}", encoding="utf-8")
    file.chmod(0o644)

    assert run(file, "check").stderr == ""


def test_check_finds_what_would_stop_a_start(file: Path) -> None:
    taken = file.parent / "taken"
    taken.write_text("", encoding="utf-8")
    folder = file.parent / "folder"
    folder.mkdir()

    for settings, problem in (
        (f"ledger: {{path: {folder}}}", f"ledger.path: {folder} is a folder: name the file in it"),
        (f"ledger: {{path: {taken}/below/ledger.db}}", f"ledger.path: {taken} is no folder"),
        (
            "server: {host: 192.0.2.1}\nauth: {api_keys: [correct-horse]}",
            "server.host: 192.0.2.1 is no address of this",
        ),
    ):
        file.write_text(settings, encoding="utf-8")

        result = run(file, "check", NETLEDGER_LEDGER_TIMEZONE="UTC")

        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.splitlines()[-1].startswith(problem)


def test_check_warns_of_a_plan_that_bills_nothing_or_tells_nobody(file: Path) -> None:
    file.write_text(
        f"ledger: {{path: {file.parent / 'ledger.db'}, timezone: UTC}}\n"
        "plans:\n"
        "  - {name: home, cap: 1 GB, interfaces: [none9], notify: {command: [/no/such/program]}}\n"
        "  - {name: whole, cap: 1 GB, interfaces: ['*'], notify: {command: [sh]}}\n",
        encoding="utf-8",
    )

    result = run(file, "check")

    assert (result.exit_code, result.stdout) == (0, f"{file}: good\n")
    uncovered, absent = result.stderr.splitlines()
    assert uncovered.startswith("warning: plan home covers no interface that was ever here: none9; known are ")
    assert absent == ("warning: plan home: notify.command: there is no program /no/such/program that this user may run")


def test_every_item_of_a_list_that_is_wrong_is_named(file: Path) -> None:
    file.write_text("plans: [{name: home, free_hours: ['1:00', '02:10-03:00', '01:00-07:00']}]", encoding="utf-8")

    assert run(file, "check").stderr == (
        f"{file}:1: plans[0].free_hours: 1:00 is not a stretch of the day; 02:10-03:00 is not in quarters of an hour; "
        'use a list such as ["01:00-07:00"] of local times, in quarters of an hour\n'
    )


def test_a_placeholder_that_stands_for_nothing_is_refused(file: Path) -> None:
    file.write_text("plans: [{name: home, cap: 1 GB, notify: {command: [tell, '{plna}']}}]", encoding="utf-8")

    assert "{plna} stands for nothing: the placeholders are {host}, {plan}, " in run(file, "check").stderr


@pytest.mark.parametrize("command", ["check", "show"])
def test_a_file_that_does_not_exist_is_one_line(file: Path, command: str) -> None:
    result = run(file, command)

    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"{file}: does not exist\n")


def test_show_aligns_values_and_origins(file: Path) -> None:
    file.write_text("ledger:\n  max_size: 1 GiB\ninterfaces: {include: [eth0, 'wl*']}\n", encoding="utf-8")

    rows = [re.split(r"  +", line) for line in run(file, "show", NETLEDGER_SERVER_PORT="80").stdout.splitlines()]

    assert [name for name, _, _ in rows if not name.startswith("plans[0].")] == list(keys())
    assert ["plans[0].name", "default", "default"] in rows
    assert ["server.port", "80", "NETLEDGER_SERVER_PORT"] in rows
    assert ["ledger.max_size", "1 GiB", f"{file}:2"] in rows
    assert ["interfaces.include", "eth0, wl*", f"{file}:3"] in rows
    assert ["average.window", "12h", "default"] in rows
    assert ["server.tls_cert", "-", "default"] in rows


def test_show_gives_json(file: Path) -> None:
    file.write_text("server: {port: 80}", encoding="utf-8")

    shown = json.loads(run(file, "show", "--json").stdout)

    assert shown["file"] == str(file)
    assert list(shown["settings"]) == list(keys())
    assert shown["settings"]["server.port"] == {"value": 80, "origin": f"{file}:1"}
    assert shown["settings"]["metrics.process"] == {"value": True, "origin": "default"}
    assert shown["settings"]["ledger.max_size"] == {"value": "400 MB", "origin": "default"}
    assert shown["settings"]["interfaces.counted"] == {"value": ["auto"], "origin": "default"}
    assert shown["settings"]["server.tls_key"] == {"value": None, "origin": "default"}


@pytest.mark.parametrize("arguments", [("show",), ("show", "--json")])
def test_show_hides_keys(file: Path, arguments: tuple[str, ...]) -> None:
    file.write_text(f"auth: {{api_keys: [{KEY}]}}", encoding="utf-8")

    result = run(file, *arguments, BANDWIDTH_API_KEY=f"{KEY}-2")

    assert KEY not in result.output
    assert "***" in result.stdout


def test_show_tells_plans_and_hides_what_may_be_secret(file: Path) -> None:
    file.write_text(
        "plans:\n  - name: home\n    cap: 1 GB\n    tier: budget\n    cycle: every 30 days from 2026-01-15\n"
        f"    free_hours: ['22:00-06:00']\n    notify: {{webhook: 'https://a.example/{KEY}', command: [tell, {KEY}]}}\n"
        "  - name: phone\n    price_steps: [{up_to: 1 GB, price_per_gb: 2}, {price_per_gb: 1}]\n",
        encoding="utf-8",
    )

    table = [re.split(r"  +", line) for line in run(file, "show").stdout.splitlines()]
    home, phone = json.loads(run(file, "show", "--json").stdout)["plans"]

    assert KEY not in repr([table, home, phone])
    for name, value, origin in [
        ("cap", "1 GB", f"{file}:3"),
        ("price_per_gb", "7.00", f"{file}:4"),
        ("cycle", "every 30 days from 2026-01-15", f"{file}:5"),
        ("gigabyte", "binary", "default"),
        ("notify.webhook", "https://a.example/***", f"{file}:7"),
    ]:
        assert [f"plans[0].{name}", value, origin] in table
        assert home[name] == {"value": value, "origin": origin}
    assert home["free_hours"]["value"] == ["22:00-06:00"]
    assert home["notify.command"]["value"] == ["tell", "***"]
    assert phone["price_steps"] == {"value": ["2 up to 1 GB", "1 then"], "origin": f"{file}:9"}
    assert phone["cap"] == {"value": None, "origin": "default"}


def test_init_writes_a_file_that_loads_as_the_defaults(file: Path) -> None:
    target = file.parent / "new" / "folder" / "n.yaml"

    result = run(None, "init", "--output", str(target))

    loaded = load_settings(target, {})
    assert (result.exit_code, result.stdout) == (0, f"{target}: written\n")
    assert loaded.settings == Settings()
    assert sum(origin != "default" for origin in loaded.origins.values()) == len(keys()) - 9


def test_the_template_loads_as_the_defaults_with_every_key_uncommented(file: Path) -> None:
    names = "|".join(key.field for key in keys().values())
    file.write_text(re.sub(rf"^  # ((?:{names}):)", r"  \1", settings_template(), flags=re.MULTILINE), encoding="utf-8")

    loaded = load_settings(file, {})

    assert loaded.settings == Settings()
    assert "default" not in loaded.origins.values()


def test_the_template_tells_the_meaning_and_rule_of_every_key() -> None:
    text = settings_template()

    assert all(
        f"\n{indent}# {key.meaning}\n{indent}# Use {key.rule.says}.\n" in text
        for key in keys().values()
        for indent in ("  " if key.section else "",)
    )
    assert all(f"\n{section}:\n" in text for section in sections())


def test_init_writes_where_the_root_command_points(file: Path) -> None:
    assert run(file, "init").exit_code == 0
    assert file.exists()


def test_init_writes_for_its_user_alone_and_for_the_service_where_root_is_asked(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = file.parent / "etc" / "netledger.yaml"
    monkeypatch.setattr("exporter.cli.config.SYSTEM_FILE", system)
    monkeypatch.setattr("exporter.cli.config.user_file", lambda: file)
    for is_root, target, mode in ((False, file, 0o600), (True, system, 0o644)):
        monkeypatch.setattr("exporter.cli.config.runs_as_root", lambda is_root=is_root: is_root)

        assert run(None, "init").stdout == f"{target}: written\n"
        assert stat.S_IMODE(target.stat().st_mode) == mode


def test_init_prints_with_a_dash(file: Path) -> None:
    assert run(file, "init", "--output", "-").stdout == settings_template()
    assert not file.exists()


def test_init_leaves_a_file_alone_unless_forced(file: Path) -> None:
    file.write_text("# mine", encoding="utf-8")

    refused = run(file, "init")

    assert (refused.exit_code, refused.stderr) == (1, f"{file}: exists; --force replaces it\n")
    assert file.read_text(encoding="utf-8") == "# mine"
    assert run(file, "init", "--force").exit_code == 0
    assert file.read_text(encoding="utf-8") == settings_template()


def test_init_says_why_it_cannot_write(file: Path) -> None:
    file.write_text("", encoding="utf-8")

    result = run(None, "init", "--output", str(file / "below.yaml"))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"{file}/below.yaml: cannot be written: ")


def test_an_unknown_option_is_a_usage_error(file: Path) -> None:
    assert run(file, "show", "--yaml").exit_code == 2
    assert run(file, "destroy").exit_code == 2
