from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import bcrypt
import pytest

from exporter.tls.web_config import (
    TlsServer,
    WebConfig,
    WebConfigError,
    load_web_config,
)

if TYPE_CHECKING:
    from pathlib import Path

# A salt of its own: the hash is part of ids, which every collection must give alike.
HASH = bcrypt.hashpw(b"open sesame", b"$2b$04$abcdefghijklmnopqrstuu").decode()
PAIR = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"
CA = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: cert.pem\n"

GOOD = [
    "",
    "# nothing\n",
    "null",
    "{}",
    PAIR,
    "tls_server_config:\n",
    "tls_server_config: {}",
    "tls_server_config: {cert_file: '', key_file: ''}",
    "tls_server_config: {min_version: TLS12}",
    *(f"{PAIR}  min_version: TLS1{minor}\n" for minor in range(4)),
    f"{PAIR}  min_version:\n",
    f"{PAIR}  max_version: TLS12\n",
    f"{PAIR}  client_auth_type: ''\n",
    f"{PAIR}  client_auth_type: NoClientCert\n",
    f"{PAIR}  client_auth_type: RequestClientCert\n",
    f"{PAIR}  client_auth_type: VerifyClientCertIfGiven\n",
    f"{PAIR}{CA}",
    f"{PAIR}  cipher_suites:\n",
    f"{PAIR}  cipher_suites: []\n",
    f"{PAIR}  cipher_suites: [TLS_AES_128_GCM_SHA256]\n",
    f"{PAIR}  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_RSA_WITH_AES_256_CBC_SHA]\n",
    f"{PAIR}  curve_preferences: [CurveP256, X25519]\n",
    f"{PAIR}  prefer_server_cipher_suites: yes\n",
    "http_server_config: {http2: true}",
    "http_server_config: {http2: null}",
    "http_server_config: {headers: }",
    "http_server_config: {headers: {X-Content-Type-Options: nosniff, X-Frame-Options: deny}}",
    "http_server_config: {headers: {X-XSS-Protection: 1, Strict-Transport-Security: max-age=3}}",
    "http_server_config: {headers: {Content-Security-Policy: }}",
    "basic_auth_users:\n",
    f"basic_auth_users: {{prometheus: {HASH}, 1: {HASH}}}",
]

# What promtool refuses: the text, and the key that our error names.
BAD = [
    ("[]", ""),
    ("text", ""),
    ("a: b: c", ""),
    ("\ttls: 1", ""),
    ("rate_limit: 1", "rate_limit"),
    ("Basic_auth_users: {}", "Basic_auth_users"),
    ("http_server_config:\nhttp_server_config:\n", "http_server_config"),
    ("tls_server_config: 5", "tls_server_config"),
    ("tls_server_config: {cert_file: cert.pem}", "tls_server_config"),
    ("tls_server_config: {key_file: key.pem}", "tls_server_config"),
    ("tls_server_config: {client_ca_file: cert.pem}", "tls_server_config"),
    ("tls_server_config: {cert_file: none.pem, key_file: key.pem}", "tls_server_config"),
    ("tls_server_config: {cert_file: key.pem, key_file: cert.pem}", "tls_server_config"),
    ("tls_server_config: {cert_file: cert.pem, key_file: other.pem}", "tls_server_config"),
    (f"{PAIR}  client_ca_file: cert.pem\n", "client_ca_file"),
    (
        f"{PAIR}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: none.pem\n",
        "tls_server_config",
    ),
    (f"{PAIR}  client_auth_type: Anything\n", "client_auth_type"),
    (f"{PAIR}  client_allowed_sans: [a]\n", "client_allowed_sans"),
    (f"{PAIR}  min_version: TLS99\n", "min_version"),
    (f"{PAIR}  min_version: tls12\n", "min_version"),
    (f"{PAIR}  min_version: ''\n", "min_version"),
    (f"{PAIR}  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n", "cipher_suites"),
    (f"{PAIR}  cipher_suites: TLS_AES_128_GCM_SHA256\n", "cipher_suites"),
    (f"{PAIR}  curve_preferences: [X448]\n", "curve_preferences"),
    (f"{PAIR}  prefer_server_cipher_suites: maybe\n", "prefer_server_cipher_suites"),
    ("http_server_config: {http2: 1}", "http2"),
    ("http_server_config: {headers: []}", "headers"),
    ("http_server_config: {headers: {X-Foo: bar}}", "X-Foo"),
    ("http_server_config: {headers: {x-frame-options: deny}}", "x-frame-options"),
    ("http_server_config: {headers: {X-Frame-Options: DENY}}", "X-Frame-Options"),
    ("http_server_config: {headers: {X-Content-Type-Options: ''}}", "X-Content-Type-Options"),
    ("basic_auth_users: []", "basic_auth_users"),
    ("basic_auth_users: {anna: swordfish}", "anna"),
    ("basic_auth_users: {anna: }", "anna"),
    (f"basic_auth_users: {{anna: [{HASH}]}}", "anna"),
    (f"basic_auth_users: {{anna: {HASH.replace('$04$', '$03$')}}}", "anna"),
    (f"basic_auth_users:\n  anna: {HASH}\n  anna: {HASH}\n", "anna"),
]

# What promtool lets pass and Python could not serve, or not safely.
STRICTER = [
    (f"{PAIR}  client_auth_type: RequireAnyClientCert\n", "client_auth_type"),
    (f"{PAIR}  client_auth_type: RequireClientCert\n", "client_auth_type"),
    (f"{PAIR}  min_version: TLS13\n  max_version: TLS12\n", "tls_server_config"),
    (
        f"{PAIR}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: key.pem\n",
        "tls_server_config",
    ),
    ('http_server_config: {headers: {X-XSS-Protection: "1\\r\\nSet-Cookie: a=b"}}', "X-XSS-Protection"),
    (f"basic_auth_users: {{anna: {HASH}x}}", "anna"),
    ("{}\n---\nanything: 1\n", ""),
]


@pytest.fixture
def file(web_config_file: Path) -> Path:
    return web_config_file


@pytest.mark.parametrize("text", GOOD)
def test_a_good_file_is_taken(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")

    config = load_web_config(file)

    assert (config.tls is not None) == (PAIR in text)


@pytest.mark.parametrize(("text", "key"), BAD + STRICTER)
def test_a_bad_file_is_refused_with_its_key(file: Path, text: str, key: str) -> None:
    file.write_text(text, encoding="utf-8")

    with pytest.raises(WebConfigError) as caught:
        load_web_config(file)

    assert caught.value.file.startswith(str(file))
    assert caught.value.key == key
    assert "\n" not in str(caught.value)
    assert "swordfish" not in str(caught.value)


@pytest.mark.prometheus
@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_promtool_agrees_on_good_and_bad_files(file: Path) -> None:
    texts = {file.with_name(f"good{n}.yml"): text for n, text in enumerate([*GOOD, *(text for text, _ in STRICTER)])}
    texts |= {file.with_name(f"bad{n}.yml"): text for n, (text, _) in enumerate(BAD)}
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")

    run = subprocess.run(["promtool", "check", "web-config", *texts], check=False, capture_output=True, text=True)

    said = (run.stdout + run.stderr).splitlines()
    verdicts = {path: any(line == f"{path} SUCCESS" for line in said) for path in texts}
    assert verdicts == {path: path.name.startswith("good") for path in texts}


def test_an_error_reads_as_file_line_key_and_rule(file: Path) -> None:
    file.write_text(f"{PAIR}  min_version: TLS99\n", encoding="utf-8")

    with pytest.raises(WebConfigError) as caught:
        load_web_config(file)

    assert str(caught.value) == f"{file}:4: min_version: 'TLS99' is unknown; use TLS10, TLS11, TLS12, TLS13"


def test_a_file_that_does_not_exist_is_refused(file: Path) -> None:
    with pytest.raises(WebConfigError, match=r"web\.yml: does not exist"):
        load_web_config(file)


def test_an_encrypted_key_is_refused_without_asking_for_its_password(file: Path) -> None:
    key = str(file.with_name("key.pem"))
    locked = str(file.with_name("locked.pem"))
    subprocess.run(
        ["openssl", "ec", "-in", key, "-aes256", "-passout", "pass:abcd", "-out", locked],
        check=True,
        capture_output=True,
    )
    file.write_text("tls_server_config: {cert_file: cert.pem, key_file: locked.pem}", encoding="utf-8")

    with pytest.raises(WebConfigError, match="cannot be used"):
        load_web_config(file)


def test_a_file_is_read_into_a_frozen_value(file: Path) -> None:
    users = f"basic_auth_users: {{anna: {HASH}}}\n"
    headers = "http_server_config: {headers: {X-Frame-Options: deny}}\n"
    file.write_text(f"{PAIR}{CA}  max_version: TLS12\n{users}{headers}", encoding="utf-8")

    config = load_web_config(file)

    assert config == WebConfig(
        tls=TlsServer(
            cert_file=file.parent / "cert.pem",
            key_file=file.parent / "key.pem",
            client_auth_type="RequireAndVerifyClientCert",
            client_ca_file=file.parent / "cert.pem",
            max_version="TLS12",
        ),
        users={"anna": HASH},
        headers={"X-Frame-Options": "deny"},
    )
    assert HASH not in repr(config)
    with pytest.raises(TypeError):
        config.users["eve"] = HASH  # type: ignore[index]
