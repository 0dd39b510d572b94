"""Classes of user agents: what real programs say."""

from __future__ import annotations

import pytest

from reports.text.agents import AgentClass, agent_class, is_bot

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (CHROME, "browser"),
        (IPHONE, "browser"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", "browser"),
        ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)", "browser"),
        (
            "Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
            "browser",
        ),
        ("Opera/9.80 (Windows NT 6.0) Presto/2.12.388 Version/12.14", "browser"),
        ("", "library"),
        ("-", "library"),
        ("curl/8.5.0", "library"),
        ("python-requests/2.32.3", "library"),
        ("python-httpx/0.27.0", "library"),
        ("Python/3.11 aiohttp/3.9.5", "library"),
        ("Go-http-client/2.0", "library"),
        ("okhttp/4.12.0", "library"),
        ("PostmanRuntime/7.39.0", "library"),
        ("axios/1.7.2", "library"),
        ("Robotics-Dashboard/1.0", "library"),
        ("About/1.0", "library"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "crawler"),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
            "crawler",
        ),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
            "crawler",
        ),
        ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "crawler"),
        ("Mozilla/5.0 (compatible; NewThing/1.0; +https://newthing.example/)", "crawler"),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "crawler"),
        ("Twitterbot/1.0", "crawler"),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "crawler"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/126.0.0.0 Safari/537.36", "crawler"),
        ("Mozilla/5.0 zgrab/0.x", "crawler"),
        ("Scrapy/2.11 (+https://scrapy.org)", "crawler"),
        ("kube-probe/1.29", "probe"),
        ("GoogleHC/1.0", "probe"),
        ("ELB-HealthChecker/2.0", "probe"),
        ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "probe"),
        ("Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)", "probe"),
        ("Prometheus/2.53.0", "probe"),
        ("Blackbox Exporter/0.25.0", "probe"),
        ("check_http/v2.3 (monitoring-plugins 2.3)", "probe"),
    ],
)
def test_the_class_of_a_user_agent(agent: str, expected: AgentClass) -> None:
    assert agent_class(agent) == expected
    assert is_bot(agent) is (expected == "crawler")


@pytest.mark.parametrize(
    "agent", ["(compatible; " * 5000, "bo" * 10_000, "\x00\n\udcff", "😀" * 255, "'; DROP TABLE request_log;--"]
)
def test_any_text_has_a_class(agent: str) -> None:
    assert agent_class(agent) in {"browser", "library", "crawler", "probe"}


def test_the_memory_of_agents_is_bounded() -> None:
    for number in range(10_000):
        agent_class(f"agent/{number}")

    assert agent_class.cache_info().currsize <= 4096
