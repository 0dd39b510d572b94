from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.mirror.address import KNOWN, Address, AddressError, Password, Tls, masked, parse_address

NEON = (
    "postgresql://me:pw@ep-cool-rain-1-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require"
)


def address(*hosts: tuple[str, int], login: str = "", **parts: Any) -> Address:
    user, _, password = login.partition(":")
    return Address(hosts, user, Password(password))._replace(**parts)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://db", address(("db", 5432))),
        ("postgres://db:6432/", address(("db", 6432))),
        ("postgresql://db/fleet", address(("db", 5432), database="fleet")),
        ("postgresql://me@db", address(("db", 5432), user="me")),
        ("postgresql://me:@db", address(("db", 5432), user="me")),
        ("postgresql://me:pw@db", address(("db", 5432), login="me:pw")),
        ("postgresql://m%40e:p%2F%25%3a@db/a%20b", address(("db", 5432), login="m@e:p/%:", database="a b")),
        ("postgresql://me:a:b@db", address(("db", 5432), login="me:a:b")),
        ("postgresql://me:ü%C3%BC@db", address(("db", 5432), login="me:üü")),
        ("postgresql://me:a+b%2Bc@db", address(("db", 5432), login="me:a+b+c")),
        ("postgresql://a,b:2,[::1]:3,[fe80::1]", address(("a", 5432), ("b", 2), ("::1", 3), ("fe80::1", 5432))),
        ("postgresql://%2Frun%2Fpostgresql/x", address(("/run/postgresql", 5432), database="x")),
        ("postgresql:///x?host=/run/postgresql&port=5433", address(("/run/postgresql", 5433), database="x")),
        ("postgresql://?host=a,b,::1&port=1,2,3", address(("a", 1), ("b", 2), ("::1", 3))),
        ("postgresql://?host=a,b&port=7", address(("a", 7), ("b", 7))),
        (
            "postgresql://?host=db&user=me&password=p%26w&dbname=d",
            address(("db", 5432), login="me:p&w", database="d"),
        ),
        (
            "postgresql://db?sslmode=verify-ca&sslrootcert=/ca.pem",
            address(("db", 5432), tls=Tls("verify-ca", "/ca.pem")),
        ),
        ("postgresql://db?sslrootcert=system", address(("db", 5432), tls=Tls("", "system"))),
        ("postgresql://db?target_session_attrs=any", address(("db", 5432), target="any")),
        ("postgresql://db?application_name=attic", address(("db", 5432), application_name="attic")),
        ("postgresql://db?connect_timeout=3", address(("db", 5432), timeout=3.0)),
        (
            NEON,
            address(
                ("ep-cool-rain-1-pooler.eu-central-1.aws.neon.tech", 5432),
                login="me:pw",
                database="neondb",
                tls=Tls("require", is_bound=True),
            ),
        ),
    ],
)
def test_an_address_is_what_libpq_takes_it_for(url: str, expected: Address) -> None:
    assert parse_address(url) == expected


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("mysql://db", "does not begin with postgresql://"),
        ("host=db user=me", "does not begin with postgresql://"),
        ("POSTGRESQL://db", "does not begin with postgresql://"),
        ("postgresql://d\tb", "has a character that cannot be printed"),
        ("postgresql://", "names no host; for a socket"),
        ("postgresql:///db", "names no host; for a socket"),
        ("postgresql://me:pw@/db", "names no host; for a socket"),
        ("postgresql://:5432/db", "names no host"),
        ("postgresql://a,,b", "names no host 2"),
        ("postgresql://a b", "has a host 1 that is neither a name, an address nor the folder"),
        ("postgresql://a..b", "has a host 1 that is neither a name, an address nor the folder"),
        (f"postgresql://{'a' * 64}.b", "has a host 1 that is neither a name, an address nor the folder"),
        ("postgresql://::1/db", "has a host 1 that is none; IPv6 stands in brackets"),
        ("postgresql://a,[::g]", "has a host 2 in brackets that is no IPv6 address"),
        ("postgresql://a:0", "has a port of host 1 that is no number from 1 to 65535"),
        ("postgresql://a,b:65536", "has a port of host 2 that is no number from 1 to 65535"),
        ("postgresql://a:x", "has a port of host 1"),
        ("postgresql://?host=a,b,c&port=1,2", "has another number of ports than of hosts"),
        ("postgresql://@db", "has no user before its @"),
        ("postgresql://me:p@w@db", "has an @ that does not end the login: write %40"),
        ("postgresql://me:p/w@db", "has an @ that does not end the login: write %40"),
        ("postgresql://me:p?w@db", "has an @ that does not end the login: write %40"),
        ("postgresql://me:p%w@db", "has a % in its password that two hexadecimal digits do not follow"),
        ("postgresql://me:p%ff@db", "has a password that is not UTF-8"),
        ("postgresql://me:p%00@db", "has a zero byte in its password"),
        ("postgresql://a?host=b", "says host twice"),
        ("postgresql://a?port=1", "says port twice"),
        ("postgresql://me@a?user=you", "says user twice"),
        ("postgresql://a?sslmode=require&sslmode=disable", "says sslmode twice"),
        ("postgresql://a?sslmode", "has a parameter sslmode without a value"),
        ("postgresql://a?=1", "has a parameter 1, which is not known"),
        ("postgresql://a?password=p&w=1", "has a parameter 2, which is not known; known are user, password, "),
        ("postgresql://a?pgbouncer=true", "has a parameter pgbouncer, which is not known; known are user, password, "),
        ("postgresql://a?options=endpoint%3Dx", "has options, which a pooler refuses"),
        ("postgresql://a?sslcert=/x", "has sslcert: certificates of clients are not supported; leave it out"),
        ("postgresql://a?sslmode=on", "has an sslmode that is none of disable, allow, prefer, require, verify-ca, "),
        ("postgresql://a?sslmode=", "has an sslmode that is none of"),
        ("postgresql://a?sslrootcert=ca.pem", "has an sslrootcert that is neither the full path of a file nor system"),
        ("postgresql://a?channel_binding=yes", "has a channel_binding that is none of disable, prefer, require"),
        ("postgresql://a?channel_binding=require&sslmode=disable", "needs TLS, and sslmode=disable"),
        ("postgresql://?host=/run&channel_binding=require", "needs TLS, and a socket has none"),
        ("postgresql://a?target_session_attrs=rw", "has a target_session_attrs that is none of any, read-write, "),
        ("postgresql://a?application_name=", "has an application_name that is not 1 to 63 printable"),
        ("postgresql://a?connect_timeout=0", "has a connect_timeout that is no number of seconds from 1 to 600"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_its_part_and_rule(url: str, fault: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(url)

    assert str(caught.value).startswith(fault) or fault in str(caught.value)


@pytest.mark.parametrize(
    ("query", "off", "local"),
    [
        ("", "full", "none"),
        ("sslmode=allow", "full", "none"),
        ("sslmode=prefer", "full", "none"),
        ("sslmode=require", "full", "unverified"),
        ("sslmode=verify-ca", "authority", "authority"),
        ("sslmode=verify-full", "full", "full"),
        ("sslmode=disable", "none", "none"),
        ("sslrootcert=/ca.pem", "full", "full"),
        ("sslmode=prefer&sslrootcert=/ca.pem", "full", "full"),
        ("sslmode=require&sslrootcert=/ca.pem", "authority", "authority"),
        ("sslmode=disable&sslrootcert=/ca.pem", "none", "none"),
        ("channel_binding=require", "full", "full"),
        ("channel_binding=require&sslmode=prefer", "full", "full"),
        ("channel_binding=require&sslmode=verify-ca", "full", "full"),
        ("channel_binding=prefer", "full", "none"),
    ],
)
def test_tls_is_verified_beyond_this_machine_unless_it_is_switched_off(query: str, off: str, local: str) -> None:
    tls = parse_address(f"postgresql://db?{query}").tls

    assert {tls.check_of(host) for host in ("db.example.org", "192.0.2.1", "2001:db8::1")} == {off}
    assert {tls.check_of(host) for host in ("localhost", "127.0.0.1", "127.1.2.3", "::1")} == {local}
    if not tls.is_bound:
        assert tls.check_of("/run/postgresql") == "none"


names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
hosts = st.one_of(
    st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z0-9-]{1,9})?", fullmatch=True),
    st.ip_addresses(v=6).map(str),
    st.from_regex(r"/[a-z]{1,9}(/[a-z@,]{1,9})?", fullmatch=True),
)


def written(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{quote(host, safe='')}:{port}"


@given(names, names, names, st.lists(st.tuples(hosts, st.integers(1, 65535)), min_size=1, max_size=4))
def test_an_address_that_is_written_is_read_again(
    user: str, password: str, database: str, places: list[tuple[str, int]]
) -> None:
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    url = f"postgresql://{login}@{','.join(written(*place) for place in places)}/{quote(database, safe='')}"

    found = parse_address(url)

    assert found == Address(tuple(places), user, Password(password), database)
    assert parse_address(masked(url)) == found._replace(password=Password("***"))


@given(st.data())
def test_no_error_and_no_repr_has_the_password(data: st.DataObject) -> None:
    # Capitals, since no sentence of an error is in them; raw separators, since people forget to encode them.
    password = data.draw(st.text(alphabet="QXZJ@/?#&=:%[],+ ", min_size=4, max_size=16)) + "QXZJ"
    is_encoded, is_in_query = data.draw(st.booleans()), data.draw(st.booleans())
    text = quote(password, safe="") if is_encoded else password
    tail = data.draw(st.sampled_from(["", "?sslmode=require", "?x=1", "?sslmode=0", "/db?host=b", "/%zz", ":port"]))
    url = f"postgresql://db?password={text}{tail}" if is_in_query else f"postgresql://me:{text}@db{tail}"

    try:
        shown = f"{parse_address(url)!r} {masked(url)}"
    except AddressError as error:
        shown = str(error).replace(", ".join(KNOWN), "")

    for part in (password, text, "QXZJ"):
        assert part not in shown


def test_a_password_is_masked_where_it_stands() -> None:
    assert masked("postgres://me:s%40crt@db:1/x?sslmode=require") == "postgres://me:***@db:1/x?sslmode=require"
    assert masked("postgresql://db/x?p%61ssword=scrt&user=me") == "postgresql://db/x?password=***&user=me"
    assert masked("postgresql://me@db/x") == "postgresql://me@db/x"
