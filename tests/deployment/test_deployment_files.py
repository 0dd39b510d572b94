"""The files that set netledger up: what can be known of them without a container engine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import exporter
from exporter.settings.tree import Server, keys

ROOT = Path(__file__).parents[2]
DEPLOY = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", DEPLOY, re.DOTALL)
TOOLS = Path(sys.executable).parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
VARIABLES = {key.variable for key in keys().values()}


def _documents() -> list[dict[str, Any]]:
    return [found for block in BLOCKS for found in yaml.safe_load_all(block)]


def _kind(name: str) -> dict[str, Any]:
    return next(found for found in _documents() if found.get("kind") == name)


@pytest.mark.parametrize(
    "command",
    [
        ("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"),
        ("compose-lint", "check", "--strict-config", "--fail-on", "low", "docker-compose.yml"),
        ("hadolint", "--failure-threshold", "style", "Dockerfile"),
    ],
    ids=lambda command: command[0],
)
def test_a_linter_finds_nothing(command: tuple[str, ...]) -> None:
    done = subprocess.run([TOOLS / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_of_compose_is_confined_and_pinned(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["restart"] == "unless-stopped"
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert re.search(r":v?\d+\.\d+\.\d+$", service["image"])
    assert "ports" not in service
    assert service["cpus"] <= 1  # a machine of one CPU takes no more


def test_everything_listens_on_loopback_only() -> None:
    told = [text for service in SERVICES.values() for text in service.get("command", ()) if "isten" in text]

    assert [text for text in told if "127.0.0.1:" not in text] == ["--cluster.listen-address="]
    assert SERVICES["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert Server().host == "127.0.0.1"


def test_no_service_asks_the_internet_at_its_start() -> None:
    settings = SERVICES["grafana"]["environment"]

    assert settings["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"
    assert settings["GF_NEWS_NEWS_FEED_ENABLED"] == "false"
    assert {settings[name] for name in settings if name.startswith("GF_ANALYTICS_")} == {"false"}


def test_alerts_are_raised_by_one_server() -> None:
    mounts = [mount.split(":")[0] for mount in SERVICES["grafana"]["volumes"]]

    assert not [path for path in mounts if path.startswith("./") and (ROOT / path / "alerting").exists()]


def test_a_check_of_health_knows_the_settings() -> None:
    assert SERVICES["netledger"]["healthcheck"]["test"] == ["CMD", "netledger", "status"]
    assert 'CMD ["netledger", "status"]' in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_compose_mounts_what_is_there() -> None:
    mounts = [mount.split(":")[0] for service in SERVICES.values() for mount in service["volumes"]]

    assert [path for path in mounts if path.startswith("./") and not (ROOT / path).exists()] == []
    assert {name for name in mounts if not name.startswith("./")} == set(COMPOSE["volumes"])


def test_the_image_is_this_version() -> None:
    assert SERVICES["netledger"]["image"] == f"netledger:{exporter.__version__}"
    assert _kind("DaemonSet")["spec"]["template"]["spec"]["containers"][0]["image"].endswith(f":{exporter.__version__}")


def test_the_variables_of_netledger_are_its_settings() -> None:
    container = _kind("DaemonSet")["spec"]["template"]["spec"]["containers"][0]
    named = {*SERVICES["netledger"]["environment"], *(variable["name"] for variable in container["env"])}

    assert {name for name in named if name.startswith("NETLEDGER_")} <= VARIABLES


def test_the_manifests_belong_together() -> None:
    pod, service, monitor = _kind("DaemonSet")["spec"]["template"], _kind("Service"), _kind("ServiceMonitor")
    container = pod["spec"]["containers"][0]

    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    ports = {found["name"]: found["containerPort"] for found in container["ports"]}
    assert ports == {monitor["spec"]["endpoints"][0]["port"]: Server().port}
    assert service["spec"]["ports"][0]["port"] == Server().port
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["runAsNonRoot"]


def test_an_override_of_the_documentation_fits_compose(tmp_path: Path) -> None:
    override = next(found for found in _documents() if "services" in found)
    file = tmp_path / "docker-compose.override.yml"
    file.write_text(yaml.safe_dump(override), encoding="utf-8")

    checked = [str(TOOLS / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(file)]
    assert subprocess.run(checked, capture_output=True, check=False).returncode == 0
    assert override["services"].keys() <= SERVICES.keys()
    assert ":?" in override["services"]["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD"]


def test_the_configuration_with_victoriametrics_differs_by_its_line_only() -> None:
    plain, kept = (
        yaml.safe_load((ROOT / "prometheus" / name).read_text(encoding="utf-8"))
        for name in ("prometheus.yml", "prometheus-victoriametrics.yml")
    )

    assert kept == plain | {"remote_write": [{"url": "http://127.0.0.1:8428/api/v1/write"}]}


def test_what_the_image_is_built_of_is_not_ignored() -> None:
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split() if line.startswith("!")}

    assert {name for line in copied for name in line.split()} == kept
