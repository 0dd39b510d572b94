from __future__ import annotations

import pytest

from exporter.metrics.negotiation import negotiate

OLD_TEXT = "text/plain; version=0.0.4; charset=utf-8"
NEW_TEXT = "text/plain; version=1.0.0; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
PROTOBUF_FIRST = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6," + PROMETHEUS_3
)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", OLD_TEXT),
        ("*/*", OLD_TEXT),
        ("text/*", OLD_TEXT),
        ("text/plain", OLD_TEXT),
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", OLD_TEXT),
        ("image/png", OLD_TEXT),
        (",;,=;q", OLD_TEXT),
        ("text/plain;version=1.0.0;escaping=allow-utf-8", f"{NEW_TEXT}; escaping=allow-utf-8"),
        ("text/plain;version=1.0.0", NEW_TEXT),
        ("text/plain;version=abc", OLD_TEXT),
        ("application/openmetrics-text", OPENMETRICS),
        ("application/*", OPENMETRICS),
        ("Application/OpenMetrics-Text; Version=1.0.0", OPENMETRICS),
        ('application/openmetrics-text; version="1.0.0"', OPENMETRICS),
        ("application/openmetrics-text;version=abc", OPENMETRICS),
        ("application/openmetrics-text;version=" + "9" * 5000, OPENMETRICS),
        ("application/openmetrics-text;version=1", OPENMETRICS),
        ("application/openmetrics-text;version=9.9.9", OPENMETRICS),
        ("application/openmetrics-text;version=2.0.0", OPENMETRICS),
        ("application/openmetrics-text;version=0.0.1", OLD_TEXT),
        ("application/openmetrics-text;q=0,text/plain;q=1", OLD_TEXT),
        ("application/openmetrics-text;q=0", OLD_TEXT),
        ("application/openmetrics-text;q=0,*/*", OLD_TEXT),
        ("text/plain;q=0,*/*", OPENMETRICS),
        ("text/plain;q=1,application/openmetrics-text;version=1.0.0;q=0.1", OLD_TEXT),
        ("text/plain;q=0.1,application/openmetrics-text;version=1.0.0", OPENMETRICS),
        ("text/plain,application/openmetrics-text", OLD_TEXT),
        ("application/openmetrics-text,text/plain", OPENMETRICS),
        ("application/openmetrics-text;q=nan", OPENMETRICS),
        ("application/openmetrics-text;escaping=dots", f"{OPENMETRICS}; escaping=underscores"),
        ("application/openmetrics-text;escaping=values", f"{OPENMETRICS}; escaping=values"),
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, f"{OPENMETRICS}; escaping=allow-utf-8"),
        (PROTOBUF_FIRST, f"{OPENMETRICS}; escaping=allow-utf-8"),
    ],
)
def test_the_client_gets_what_it_weighs_most_and_the_type_says_so(accept: str, content_type: str) -> None:
    negotiated = negotiate(accept, "")

    assert negotiated.content_type == content_type
    assert negotiated.format == ("openmetrics" if "openmetrics" in content_type else "text")


@pytest.mark.parametrize(
    ("accept_encoding", "is_gzip"),
    [
        ("", False),
        ("identity", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("gzip; q=0.001", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip;q=0, *", False),
        ("*", True),
        ("*;q=0", False),
        ("br, deflate", False),
        ("identity, gzip;q=0.5", False),
        ("identity;q=0.5, gzip", True),
        ("identity, gzip", True),
    ],
)
def test_compression_is_the_clients_choice(accept_encoding: str, is_gzip: bool) -> None:  # noqa: FBT001 - a case
    assert negotiate("", accept_encoding).is_gzip is is_gzip
