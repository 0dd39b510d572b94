"""Markdown: a report with aligned tables, for a terminal and for GitHub alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.ledger.imported import SEPARATOR
from reports.text.amounts import human_bytes, human_rate, signed
from reports.text.milliseconds import human_milliseconds
from reports.usage.requests.figures import NO_QUANTILES
from reports.usage.scopes import scopes_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.export.export import Export
    from reports.export.summary import ExportSummary
    from reports.ledger.imported import Imported, ImportedPart
    from reports.ledger.reader import Bytes
    from reports.usage.applications import Applications, ApplicationUsage
    from reports.usage.requests.figures import Quantiles, RouteFigures, ServiceFigures
    from reports.usage.requests.report import RequestReport

SUMS = ("Received", "Sent", "Total")
AMOUNTS = (*SUMS, "Peak speed")
FIGURES = ("Requests", "Errors", "Average", "p95", "Received", "Sent", "Imported")
UNATTRIBUTED = "(unattributed)"
NARROWEST = 10
"""Width of a column of amounts, enough for "999.99 GB", so that every batch of days is as wide as the next."""

DIRECTION_MARKS = (0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
ESCAPES = {
    **{ord(mark): f"\\{mark}" for mark in "\\`*_[]#|~!@:"},
    **{code: f"&#x{code:x};" for code in (*range(32), *range(127, 160), *DIRECTION_MARKS)},
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord("&"): "&amp;",
}
"""For a name, so that it holds no mark-up, no HTML, no link and no mark that turns the direction of a line."""


def write(export: Export) -> Iterator[bytes]:
    """UTF-8; first the facts, then interfaces, months and days, newest last."""
    summary = export.summary()
    yield "".join(_opening(export, summary)).encode()
    if export.is_empty:
        return
    if export.interfaces:
        yield "".join(_interfaces(export)).encode()
    if export.applications is not None:
        yield "".join(_applications(export.applications)).encode()
    if export.requests is not None:
        yield "".join(_requests(export.requests)).encode()
    if export.imported.spans:
        yield "".join(_spans(export.imported)).encode()
    if not export.has_bytes:
        return
    yield "".join(_months(summary)).encode()
    yield from _days(export)


def _days(export: Export) -> Iterator[bytes]:
    if not export.days.size:
        return
    imported = export.imported.by_date
    columns = ("Date", *AMOUNTS, *(("Imported",) if imported else ()))
    yield "".join(_header("Days", columns, (NARROWEST,))).encode()
    for days in export.batches():
        lines = []
        for number, day in enumerate(days.dates):
            cells = (day, *_amounts(days.amounts(number)))
            lines.append(_row((*cells, _source(imported.get(day))) if imported else cells, (NARROWEST,)))
        yield "".join(lines).encode()


def _source(part: ImportedPart | None) -> str:
    return "" if part is None else f"{human_bytes(part.bytes.total)}, {plain(part.label)}"


def _spans(found: Imported) -> Iterator[str]:
    widths = (NARROWEST, NARROWEST)
    yield from _header("Imported, days not known", ("From", "To", *SUMS, "Source"), widths)
    for part in found.spans:
        yield _row((str(part.first), str(part.last), *_sums(part.bytes), plain(part.label)), widths)


def plain(name: str) -> str:
    """A name as Markdown that shows it letter by letter."""
    return name.translate(ESCAPES).replace("www.", "www\\.")


def _opening(export: Export, summary: ExportSummary) -> list[str]:
    host = export.host
    when = export.notice.capitalize() if export.is_empty else f"{export.first_date} to {export.last_date}"
    notice = f"{export.notice.capitalize()}.\n\n" if export.beside and not export.has_bytes else ""
    lines = [
        f"# Network usage of {plain(host.name)}\n\n",
        f"{when}: {_subject(export)}, local days of {plain(export.zone.key)}.\n\n{notice}",
    ]
    if export.has_bytes:
        lines.extend(_facts(summary))
    if export.imported.facts:
        sources = plain(SEPARATOR.join(export.imported.sources))
        lines.append(f"- Imported: {human_bytes(summary.imported)} of it, counted by {sources}\n")
    lines.append(
        f"- Exported: {export.exported_at} by netledger {plain(host.version)} on {plain(host.system)}"
        f"{'' if host.hosts else f', ledger {plain(host.id)}'}\n"
    )
    return lines


def _subject(export: Export) -> str:
    if export.plan is not None:
        return f"interfaces of plan {plain(export.plan)}"
    if export.scopes:
        return f"what applications moved, {plain(scopes_label(export.scopes))}"
    if export.host.hosts:
        return "their counted interfaces" if export.device is None else f"machine {plain(export.device)}"
    return "all counted interfaces" if export.device is None else f"interface {plain(export.device)}"


def _facts(summary: ExportSummary) -> Iterator[str]:
    total, busiest, fastest = summary.total, summary.busiest, summary.fastest
    yield f"- Received: **{human_bytes(total.received)}** ({total.received:,} bytes)\n"
    yield f"- Sent: **{human_bytes(total.sent)}** ({total.sent:,} bytes)\n"
    yield f"- Total: **{human_bytes(total.total)}** ({total.total:,} bytes)\n"
    if summary.days:
        yield f"- Days: {summary.days}, {human_bytes(summary.daily_average)} a day\n"
    if busiest is not None:
        yield f"- Busiest day: {busiest.name}, {human_bytes(busiest.bytes.total)}\n"
    if fastest is not None:
        yield f"- Peak speed: {human_rate(total.peak_speed)} on {fastest.name}\n"
    if total.estimated:
        yield f"- Estimated: {human_bytes(total.estimated)} moved in gaps between samples; the time is estimated\n"


def _interfaces(export: Export) -> Iterator[str]:
    names = [plain(total.device) for total in export.interfaces]
    widths = (max([NARROWEST, *map(len, names)]), NARROWEST)
    if export.host.hosts:
        yield from _machines(export, names, widths[:1])
        return
    yield from _header("Interfaces", ("Interface", "Counted", *AMOUNTS), widths)
    for name, total in zip(names, export.interfaces, strict=True):
        yield _row((name, "yes" if total.is_counted else "no", *_amounts(total.bytes)), widths)


def _machines(export: Export, names: Sequence[str], widths: tuple[int, ...]) -> Iterator[str]:
    """Each machine of a family, with its part of all."""
    together = sum(total.bytes.total for total in export.interfaces) or 1
    yield from _header("Machines", ("Machine", *AMOUNTS, "Part"), widths)
    for name, total in zip(names, export.interfaces, strict=True):
        yield _row((name, *_amounts(total.bytes), f"{100 * total.bytes.total / together:.1f} %"), widths)


def _applications(found: Applications) -> Iterator[str]:
    brought = found.imported.total > 0
    rows = [(plain(row.name), row.bytes, _imported(row)) for row in found.applications]
    rows.append((UNATTRIBUTED, found.account.unattributed, ""))
    widths = (max([NARROWEST, *(len(name) for name, *_ in rows)]),)
    yield from _header("Applications", ("Application", *SUMS, *(("Imported",) if brought else ())), widths)
    yield from (_row((name, *_sums(used), *((imported,) if brought else ())), widths) for name, used, imported in rows)
    if brought:
        yield "\nImported bytes of applications are estimates of other programs, in no total of the machine.\n"
    widths = (max([NARROWEST, *(len(plain(scope)) for scope in found.scopes)]),)
    yield from _header("Scopes", ("Scope", *SUMS), widths)
    yield from (_row((plain(scope), *_sums(used)), widths) for scope, used in found.scopes.items())


def _imported(row: ApplicationUsage) -> str:
    """How much of it, and who has counted it."""
    if not row.imported_bytes:
        return ""
    return f"{human_bytes(row.imported_bytes)}, {plain(SEPARATOR.join(row.imported_from))}"


def _requests(found: RequestReport) -> Iterator[str]:
    has_imported = found.imported > 0
    rows = [((plain(row.service),), _figures(row, row.quantiles)) for row in found.services]
    yield from _of_names("Requests", ("Service",), rows, has_imported=has_imported)
    yield from _routes("Busiest routes", found.busiest, has_imported=has_imported)
    yield from _routes("Slowest routes", found.slowest, has_imported=has_imported)
    yield from _routes("Routes with the most errors", found.failing, has_imported=has_imported)


def _routes(title: str, listed: Sequence[RouteFigures], *, has_imported: bool) -> Iterator[str]:
    """Nothing without a route."""
    if listed:
        rows = [
            ((plain(row.service), plain(row.method), plain(row.route)), _figures(row, row.quantiles or NO_QUANTILES))
            for row in listed
        ]
        yield from _of_names(title, ("Service", "Method", "Route"), rows, has_imported=has_imported)


def _of_names(
    title: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[tuple[str, ...], tuple[str, ...]]],
    *,
    has_imported: bool,
) -> Iterator[str]:
    """A table whose first columns are names, as wide as the longest; the last has what was imported, if any was."""
    widths = [max(NARROWEST, *map(len, names)) for names in zip(*(names for names, _ in rows), strict=True)]
    figures = FIGURES if has_imported else FIGURES[:-1]
    yield from _header(title, (*columns, *figures), widths)
    yield from (_row((*names, *cells[: len(figures)]), widths) for names, cells in rows)


def _figures(row: ServiceFigures | RouteFigures, quantiles: Quantiles) -> tuple[str, ...]:
    figures = row.figures
    return (
        f"{figures.requests:,}",
        f"{figures.errors:,}",
        human_milliseconds(figures.average),
        human_milliseconds(quantiles.p95),
        human_bytes(figures.request_bytes),
        human_bytes(figures.response_bytes),
        f"{row.imported:,}" if row.imported else "",
    )


def _sums(used: Bytes) -> tuple[str, ...]:
    return tuple(signed(human_bytes, each) for each in (used.received, used.sent, used.total))


def _months(summary: ExportSummary) -> Iterator[str]:
    widths = (NARROWEST,)
    columns = ("Month", *AMOUNTS, "Days", *(("Imported",) if summary.imported else ()))
    yield from _header("Months", columns, widths)
    for month in summary.months:
        cells = (month.name, *_amounts(month.bytes), str(month.days))
        yield _row((*cells, human_bytes(month.imported)) if summary.imported else cells, widths)


def _amounts(used: Bytes) -> tuple[str, str, str, str]:
    return (
        human_bytes(used.received),
        human_bytes(used.sent),
        human_bytes(used.received + used.sent),
        human_rate(used.peak_speed),
    )


def _header(title: str, columns: Sequence[str], texts: Sequence[int]) -> list[str]:
    """A heading and the table's first two lines; `texts` are the widths of the columns that begin at their left."""
    rule = ["-" * width for width in texts]
    rule.extend("-" * NARROWEST + ":" for _ in columns[len(texts) :])
    return [f"\n## {title}\n\n", _row(columns, texts), _row(rule, texts)]


def _row(cells: Sequence[str], texts: Sequence[int]) -> str:
    left = [cell.ljust(width) for cell, width in zip(cells, texts, strict=False)]
    right = [cell.rjust(NARROWEST + 1) for cell in cells[len(texts) :]]
    return f"| {' | '.join([*left, *right])} |\n"
