from __future__ import annotations

import bcrypt
import pytest

from exporter.tls.basic_auth import REMEMBERED, BasicAuth

HASH = bcrypt.hashpw(b"open sesame", bcrypt.gensalt(4)).decode()


@pytest.mark.parametrize(
    ("user", "password", "is_right"),
    [
        ("anna", "open sesame", True),
        ("anna", "open sesam", False),
        ("anna", "", False),
        ("eve", "open sesame", False),
        ("", "", False),
        ("anna", "open sesame\0", False),
        ("anna", "x" * 10_000, False),
        ("anna", "\ud800", False),
    ],
)
def test_basic_auth_knows_right_from_wrong_twice(user: str, password: str, *, is_right: bool) -> None:
    auth = BasicAuth({"anna": HASH})

    assert [auth.check(user, password) for _ in range(2)] == [is_right, is_right]


def test_no_user_means_nobody_gets_in() -> None:
    assert not BasicAuth({"anna": HASH}).check("anna ", "open sesame")


def test_remembered_pairs_are_bounded_and_not_plain() -> None:
    users = {f"user{number}": HASH for number in range(REMEMBERED + 5)}
    auth = BasicAuth(users)

    assert all(auth.check(user, "open sesame") for user in users)

    assert len(auth._verified) == REMEMBERED
    assert not any(b"open" in digest for digest in auth._verified)


def test_an_unknown_user_costs_as_much_as_the_dearest_known_one() -> None:
    auth = BasicAuth({"anna": HASH, "bert": HASH.replace("$04$", "$06$")})

    assert auth._dummy.startswith("$2b$06$")


def test_a_password_is_remembered_for_its_own_user_only() -> None:
    other = bcrypt.hashpw(b"something else", bcrypt.gensalt(4)).decode()
    auth = BasicAuth({"anna": HASH, "bert": other})

    assert auth.check("anna", "open sesame")

    assert not auth.check("bert", "open sesame")


def test_of_a_long_password_the_first_72_bytes_count() -> None:
    stored = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()

    assert BasicAuth({"anna": stored}).check("anna", "x" * 80)
