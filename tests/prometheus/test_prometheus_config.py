"""prometheus.yml is taken as it is, and with each of the settings that stand in it as comments."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from exporter.settings.tree import Server
from tests.prometheus.optional_settings import BLOCKS, CONFIG, SETTING, Block, with_settings
from tests.prometheus.rule_files import FOLDER, ROOT, load, needs_promtool, promtool

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.prometheus

FILES_OF_THE_USER = ("netledger.key", "netledger.password", "netledger-ca.pem")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of prometheus/, with the files that a user adds."""
    shutil.copytree(FOLDER, tmp_path / "prometheus")
    for name in FILES_OF_THE_USER:
        (tmp_path / "prometheus" / name).write_text("x\n", encoding="utf-8")
    return tmp_path / "prometheus"


@needs_promtool
def test_promtool_takes_the_configuration_without_a_warning() -> None:
    code, said = promtool("check", "config", FOLDER / "prometheus.yml")

    assert code == 0, said
    assert "WARNING" not in said


def test_it_asks_every_15_seconds_under_the_name_that_the_rules_know() -> None:
    config = load(FOLDER / "prometheus.yml")

    assert config["global"] == {"scrape_interval": "15s", "evaluation_interval": "15s"}
    assert [job["job_name"] for job in config["scrape_configs"]] == ["netledger"]
    assert "scrape_interval" not in config["scrape_configs"][0]


def test_it_finds_a_service_of_default_settings_and_tells_nobody_of_alerts() -> None:
    (target,) = load(FOLDER / "targets" / "netledger.yml")

    assert target == {"targets": [f"{Server().host}:{Server().port}"]}
    assert load(FOLDER / "targets" / "alertmanager.yml") == []


def test_it_names_the_flag_that_sets_the_retention() -> None:
    assert "--storage.tsdb.retention.time=15y" in CONFIG


def test_every_way_in_and_out_stands_there_as_a_comment() -> None:
    text = with_settings(CONFIG, *BLOCKS)

    for key in ("authorization", "basic_auth", "tls_config", "http_sd_configs", "external_labels"):
        assert re.search(rf"^ *{key}:$", text, re.MULTILINE), key
    for path in ("8428/api/v1/write", "9009/api/v1/push", "19291/api/v1/receive"):
        assert path in text, path
    assert sum("remote_write" in yaml.safe_load(with_settings(CONFIG, block)) for block in BLOCKS) == 3


@needs_promtool
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_a_setting_works_once_its_comment_sign_is_taken_away(folder: Path, block: Block) -> None:
    text = with_settings(CONFIG, block)
    (folder / "prometheus.yml").write_text(text, encoding="utf-8")

    code, said = promtool("check", "config", folder / "prometheus.yml")

    assert code == 0, said
    assert yaml.safe_load(text) != yaml.safe_load(CONFIG)


@needs_promtool
def test_a_mistake_in_a_setting_would_be_noticed(folder: Path) -> None:
    block = next(block for block in BLOCKS if "authorization" in block.name)
    text = with_settings(CONFIG, block).replace("credentials_file", "credential_file")
    (folder / "prometheus.yml").write_text(text, encoding="utf-8")

    code, said = promtool("check", "config", folder / "prometheus.yml")

    assert code != 0
    assert "credential_file" in said


@needs_promtool
@pytest.mark.parametrize("name", ["netledger", "alertmanager"])
def test_a_target_file_works_with_its_comments_taken_away(folder: Path, name: str) -> None:
    path = folder / "targets" / f"{name}.yml"
    lines = [SETTING.sub("", line) for line in path.read_text(encoding="utf-8").splitlines() if line != "[]"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    code, said = promtool("check", "config", folder / "prometheus.yml")

    assert code == 0, said
    (target,) = load(path)
    labels = {"instance": "home", "always_on": "no", "forwards": "yes"}
    assert target.get("labels", {}) == (labels if name == "netledger" else {})


def test_every_rule_file_is_loaded() -> None:
    loaded = {FOLDER / name for name in load(FOLDER / "prometheus.yml")["rule_files"]}

    assert loaded == set((FOLDER / "rules").glob("*"))
    assert loaded <= set(ROOT.rglob("prometheus/rules/*.yml"))
