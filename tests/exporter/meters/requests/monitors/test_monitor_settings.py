from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.meters.requests.monitors.settings import Monitor, StatusRange, Target, target_of
from exporter.settings.loading import SettingsError, load_settings

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "requests:\n  monitors:\n"
GOOD = "    - {name: site, url: https://example.org/}\n"


def load(folder: Path, text: str) -> tuple[Monitor, ...]:
    file = folder / "netledger.yaml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file, {}).settings.requests.monitors


def test_a_monitor_has_its_keys_and_defaults(tmp_path: Path) -> None:
    text = (
        f"{HEAD}{GOOD}    - name: api\n      url: http://[2001:db8::1]:8080/a?b=c\n      method: HEAD\n"
        "      interval: 10s\n      expected: [200-299, 301]\n      certificate_days: 0\n      misses: 1\n"
        "      allow_private: true\n"
    )

    assert load(tmp_path, text) == (
        Monitor(name="site", url="https://example.org/"),
        Monitor(
            name="api",
            url="http://[2001:db8::1]:8080/a?b=c",
            method="HEAD",
            interval=10.0,
            expected=(StatusRange(200, 299), StatusRange(301, 301)),
            certificate_days=0,
            misses=1,
            allow_private=True,
        ),
    )


@pytest.mark.parametrize("empty", ["[]", ""])
def test_there_may_be_no_monitor(tmp_path: Path, empty: str) -> None:
    assert load(tmp_path, f"requests:\n  monitors: {empty}\n") == ()


TARGETS = {
    "https://example.org": Target("https", "example.org", 443, "example.org", "/", "/"),
    "HTTP://example.org:81?a=b": Target("http", "example.org", 81, "example.org:81", "/", "/?a=b"),
    "https://[::1]:8443/x/y?q": Target("https", "::1", 8443, "[::1]:8443", "/x/y", "/x/y?q"),
}


@pytest.mark.parametrize("url", TARGETS)
def test_a_url_has_its_parts(url: str) -> None:
    assert target_of(url) == TARGETS[url]


FAULTS = [
    ("    - {name: site}\n", "3: requests.monitors[0]: has no url"),
    ("    - {url: 'https://x/'}\n", "3: requests.monitors[0]: has no name"),
    (GOOD * 2, "4: requests.monitors[1].name: 'site' is the name of monitors[0], too"),
    ("    - {name: (other), url: 'https://x/'}\n", "begins with a parenthesis"),
    (f"    - {{name: {'n' * 101}, url: 'https://x/'}}\n", "is longer than 100 characters"),
    ("    - {name: a, url: 'https://x/', expect: 200}\n", "requests.monitors[0].expect: unknown key"),
    ("    - {name: a, url: 'https://x/', interval: 5s}\n", "5s is below 10s"),
    ("    - {name: a, url: 'https://x/', method: PUT}\n", "PUT is unknown; use GET or HEAD or OPTIONS or POST"),
    ("    - {name: a, url: 'https://x/', expected: 600}\n", "600 is no status or range of them"),
    ("    - {name: a, url: 'https://x/', expected: 300-200}\n", "300-200 is no status or range of them"),
    ("    - {name: a, url: 'https://x/', expected: []}\n", "is empty"),
    ("    - {name: a, url: 'https://x/', misses: 0}\n", "0 is below 1"),
    *(
        (f"    - {{name: a, url: '{url}'}}\n", fault)
        for url, fault in {
            "ftp://x/": "is no such address",
            "https://user:pw@x/": "is no such address",
            "https://x/#a": "is no such address",
            "https://x/a b": "is no such address",
            "https://x:0/": "has no port of 1 to 65535",
            "https://x:70000/": "has no port of 1 to 65535",
            "https://a..b/": "has a host that no name can be",
            f"https://{'a' * 64}.org/": "has a host that no name can be",
        }.items()
    ),
    ("".join(GOOD.replace("site", f"s{n}") for n in range(101)), "has 101 monitors; use at most 100"),
    ("    {name: a}\n", "requests.monitors: is not a list of monitors such as"),
]


@pytest.mark.parametrize(("items", "fault"), FAULTS)
def test_a_fault_names_its_place_and_rule(tmp_path: Path, items: str, fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, HEAD + items)

    assert fault in str(caught.value)
    assert "user:pw" not in str(caught.value)


def test_the_environment_cannot_hold_monitors() -> None:
    with pytest.raises(SettingsError, match="only the file can hold"):
        load_settings(None, {"NETLEDGER_REQUESTS_MONITORS": "a,b"}, [])
