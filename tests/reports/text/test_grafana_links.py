from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from reports.text.grafana_links import GrafanaLinks

HOSTILE = "<b>\"'; =1+1&var-instance=x#\u202e\u200f👩‍🚀"


def test_a_link_names_dashboard_host_and_time() -> None:
    links = GrafanaLinks("http://grafana.example:3000", "host:7373")

    assert links.overview(1_700_000_000, 1_700_086_400) == (
        "http://grafana.example:3000/d/netledger-overview/netledger-overview"
        "?from=1700000000000&to=1700086400000&var-instance=host%3A7373"
    )


def test_what_goes_on_is_shown_until_now() -> None:
    assert "&to=now&" in GrafanaLinks("http://g", "i").health(1_700_000_000)


@pytest.mark.parametrize("url", ["https://example.org/grafana", "https://example.org/grafana/"])
def test_grafana_may_live_below_a_path(url: str) -> None:
    assert GrafanaLinks(url, "i").plans(0).startswith("https://example.org/grafana/d/netledger-plans/")


@pytest.mark.parametrize("devices", [["eth0"], []])
def test_usage_of_one_interface_is_shown_by_its_dashboard(devices: list[str]) -> None:
    link = GrafanaLinks("http://g", "i").usage(0, 1, devices)

    assert ("/d/netledger-interfaces/" in link) is bool(devices)
    assert ("&var-device=eth0" in link) is bool(devices)


def test_names_of_any_kind_come_through_unharmed() -> None:
    link = GrafanaLinks("http://g", HOSTILE).interfaces(0, None, [HOSTILE])

    told = dict(parse_qsl(urlsplit(link).query, strict_parsing=True))
    assert (told["var-instance"], told["var-device"]) == (HOSTILE, HOSTILE)
    assert not set("<>\"' #\u202e") & set(link)
