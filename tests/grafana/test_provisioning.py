"""The files that Grafana is provisioned by, and mistakes in them that are found."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.grafana.findings import told
from tests.grafana.metric_documents import documented_metrics
from tests.grafana.promql import parse, selectors
from tests.grafana.provisioning import CHECKS, Provisioning, committed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.grafana.dashboard_files import Dashboard
    from tests.grafana.world import World


@pytest.fixture(scope="module")
def files(dashboards: tuple[Dashboard, ...]) -> Provisioning:
    return committed(dashboards)


@pytest.mark.parametrize("check", CHECKS)
def test_the_files_are_right(check: str, files: Provisioning) -> None:
    found = list(CHECKS[check](files))

    assert not found, told(found)


def test_every_metric_of_an_alert_is_documented(files: Provisioning) -> None:
    asked = {selector.metric for query in files.queries for selector in selectors(parse(query.expression))}

    assert asked
    assert asked <= documented_metrics().keys()


@pytest.mark.prometheus
def test_every_query_of_an_alert_has_an_answer(files: Provisioning, grafana_world: World) -> None:
    silent = [
        str(query) for query in files.queries if not grafana_world.prometheus.at(query.expression, grafana_world.now)
    ]

    assert not silent, told(silent)


class Mistake(NamedTuple):
    """What is wrong, which check must say so, and how it is done."""

    what: str
    check: str
    plant: Callable[[Provisioning], Any]


def _source(files: Provisioning) -> dict[str, Any]:
    found: dict[str, Any] = files.datasources["datasources"][0]
    return found


def _mirror(files: Provisioning) -> dict[str, Any]:
    found: dict[str, Any] = files.mirror["datasources"][0]
    return found


def _provider(files: Provisioning) -> dict[str, Any]:
    found: dict[str, Any] = files.dashboards["providers"][0]
    return found


def _grafana(files: Provisioning) -> dict[str, Any]:
    found: dict[str, Any] = files.compose["services"]["grafana"]
    return found


def _rule(files: Provisioning, **keys: object) -> dict[str, Any]:
    found = files.rules[0]
    found.update(keys)
    return found


MISTAKES = (
    Mistake("a misspelt key", "known_keys", lambda files: _source(files).update(jsondata={})),
    Mistake("a key of the HTTP API", "known_keys", lambda files: files.groups[0].update(folderUid="x")),
    Mistake("a rule without a title", "needed_keys", lambda files: files.rules[0].pop("title")),
    Mistake("a file of no version", "needed_keys", lambda files: files.alerting.pop("apiVersion")),
    Mistake("another data source", "one_datasource", lambda files: _source(files).update(uid="prometheus")),
    Mistake("an alert of another", "one_datasource", lambda files: files.rules[0]["data"][0].update(datasourceUid="x")),
    Mistake(
        "an interval of a minute", "same_interval", lambda files: _source(files)["jsonData"].update(timeInterval="1m")
    ),
    Mistake("a key of another plugin", "known_keys", lambda files: _mirror(files)["jsonData"].update(httpMethod="GET")),
    Mistake("a mirror that is the default", "one_mirror", lambda files: _mirror(files).update(isDefault=True)),
    Mistake("a kind of before", "one_mirror", lambda files: _mirror(files).update(type="postgres")),
    Mistake(
        "a password in the file", "one_mirror", lambda files: _mirror(files)["secureJsonData"].update({"password": "x"})
    ),
    Mistake("no database", "one_mirror", lambda files: _mirror(files)["jsonData"].pop("database")),
    Mistake("TLS of any kind", "one_mirror", lambda files: _mirror(files)["jsonData"].pop("sslmode")),
    Mistake("a server kept awake", "one_mirror", lambda files: _mirror(files)["jsonData"].pop("connMaxLifetime")),
    Mistake("a name that is not set", "dollars", lambda files: _mirror(files).update(url="${MIRROR}")),
    Mistake("no interval", "same_interval", lambda files: _source(files)["jsonData"].pop("timeInterval")),
    Mistake("an empty folder", "dashboards_are_found", lambda files: _provider(files)["options"].update(path="/var/x")),
    Mistake("a first page that is gone", "dashboards_are_found", lambda files: _grafana(files)["environment"].clear()),
    Mistake("saving over", "dashboards_are_found", lambda files: _provider(files).update(allowUiUpdates=True)),
    Mistake("a label of labels", "dollars", lambda files: _rule(files, labels={"severity": "{{ $labels.severity }}"})),
    Mistake("a password of dollars", "dollars", lambda files: _source(files).update(basicAuthUser="pa$word")),
    Mistake("a name that nobody sets", "dollars", lambda files: _source(files).update(url="${PROMETHEUS}")),
    Mistake("a state of before", "alert_rules", lambda files: _rule(files, noDataState="Ok")),
    Mistake("no severity", "alert_rules", lambda files: _rule(files, labels={})),
    Mistake("no words", "alert_rules", lambda files: _rule(files, annotations={"summary": "x"})),
    Mistake("a time in a number", "alert_rules", lambda files: files.groups[0].update(interval=60)),
    Mistake("two rules of one uid", "alert_rules", lambda files: _rule(files, uid=files.rules[1]["uid"])),
    Mistake("a condition on nothing", "alert_queries", lambda files: _rule(files, condition="C")),
    Mistake(
        "a threshold of nothing",
        "alert_queries",
        lambda files: files.rules[0]["data"][1]["model"].update(expression="Z"),
    ),
    Mistake("a panel that is gone", "alerts_beside_their_panel", lambda files: _rule(files, panelId=999)),
    Mistake("a panel of something else", "alerts_beside_their_panel", lambda files: _rule(files, panelId=26)),
    Mistake("a dashboard that is gone", "alerts_beside_their_panel", lambda files: _rule(files, dashboardUid="x")),
    Mistake("the tree of everybody", "nobodys_policies", lambda files: files.alerting.update(policies=[])),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_a_mistake_in_the_files_is_found(mistake: Mistake, files: Provisioning) -> None:
    broken = copy.deepcopy(files)
    mistake.plant(broken)

    assert list(CHECKS[mistake.check](broken))


def test_every_check_of_the_files_is_shown_to_find_something() -> None:
    assert {mistake.check for mistake in MISTAKES} == set(CHECKS)
