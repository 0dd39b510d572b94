"""Keys whose names the user chooses: networks, groups and limits of applications."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.meters.applications.settings import Limit
from exporter.settings.effective import effective_keys
from exporter.settings.loading import Loaded, SettingsError, load_settings
from exporter.settings.tree import Settings

if TYPE_CHECKING:
    from pathlib import Path

NETWORKS = """\
networks:
  office: [10.20.0.0/16, "2001:db8::/32"]
  backup: 203.0.113.0/24
"""


def load(folder: Path, text: str, **environ: str) -> Loaded:
    file = folder / "n.yaml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file, environ)


def problems(folder: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(folder, text, **environ)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


def test_networks_are_read_in_the_order_of_the_file(tmp_path: Path) -> None:
    loaded = load(tmp_path, NETWORKS)

    assert loaded.settings.networks == {
        "office": (ip_network("10.20.0.0/16"), ip_network("2001:db8::/32")),
        "backup": (ip_network("203.0.113.0/24"),),
    }
    assert list(loaded.settings.networks) == ["office", "backup"]
    assert loaded.origins["networks"] == f"{tmp_path}/n.yaml:1"


def test_an_address_is_a_prefix_of_one_and_ipv4_is_ipv4_however_it_is_written(tmp_path: Path) -> None:
    loaded = load(tmp_path, "networks: {a: 192.0.2.1, b: '::ffff:198.51.100.0/120', c: '::/64', d: '::/80'}")

    assert [str(prefix) for (prefix,) in loaded.settings.networks.values()] == [
        "192.0.2.1/32",
        "198.51.100.0/24",
        "::/64",
        "::/80",
    ]


def test_groups_and_limits_are_read(tmp_path: Path) -> None:
    text = """\
applications:
  groups:
    browsers: [firefox, chrom*]
    backups: "backup/*"
  hidden: [Google Chrome, "k8s/*"]
  limits:
    steam: 50 GB/month
    Google Chrome: 1.5 GiB / week
    k8s/web: 1 MB/day
"""

    applications = load(tmp_path, text).settings.applications

    assert list(applications.groups.items()) == [("browsers", ("firefox", "chrom*")), ("backups", ("backup/*",))]
    assert applications.hidden == ("Google Chrome", "k8s/*")
    assert applications.limits == {
        "steam": Limit(50_000_000_000, "month"),
        "Google Chrome": Limit(3 * 2**29, "week"),
        "k8s/web": Limit(1_000_000, "day"),
    }


def test_a_plan_may_be_of_a_network(tmp_path: Path) -> None:
    loaded = load(tmp_path, f"{NETWORKS}plans: [{{name: a, scope: office, prices: {{office: 1}}}}]")

    assert loaded.settings.plans[0].scopes == ("office",)


@pytest.mark.parametrize("text", ["", "networks:\n", "networks: {}\n", "applications: {groups: , limits: {}}"])
def test_an_empty_mapping_is_the_default(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text).settings == Settings()


def test_a_variable_holds_a_mapping_in_braces(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        NETWORKS,
        NETLEDGER_NETWORKS='{home: [192.168.0.0/16, "fd00::/8"],\n office: 10.0.0.0/9}',
        NETLEDGER_APPLICATIONS_LIMITS="{steam: 50 GB/month}",
    )

    assert loaded.settings.networks == {
        "home": (ip_network("192.168.0.0/16"), ip_network("fd00::/8")),
        "office": (ip_network("10.0.0.0/9"),),
    }
    assert loaded.settings.applications.limits == {"steam": Limit(50_000_000_000, "month")}
    assert loaded.origins["networks"] == "NETLEDGER_NETWORKS"


USE_PREFIXES = 'use a list of prefixes such as [10.20.0.0/16, "2001:db8::/32"]'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("networks: 5", "n.yaml:1: networks: is not a mapping; use names with prefixes such as {office: ["),
        ("networks: [10.0.0.0/8]", "n.yaml:1: networks: is not a mapping; use names with prefixes"),
        ("networks:\n  Office: 10.0.0.0/8", "n.yaml:2: networks: Office is no name of a network; use names of 1 to 32"),
        (f"networks:\n  {'a' * 33}: 10.0.0.0/8", f"n.yaml:2: networks: {'a' * 33} is no name of a network; use names"),
        ("networks:\n  lan: 10.0.0.0/8", "n.yaml:2: networks: lan is a scope that is always there; use names of 1"),
        ("networks:\n  a:", f"n.yaml:2: networks.a: is empty; {USE_PREFIXES}"),
        ("networks:\n  a: []", f"n.yaml:2: networks.a: is empty; {USE_PREFIXES}"),
        ("networks:\n  a: {b: c}", f"n.yaml:2: networks.a: is a mapping; {USE_PREFIXES}"),
        ("networks:\n  a: 10.0.0.0/33", f"n.yaml:2: networks.a: 10.0.0.0/33 is no prefix of addresses; {USE_PREFIXES}"),
        ("networks:\n  a: fe80::1%eth0/64", "n.yaml:2: networks.a: fe80::1%eth0/64 is no prefix of addresses; use"),
        ("networks:\n  a: example.org", f"n.yaml:2: networks.a: example.org is no prefix of addresses; {USE_PREFIXES}"),
        (
            "networks:\n  a: 10.0.0.0/8\n  b: [192.168.0.0/16, 10.20.1.0/16, 1/2]",
            "n.yaml:3: networks.b: 10.20.1.0/16 has bits behind its length: write 10.20.0.0/16; 1/2 is no prefix of ad",
        ),
        (
            "networks:\n  a: 10.0.0.0/8\n  b: [192.168.0.0/16, '::ffff:10.0.0.0/104']",
            "n.yaml:3: networks.b: 10.0.0.0/8 is a prefix of a already; write it once",
        ),
        (
            "networks:\n  a: [10.0.0.0/8, 10.0.0.0/8]",
            "n.yaml:2: networks.a: 10.0.0.0/8 is a prefix of a already; write it once",
        ),
        (
            "networks:\n  a: 10.0.0.0/8\n  a: 11.0.0.0/8",
            "n.yaml:3: networks.a: is written twice, first on line 2",
        ),
        (
            "networks:\n" + "".join(f"  n{number}: 10.{number}.0.0/16\n" for number in range(17)),
            "n.yaml:18: networks.n16: is network 17; use at most 16",
        ),
        (
            f"networks:\n  a: [{', '.join(f'10.{n >> 8}.{n & 255}.0/24' for n in range(4096))}]\n  b: 11.0.0.0/8",
            "n.yaml:3: networks.b: 11.0.0.0/8 is prefix 4097 of all networks; use at most 4096",
        ),
        (
            "applications: {groups: [firefox]}",
            "n.yaml:1: applications.groups: is not a mapping; use names with patterns such as {browsers: [firefox,",
        ),
        (
            "applications:\n  groups:\n    (other): x",
            "n.yaml:3: applications.groups: (other) is in parentheses, as only names of the meter are; use names of at",
        ),
        ("applications:\n  groups:\n    a: []", "n.yaml:3: applications.groups.a: is empty; use a list of names or"),
        (
            "applications:\n  limits:\n    'chrom*': 1 GB/day",
            "n.yaml:3: applications.limits: chrom* is a pattern; a group gives several applications one name; use",
        ),
        (
            "applications:\n  limits:\n    steam: 50 GB",
            "n.yaml:3: applications.limits.steam: 50 GB is no size by day, week or month; use 1 MB to 1000 PB, by day,",
        ),
        (
            "applications:\n  limits:\n    steam: 50 GB/year",
            "n.yaml:3: applications.limits.steam: 50 GB/year is no size by day, week or month; use 1 MB to 1000 PB, by",
        ),
        (
            "applications:\n  limits:\n    steam: 5 kB/day",
            "n.yaml:3: applications.limits.steam: 5 kB is below 1 MB; use 1 MB to 1000 PB, by day",
        ),
        ("netwrks: {a: 10.0.0.0/8}", "n.yaml:1: netwrks: unknown key; did you mean networks?"),
        ("applications: {networks: {}}", "n.yaml:1: applications.networks: unknown key; did you mean networks?"),
    ],
)
def test_a_problem_of_a_mapping_names_file_line_key_value_and_rule(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = problems(tmp_path, text)

    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("variable", "text", "problem"),
    [
        ("NETLEDGER_NETWORKS", "{a: 10.0.0.1/8}", "NETLEDGER_NETWORKS:1: networks.a: 10.0.0.1/8 has bits behind its "),
        ("NETLEDGER_NETWORKS", "{a: ", "NETLEDGER_NETWORKS: is not YAML: "),
        ("NETLEDGER_NETWORKS", "10.0.0.0/8", "NETLEDGER_NETWORKS:1: networks: is not a mapping; use names with"),
        ("NETLEDGER_NETWORKS_OFFICE", "10.0.0.0/8", "NETLEDGER_NETWORKS_OFFICE: unknown setting; did you mean "),
        ("NETLEDGER_APPLICATIONS_LIMITS", "{a: 1}", "NETLEDGER_APPLICATIONS_LIMITS:1: applications.limits.a: 1 is no"),
    ],
)
def test_a_problem_of_a_variable_names_it(tmp_path: Path, variable: str, text: str, problem: str) -> None:
    (found,) = problems(tmp_path, "", **{variable: text})

    assert found.startswith(problem)


def test_every_problem_of_a_mapping_is_named_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, "networks:\n  A: 1\n  b: x\napplications:\n  limits: {s: 1}\n")

    assert [problem.split(":")[1] for problem in found] == ["2", "2", "3", "5"]


def test_what_is_in_force_is_shown_as_a_file_takes_it(tmp_path: Path) -> None:
    text = f"{NETWORKS}applications: {{groups: {{b: [c, 'd*']}}, limits: {{s: 1500 MB/day}}}}"

    shown = {key.name: key.text for key in effective_keys(load(tmp_path, text))}
    again = load(tmp_path, json.dumps({"networks": shown["networks"]})).settings.networks

    assert shown["networks"] == {"office": ["10.20.0.0/16", "2001:db8::/32"], "backup": ["203.0.113.0/24"]}
    assert shown["applications.groups"] == {"b": ["c", "d*"]}
    assert shown["applications.limits"] == {"s": "1500 MB/day"}
    assert again == load(tmp_path, text).settings.networks


@given(st.text(max_size=40))
def test_any_text_of_a_variable_is_read_or_refused(text: str) -> None:
    found: tuple[str, ...] = ()
    try:
        load_settings(None, {"NETLEDGER_NETWORKS": text, "NETLEDGER_APPLICATIONS_GROUPS": text}, search=())
    except SettingsError as error:
        found = error.problems

    assert all(problem.isprintable() for problem in found)
