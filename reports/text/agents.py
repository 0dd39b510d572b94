"""What kind of program a user agent names: a browser, a library, a crawler, or a probe of its own operator.

A user agent is what its sender likes: a program that does not say what it is, is what it says.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, TypeAlias

AgentClass: TypeAlias = Literal["browser", "library", "crawler", "probe"]

LONGEST = 255
"""Characters of a user agent that are read; the request log keeps as many."""

PROBES = re.compile(
    r"kube-probe|googlehc/|elb-healthchecker|amazon-route53-health|consul health|health[-_ ]?check|uptime|pingdom"
    r"|statuscake|blackbox[- ]exporter|^prometheus/|nagios|check_http|monitoring-plugins|zabbix|site24x7|updown\.io"
    r"|hetrixtools|freshping|pingbot|datadogsynthetics|newrelicpinger|checkly|gatus|catchpoint|grafana-k6-synthetic"
)
CRAWLERS = re.compile(
    r"(?<!cu)bot(?:\b|[/_\d])|crawl|spider|slurp|scrapy|archiver|archive\.org|facebookexternalhit|facebookcatalog"
    r"|meta-externalagent|mediapartners|google-(?:inspectiontool|extended|read-aloud|safety)|apis-google|bingpreview"
    r"|feedfetcher|feedly|embedly|headlesschrome|phantomjs|lighthouse|whatsapp/|skypeuripreview|yandex|baidu|ahrefs"
    r"|semrush|censysinspect|expanse|zgrab|masscan|nmap|nuclei|nikto|sqlmap|wpscan|httrack|perplexity-user|chatgpt-user"
    r"|claude-user|ia_archiver|netcraft|internetmeasurement|\(compatible; [^)]*(?:https?://|@)"
)
BROWSERS = re.compile(r"^(?:mozilla|opera)/\d")


@lru_cache(maxsize=4096)
def agent_class(agent: str) -> AgentClass:
    """The class of a user agent; one that says nothing known, or nothing at all, is a library."""
    text = agent[:LONGEST].lower()
    if PROBES.search(text):
        return "probe"
    if CRAWLERS.search(text):
        return "crawler"
    return "browser" if BROWSERS.match(text) else "library"


def is_bot(agent: str) -> bool:
    """True for what `exclude=bots` leaves out: crawlers alone, since libraries and probes are an API's own clients."""
    return agent_class(agent) == "crawler"
