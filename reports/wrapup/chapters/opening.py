"""The first card: one sentence that says it all, and the days behind it as a skyline."""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from reports.usage.scopes import scopes_label
from reports.wrapup.chapters.chapter import Fact, amount, bidi_markup, bidi_text, counted, percent, plain
from reports.wrapup.chapters.imported import imported_note
from reports.wrapup.comparisons import change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.export.export import Export
    from reports.wrapup.comparisons import Comparison
    from reports.wrapup.wrapup import WrapUp

MOST_DAYS = 400  # more are drawn as months

FEWEST_STEPS = 5  # fewer would be blocks behind the words

HEIGHT = 100
TWICE = 2
YOU, ALL_MACHINES = Markup("You"), "all machines"
HUNDRED = 100


class Opening(NamedTuple):
    """The title of the page (plain text), and the card: `who` `did` `much`, `rest` completes the sentence."""

    page_title: str
    eyebrow: Markup
    who: Markup
    did: str
    much: str
    rest: str
    facts: Sequence[Fact]
    skyline: Markup


def opening(wrapup: WrapUp) -> Opening:
    """Of a period of which at least something is known."""
    export, total, period = wrapup.export, wrapup.summary.total, wrapup.period
    so_far = " so far" if wrapup.is_running and period.kind != "all" else ""
    if not export.has_bytes:
        return _without_bytes(wrapup, f"{period.within}{so_far}.")
    facts = [
        Fact("Received", amount(total.received), percent(total.received, total.total)),
        Fact("Sent", amount(total.sent), percent(total.sent, total.total)),
    ]
    if export.days.size > 1:
        average = amount(wrapup.summary.daily_average)
        facts.append(Fact("A day", average, f"over {counted(export.days.size, 'day', 'days')}"))
    if export.imported.facts:
        facts.append(Fact("Imported", amount(wrapup.summary.imported), imported_note(export.imported)))
    return Opening(
        page_title(wrapup),
        eyebrow(wrapup),
        who(wrapup),
        "moved",
        amount(total.total),
        f"{period.within}{so_far}{_compared(wrapup)}.",
        facts,
        _skyline(wrapup),
    )


def _without_bytes(wrapup: WrapUp, rest: str) -> Opening:
    """What other programs have counted of applications, or of requests."""
    found, requests = wrapup.export.applications, wrapup.export.requests
    card = (Markup("Your applications"), "moved", amount(found.whole.total if found else 0))
    if found is None and requests is not None:
        card = (Markup("Your services"), "answered", counted(requests.figures.requests, "request", "requests"))
    return Opening(page_title(wrapup), eyebrow(wrapup), *card, rest, (), Markup())


def page_title(wrapup: WrapUp) -> str:
    """The title as plain text; the name comes last, so that its marks of direction change nothing else."""
    when = "Nothing yet" if wrapup.export.is_empty else wrapup.period.title
    return f"{when[0].upper()}{when[1:]} in bytes · {bidi_text(plain(wrapup.export.host.name))}"


def eyebrow(wrapup: WrapUp) -> Markup:
    """The host, and the plan, scopes or interface, if it is of one."""
    export = wrapup.export
    host = bidi_markup(export.host.name)
    if export.plan is not None:
        return Markup("{} · plan {}").format(host, bidi_markup(export.plan))
    if export.scopes:
        return Markup("{} · {}").format(host, scopes_label(export.scopes))
    kind = "machine" if export.host.hosts else "interface"
    return host if export.device is None else Markup("{} · {} {}").format(host, kind, bidi_markup(export.device))


def who(wrapup: WrapUp) -> Markup:
    """The subject of the sentence: you, machines, a plan, an interface, or applications in some scopes."""
    export = wrapup.export
    if export.plan is not None:
        return Markup("Plan {}").format(bidi_markup(export.plan))
    if export.scopes:
        return Markup("Your applications")
    if export.device is not None:
        return bidi_markup(export.device)
    name = export.host.name
    return bidi_markup(f"{name[0].upper()}{name[1:]}" if name == ALL_MACHINES else name) if _is_family(export) else YOU


def _is_family(export: Export) -> bool:
    return bool(export.host.hosts)


def compared(comparison: Comparison) -> str:
    """A clause: "12 % more than 2025", "3.1 times Friday until 06:26"; "" where nothing was moved before."""
    now, then = comparison.bytes.total, comparison.before.total
    changed = change(now, then)
    if changed is None:
        return ""
    until = "until yesterday " if comparison.is_whole_days else ""
    if now >= TWICE * then:
        return f"{until}{now / then:.1f} times {comparison.name}"
    if changed == 0:
        return f"{until}as much as {comparison.name}"
    return f"{until}{percent(abs(changed), HUNDRED)} {'more' if changed > 0 else 'less'} than {comparison.name}"


def _compared(wrapup: WrapUp) -> str:
    clauses = (compared(comparison) for comparison in wrapup.comparisons)
    return next((f", {clause}" for clause in clauses if clause), "")


def _skyline(wrapup: WrapUp) -> Markup:
    days = wrapup.export.days
    amounts = list(map(add, days.received, days.sent))
    if len(amounts) > MOST_DAYS or wrapup.export.imported.spans:
        amounts = [month.bytes.total for month in wrapup.summary.months]
    elif len(amounts) == 1 and wrapup.hours is not None:
        amounts = [used.total for used in wrapup.hours.by_hour()]
    if len(amounts) < FEWEST_STEPS:
        return Markup()
    top = max(*amounts, 1)
    steps = "".join(f"V{HEIGHT - HEIGHT * each // top}h1" for each in amounts)
    return Markup(  # noqa: S704 - numbers
        f'<svg class="skyline" viewBox="0 0 {len(amounts)} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f'<path d="M0 {HEIGHT}{steps}V{HEIGHT}z"/></svg>'
    )
