from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel.numbers import list_currencies
from hypothesis import given
from hypothesis import strategies as st

from exporter.doctor.setting_checks import plan_warnings
from exporter.settings.loading import SettingsError, load_settings
from exporter.settings.plans.notify import Notify
from exporter.settings.plans.rules import CURRENCIES
from exporter.settings.plans.sections import PlanSettings, PriceStepSettings
from exporter.settings.reader import SettingsReader
from exporter.settings.schema import fields
from exporter.settings.template import settings_template
from exporter.settings.tree import Settings
from exporter.settings.yaml_file import YamlError, parse_yaml
from reports.billing.plans import CycleRule, FreeHours, Plan, PriceStep, ScopePrice
from reports.billing.prices import one_price

if TYPE_CHECKING:
    from exporter.settings.loading import Loaded

GB = 10**9
WRITTEN = Plan(gigabyte_bytes=GB)
SCOPED = WRITTEN._replace(interfaces=())
DOCUMENT = Path(__file__).parents[3] / "docs" / "configuration.md"
HIDDEN = "not-for-logs"
PLAN_KEYS, STEP_KEYS, NOTIFY_KEYS = fields(PlanSettings), fields(PriceStepSettings), fields(Notify)


some_text = st.sampled_from(
    ["", "1", "5 GB", "7.50", "weekly", "every 5 days from 2026-01-01", "01:00-07:00", "counted", "true", "EUR", "\n"]
) | st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=8)
some_raw = st.recursive(
    st.none() | st.integers() | some_text,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*STEP_KEYS, *NOTIFY_KEYS, "zzz"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "n.yaml"


def load(file: Path, text: str) -> Loaded:
    file.write_text(text, encoding="utf-8")
    return load_settings(file, {})


def one_plan(file: Path, text: str) -> tuple[Plan, Notify]:
    settings = load(file, f"plans: [{{{text}}}]").settings
    (plan,) = settings.plans
    return plan, settings.notify[plan.name]


def problems(file: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(file, text)
    return [problem.replace(f"{file.parent}/", "") for problem in caught.value.problems]


@pytest.mark.parametrize("text", ["", "plans:", "plans: []", "server: {port: 1}"])
def test_without_plans_there_is_one_that_bills_calendar_months_without_a_cap(file: Path, text: str) -> None:
    assert load(file, text).settings.plans == (Plan(),)


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("", WRITTEN),
        ("name: home", WRITTEN._replace(name="home")),
        (
            "name: '<b>\"5G\", \u05d0\u200f\U0001f468\u200d\U0001f469</b>'",
            WRITTEN._replace(name='<b>"5G", א\u200f👨\u200d👩</b>'),
        ),
        ("interfaces: counted", WRITTEN),
        ("interfaces: ['wwan*', ppp0]", WRITTEN._replace(interfaces=("wwan*", "ppp0"))),
        ("cycle_day: 31", WRITTEN._replace(cycle=CycleRule("monthly", 31))),
        ("cycle_day: 15, cycle: monthly", WRITTEN._replace(cycle=CycleRule("monthly", 15))),
        ("cycle: weekly", WRITTEN._replace(cycle=CycleRule("weekly"))),
        ("cycle: daily", WRITTEN._replace(cycle=CycleRule("daily"))),
        (
            "cycle: every 30 days from 2026-01-15",
            WRITTEN._replace(cycle=CycleRule("every", 1, 30, date(2026, 1, 15))),
        ),
        (
            "cycle: every 1 day from 2026-01-15",
            WRITTEN._replace(cycle=CycleRule("every", 1, 1, date(2026, 1, 15))),
        ),
        ("cap: 500 GB", WRITTEN._replace(cap_bytes=500 * GB)),
        ("cap: 1 TiB, rollover: yes", WRITTEN._replace(cap_bytes=2**40, rollover=True)),
        ("rollover: no", WRITTEN),
        ("counts: larger", WRITTEN._replace(counts="larger")),
        ("free_hours: '01:00-07:00'", WRITTEN._replace(free_hours=(FreeHours(60, 420),))),
        (
            "free_hours: ['22:15 - 06:00', '12:00-24:00']",
            WRITTEN._replace(free_hours=(FreeHours(1335, 360), FreeHours(720, 1440))),
        ),
        ("price_per_gb: 7.505", WRITTEN._replace(price_steps=one_price(Decimal("7.505")))),
        ("price_per_gb: 0, gigabyte: binary", Plan(price_steps=one_price(Decimal(0)))),
        ("tier: premium", Plan(price_steps=one_price(Decimal("10.00")))),
        ("tier: budget, currency: INR, gigabyte: decimal", WRITTEN._replace(price_steps=one_price(Decimal(7)))),
        (
            "price_steps: [{up_to: 100 GB, price_per_gb: 5}, {price_per_gb: 2.5}], currency: EUR",
            WRITTEN._replace(
                price_steps=(PriceStep(100 * GB, Decimal(5)), PriceStep(None, Decimal("2.5"))), currency="EUR"
            ),
        ),
        ("base_price: 19.99, currency: USD", WRITTEN._replace(base_price=Decimal("19.99"), currency="USD")),
        ("prices: {}, tier: budget", Plan(price_steps=one_price(Decimal(7)))),
        ("scope: internet", SCOPED._replace(scopes=("internet",))),
        ("scope: [lan, internet, lan]", SCOPED._replace(scopes=("lan", "internet"))),
        ("scope: internet, counts: larger", SCOPED._replace(scopes=("internet",), counts="larger")),
        (
            "prices: {internet: 0.09, lan: 0}",
            SCOPED._replace(scope_prices=(ScopePrice("internet", Decimal("0.09")), ScopePrice("lan", Decimal(0)))),
        ),
        (
            "scope: lan, prices: {internet: 0.09}, price_per_gb: 2, counts: transmit, currency: USD",
            SCOPED._replace(
                scopes=("lan",),
                scope_prices=(ScopePrice("internet", Decimal("0.09")),),
                price_steps=one_price(Decimal(2)),
                counts="transmit",
                currency="USD",
            ),
        ),
        ("cap: 1 GB, alert_at: [100, 50, 50]", WRITTEN._replace(cap_bytes=GB, alert_at=(50, 100))),
        ("cap: 1 GB, alert_at: []", WRITTEN._replace(cap_bytes=GB, alert_at=())),
        ("cap: 1 GB, alert_at: 90", WRITTEN._replace(cap_bytes=GB, alert_at=(90,))),
    ],
)
def test_a_plan_is_read(file: Path, text: str, plan: Plan) -> None:
    assert one_plan(file, text) == (plan, Notify())


@pytest.mark.parametrize(
    ("text", "notify"),
    [
        ("notify: ", Notify()),
        ("notify: {webhook: 'https://a.example:8443/x?y=z'}", Notify(webhook="https://a.example:8443/x?y=z")),
        ("notify: {webhook: 'http://me:pw@[::1]:80'}", Notify(webhook="http://me:pw@[::1]:80")),
        ("notify: {command: notify-send}", Notify(command=("notify-send",))),
        ("notify: {command: [/bin/echo, -n, -n, 'a b']}", Notify(command=("/bin/echo", "-n", "-n", "a b"))),
    ],
)
def test_whom_a_plan_tells_is_read(file: Path, text: str, notify: Notify) -> None:
    assert one_plan(file, f"cap: 1 GB, {text}")[1] == notify


def test_each_key_of_a_plan_knows_its_line(file: Path) -> None:
    loaded = load(
        file,
        "plans:\n  - name: home\n    cap: 1 GB\n    notify:\n      webhook: http://a\n  - name: phone\n"
        "    price_steps:\n      - up_to: 1 GB\n        price_per_gb: 2\n      - price_per_gb: 1\n",
    )

    assert [plan.name for plan in loaded.settings.plans] == ["home", "phone"]
    assert {name: origin for name, origin in loaded.origins.items() if name.startswith("plans")} == {
        "plans[0].name": f"{file}:2",
        "plans[0].cap": f"{file}:3",
        "plans[0].notify.webhook": f"{file}:5",
        "plans[1].name": f"{file}:6",
        "plans[1].price_steps": f"{file}:7",
        "plans[1].price_steps[0].up_to": f"{file}:8",
        "plans[1].price_steps[0].price_per_gb": f"{file}:9",
        "plans[1].price_steps[1].price_per_gb": f"{file}:10",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("cpa: 1 GB", "cpa: unknown key; did you mean cap?"),
        ("tires: budget", "tires: unknown key; did you mean tier?"),
        ("zzz: 1", "zzz: unknown key; its keys are name, interfaces, scope, "),
        ("cap: 5", "cap: 5 has no unit: write B, kB, MB"),
        ("cap: 0", "cap: 0 is below 1 MB; use 1 MB to 1000 PB"),
        ("cap: -5 GB", "cap: -5 GB is not a size such as 400 MB or 1 GiB; use 1 MB"),
        ("cap: 2000 PB", "cap: 2000 PB is above 1000 PB; use 1 MB to 1000 PB"),
        ("cap: ", "cap: is empty; use 1 MB to 1000 PB"),
        ("cap: [1 GB]", "cap: is a list; use 1 MB"),
        ("name: ' '", "name: is empty; use a text of at most 64"),
        ('name: "a\\tb"', "name: has a control character; use a text"),
        ('name: "a\\nb"', "name: has a control character; use a text"),
        ('name: "a\\u2028b"', "name: has a control character; use a text"),
        (f"name: {'x' * 65}", "name: is longer than 64 characters; use a text"),
        ("name: [a]", "name: is a list; use a text"),
        ("interfaces: []", "interfaces: is empty; use counted, or a list"),
        ("interfaces: [counted, eth0]", "interfaces: mixes counted with patterns; use counted, or"),
        ("scope: ", "scope: is empty; use lan, internet or a name of networks, or a list of them"),
        ("scope: []", "scope: is empty; use lan, internet or"),
        ("scope: [[lan]]", "scope: is a list; use lan, internet or"),
        ("scope: loopback", "scope: loopback never leaves this machine, and no plan bills it; use lan"),
        ("scope: offce", "scope: there is no scope 'offce'; known are lan, internet"),
        ("scope: lan, interfaces: eth0", "scope: is set beside interfaces; use one: applications are not measured by"),
        ("prices: {lan: 1}, interfaces: eth0", "prices: is set beside interfaces; use one: applications"),
        ("hosts: all", "hosts: needs the mirror, which has the other machines' rows; set mirror.url, or leave it out"),
        ("hosts: all, interfaces: eth0", "hosts: is set beside interfaces; use one: it bills what counts on each"),
        ("hosts: [all, nas]", "hosts: mixes all with names; use all, or a list of names or ids of machines"),
        ("hosts: []", "hosts: is empty; use all, or a list of names"),
        ('hosts: ["a,b"]', "hosts: 'a,b' is no name of a machine; use all"),
        ("prices: 5", "prices: is not a mapping; use scopes with prices of a gigabyte such as {internet: 0.09, office"),
        ("prices: [lan]", "prices: is not a mapping; use scopes with prices"),
        ("prices: {lan: -1}", "prices.lan: -1 is not a price; use a number such as 7.50"),
        ("prices: {lan: 1, lan: 2}", "prices.lan: is written twice, first on line 2"),
        (
            "prices: {loopback: 1}",
            "prices: loopback never leaves this machine, and no plan bills it; use lan, internet",
        ),
        ("prices: {offce: 1}", "prices: there is no scope 'offce'; known are lan, internet"),
        ("prices: {lan: 1}, tier: budget", "prices: is set beside tier; the price of the other scopes is price_per_gb"),
        ("prices: {lan: 1}, price_steps: [{price_per_gb: 1}]", "prices: is set beside price_steps; the price of"),
        ("prices: {lan: 1}, counts: larger", "counts: larger is set beside prices, which are of a scope's"),
        ("scope: [lan, internet], prices: {lan: 1}", "prices: has no price for internet of scope; add it, or price"),
        ("cycle_day: 0", "cycle_day: 0 is below 1; use 1 to 31"),
        ("cycle_day: 32", "cycle_day: 32 is above 31; use 1 to 31"),
        ("cycle: yearly", "cycle: yearly is no cycle; use monthly, weekly, daily, or every N days from YYYY-MM-DD"),
        ("cycle: every 0 days from 2026-01-01", "cycle: 0 is not from 1 to 366; use monthly"),
        ("cycle: every 367 days from 2026-01-01", "cycle: 367 is not from 1 to 366; use monthly"),
        ("cycle: every 30 days from 2026-02-30", "cycle: '2026-02-30' is not a date; use monthly"),
        ("cycle: every 30 days", "cycle: every 30 days is no cycle; use monthly"),
        ("cycle: weekly, cycle_day: 5", "cycle_day: is set beside a cycle that is not monthly; use one"),
        ("counts: sum", "counts: sum is unknown; use both or receive or transmit or larger"),
        ("free_hours: [1-7]", 'free_hours: 1-7 is not a stretch of the day; use a list such as ["01:00-07:00"]'),
        ("free_hours: ['01:10-07:00']", "free_hours: 01:10-07:00 is not in quarters of an hour; use"),
        ("free_hours: ['24:00-07:00']", "free_hours: 24:00-07:00 has a time that no day has; use"),
        ("free_hours: ['01:00-24:15']", "free_hours: 01:00-24:15 has a time that no day has; use"),
        ("free_hours: ['01:60-07:00']", "free_hours: 01:60-07:00 has a time that no day has; use"),
        ("free_hours: ['01:00-02:75']", "free_hours: 01:00-02:75 has a time that no day has; use"),
        ("free_hours: ['07:00-07:00']", "free_hours: 07:00-07:00 is empty; use"),
        ("free_hours: ['00:00-24:00']", "free_hours: leaves no hour that counts; use"),
        ("free_hours: ['18:00-08:00', '08:00-18:00']", "free_hours: leaves no hour that counts; use"),
        ("rollover: maybe, cap: 1 GB", "rollover: maybe is neither true nor false; use true or false"),
        ("rollover: true", "rollover: is set without cap; set cap too, or neither"),
        ("alert_at: [80]", "alert_at: is set without cap; set cap too, or neither"),
        ("notify: {command: x}", "notify: is set without cap; set cap too, or neither"),
        ("cap: 1 GB, alert_at: [0]", "alert_at: 0 is below 1; use a list of percentages from 1 to 1000"),
        ("cap: 1 GB, alert_at: [1001]", "alert_at: 1001 is above 1000; use a list of percentages"),
        ("cap: 1 GB, alert_at: [80%]", "alert_at: 80% is not a whole number; use a list of percentages"),
        (
            f"cap: 1 GB, alert_at: {list(range(1, 22))}",
            "alert_at: has more than 20 percentages; use a list",
        ),
        ("price_per_gb: -1", "price_per_gb: -1 is not a price; use a number such as 7.50, not negative"),
        ("price_per_gb: ₹7", "price_per_gb: ₹7 is not a price; use a number such as 7.50"),
        ("price_per_gb: '7,50'", "price_per_gb: 7,50 is not a price; use a number"),
        ("price_per_gb: nan", "price_per_gb: nan is not a price; use a number"),
        ("price_per_gb: 1e999", "price_per_gb: 1e999 is not a price; use a number"),
        ("base_price: inf", "base_price: inf is not a price; use a number"),
        ("tier: gold", "tier: gold is unknown; use budget or standard or premium or broadband"),
        (
            "tier: budget, price_per_gb: 1",
            "price_per_gb: is set beside tier; use one of price_per_gb, tier, price_steps",
        ),
        ("price_per_gb: 1, tier: budget", "tier: is set beside price_per_gb; use one of"),
        ("tier: budget, currency: EUR", "currency: EUR is set beside tier, whose prices are INR; use price_per_gb"),
        ("currency: inr", "currency: inr is not a currency in use (did you mean INR?); use a code of ISO 4217"),
        ("currency: DEM", "currency: DEM is not a currency in use; use a code of ISO 4217"),
        ("gigabyte: 1000", "gigabyte: 1000 is unknown; use binary or decimal"),
        ("price_steps: []", "price_steps: is not a list of steps such as {up_to: 100 GB, price_per_gb: 5}"),
        ("price_steps: 5", "price_steps: is not a list of steps such as"),
        ("price_steps: [{}]", "price_steps[0]: has no price_per_gb"),
        ("price_steps: [5]", "price_steps[0]: is not a mapping; its keys are up_to, price_per_gb"),
        ("price_steps: [{up_to: x, price_per_gb: 5}, {price_per_gb: 4}]", "price_steps[0].up_to: x is not a size"),
        ("price_steps: [{price_per_gb: x}]", "price_steps[0].price_per_gb: x is not a price; use a number"),
        (
            "price_steps: [{up_to: 1 GB, price_per_gb: 5}]",
            "price_steps[0].up_to: is set on the last step; leave it out",
        ),
        ("price_steps: [{price_per_gb: 5}, {price_per_gb: 4}]", "price_steps[0]: has no up_to, which only the last"),
        (
            "price_steps: [{up_to: 2 GB, price_per_gb: 5}, {up_to: 2 GB, price_per_gb: 4}, {price_per_gb: 1}]",
            "price_steps: has a step that does not end above the one before it",
        ),
        ("cap: 1 GB, notify: http://x", "notify: is not a mapping; its keys are webhook, command"),
        ("cap: 1 GB, notify: {hook: x}", "notify.hook: unknown key; did you mean webhook?"),
        ("cap: 1 GB, notify: {webhook: ftp://x}", "notify.webhook: is not an http or https address; use an address"),
        ("cap: 1 GB, notify: {webhook: 'http://'}", "notify.webhook: is not an http or https address; use"),
        ("cap: 1 GB, notify: {webhook: 'http://a..b/'}", "notify.webhook: has a host that no name can be; use"),
        (
            f"cap: 1 GB, notify: {{webhook: 'http://{64 * 'x'}/'}}",
            "notify.webhook: has a host that no name can be; use",
        ),
        ("cap: 1 GB, notify: {webhook: 'http://a:65536/'}", "notify.webhook: has a port above 65535; use an address"),
        ("cap: 1 GB, notify: {command: []}", "notify.command: is empty; use a list such as"),
        ("cap: 1 GB, notify: {command: say hello}", "notify.command: say hello has a space: write the program and"),
        ("cap: 1 GB, notify: {command: [./tell]}", "notify.command: ./tell is a relative path; use a list"),
        ("cap: 1 GB, notify: {command: [tell, [x]]}", "notify.command: is a list; use a list such as"),
    ],
)
def test_a_problem_names_line_key_value_and_rule(file: Path, text: str, problem: str) -> None:
    (found,) = problems(file, f"plans:\n  - {{{text}}}")

    assert found.startswith(f"n.yaml:2: plans[0].{problem}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("plans: {name: home}", "n.yaml:1: plans: is not a list; write - before each plan; its keys are name, "),
        ("plans: {}", "n.yaml:1: plans: is not a list; write - before each plan"),
        ('plans: ""', "n.yaml:1: plans: is not a list; write - before each plan"),
        ("plans: home", "n.yaml:1: plans: is not a list; write - before each plan"),
        ("plans:\n- home", "n.yaml:1: plans[0]: is not a mapping; its keys are name, "),
        ("plan: []", "n.yaml:1: plan: unknown key; did you mean plans?"),
        ("plans:\n- name: a\n  cap: 1 GB\n  cap: 2 GB", "n.yaml:4: plans[0].cap: is written twice, first on line 3"),
        ("plans:\n- name: a\n- name: a", "n.yaml:3: plans[1].name: 'a' is the name of plans[0] too; use another"),
        ("plans:\n- cap: 1 GB\n- cap: 2 GB", "n.yaml:3: plans[1].name: 'default' is the name of plans[0] too; use"),
        ("plans:\n- {}\n- {}", "n.yaml:1: plans[1].name: 'default' is the name of plans[0] too"),
        ("plans: []\nplans: []", "n.yaml:2: plans: is written twice, first on line 1"),
    ],
)
def test_a_problem_of_the_list_names_its_place(file: Path, text: str, problem: str) -> None:
    (found,) = problems(file, text)

    assert found.startswith(problem)


def test_all_problems_of_all_plans_are_told_at_once(file: Path) -> None:
    text = "plans:\n- name: a\n  cap: x\n  rollover: true\n- name: a\n  tier: gold\n  notify:\n    webhook: x\nzzz: 1\n"

    assert [line.split(": ")[:2] for line in problems(file, text)] == [
        ["n.yaml:3", "plans[0].cap"],
        ["n.yaml:6", "plans[1].tier"],
        ["n.yaml:8", "plans[1].notify.webhook"],
        ["n.yaml:7", "plans[1].notify"],
        ["n.yaml:5", "plans[1].name"],
        ["n.yaml:9", "zzz"],
    ]


@pytest.mark.parametrize(
    "webhook", [f"ftp://x/{HIDDEN}", f"http:/{HIDDEN}", f"http://x/{HIDDEN} y", f"[http://{HIDDEN}]"]
)
def test_a_bad_webhook_is_refused_and_never_shown(file: Path, webhook: str) -> None:
    assert HIDDEN not in "".join(problems(file, f"plans: [{{cap: 1 GB, notify: {{webhook: {webhook}}}}}]"))


@given(st.dictionaries(st.sampled_from([*PLAN_KEYS, "zzz"]), some_raw), some_raw)
def test_any_list_is_plans_or_problems(plan: dict[str, object], other: object) -> None:
    try:
        (entry,) = parse_yaml(json.dumps({"plans": [plan, other]}))
    except YamlError:
        return
    reader = SettingsReader()

    reader.read_file(Path("n.yaml"), [entry])

    assert reader.problems or len(reader.plans) == 2
    assert all(problem.startswith("n.yaml:1: plans[") and "\n" not in problem for problem in reader.problems)


def test_settings_never_show_a_webhook_or_command_when_printed(file: Path) -> None:
    text = f"cap: 1 GB, notify: {{webhook: 'http://a/{HIDDEN}', command: [tell, {HIDDEN}]}}"

    assert HIDDEN not in repr(one_plan(file, text))


def test_plans_are_not_set_by_variables() -> None:
    with pytest.raises(SettingsError, match="NETLEDGER_PLANS_CAP: plans are set in the file only"):
        load_settings(None, {"NETLEDGER_PLANS_CAP": "1 GB"}, search=())


def test_the_example_of_the_template_loads_as_it_stands_and_with_other_choices(file: Path) -> None:
    head, _, example = settings_template().partition("# plans:\n")
    lines = [line.removeprefix("# ") for line in ("# plans:\n" + example).splitlines()]
    more = [re.sub(r"^( +)# (notify|  \w+):", r"\1\2:", line) for line in lines]

    usual = load(file, head + "\n".join(lines)).settings
    told = load(file, head + "\n".join(more)).settings
    (plan,) = usual.plans

    assert (plan.name, plan.cap_bytes, usual.notify["home"]) == ("home", 500 * GB, Notify())
    assert told.notify["home"] == Notify(
        webhook="https://example.org/alerts", command=("notify-send", "{title}", "{text}")
    )
    assert all(re.search(rf"^ +(- |# )?{key}: ?", "\n".join(lines), re.MULTILINE) for key in PLAN_KEYS)


@pytest.mark.parametrize(
    "key",
    [
        *(key for key in PLAN_KEYS if key != "notify"),
        *STEP_KEYS,
        *(f"notify.{key}" for key in NOTIFY_KEYS),
    ],
)
def test_a_key_of_plans_is_documented(key: str) -> None:
    assert f"`{key}`" in DOCUMENT.read_text(encoding="utf-8")


def test_currencies_are_known_to_babel() -> None:
    assert not CURRENCIES - list_currencies()
    assert {"INR", "EUR", "USD", "GBP", "JPY", "KWD", "CHF"} <= CURRENCIES


def test_settings_without_plans_load_neither_plans_nor_babel_when_imported() -> None:
    heavy = "{'reports.billing.plans', 'babel', 'exporter.settings.plans.rules'}"
    code = f"import sys, exporter.settings.loading; print({heavy} & set(sys.modules))"

    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert shown.strip() == "set()"


def test_a_plan_is_a_default_of_the_tree() -> None:
    assert (Settings().plans, Settings().notify) == ((Plan(),), {})


def test_a_name_may_have_64_letters_and_an_address_capitals(file: Path) -> None:
    name, address = "x" * 64, "HTTPS://EXAMPLE.org/x"

    plan, notify = one_plan(file, f"name: {name}, cap: 1 GB, notify: {{webhook: '{address}'}}")

    assert (plan.name, notify.webhook) == (name, address)


@pytest.mark.parametrize(("meter", "count"), [("off", 1), ("auto", 0)])
def test_a_plan_of_scopes_without_its_meter_is_warned_of(file: Path, meter: str, count: int) -> None:
    settings = load(file, f"applications: {{meter: {meter}}}\nplans: [{{name: egress, scope: internet}}]").settings

    assert list(plan_warnings(settings)) == count * [
        "plan egress bills bytes of applications, and applications.meter is off"
    ]
