"""The sectioned dialect that PacketBuddy calls TOON, for language models: its sections and keys, as TOML 1.0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.formats.toml import numbered, section, table, text
from reports.ledger.imported import SEPARATOR
from reports.text.amounts import compatible_bytes, compatible_rate, signed
from reports.usage.requests.figures import NO_QUANTILES, Quantiles, RequestFigures
from reports.wrapup.equivalents import CD_BYTES, DVD_BYTES, FILM_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reports.export.days import Days
    from reports.export.export import Export
    from reports.export.summary import ExportSummary, Part
    from reports.ledger.imported import Imported, ImportedPart
    from reports.ledger.reader import Bytes
    from reports.usage.applications import Applications, ApplicationUsage
    from reports.usage.requests.figures import RouteFigures
    from reports.usage.requests.report import RequestReport

TITLE = "# netledger network usage export, TOON (Token Optimized Object Notation) dialect; also valid TOML\n"
RECENT_DAYS = 30
MOST_APPLICATIONS = MOST_SERVICES = 30
APPLICATIONS_NOTE = (
    "Applications are programs, services, containers and pods, the busiest first. interfaces is attributed and "
    "unattributed together, loopback aside; tunnel went through a tunnel, whose own packets are counted once more."
)
IMPORTED_APPLICATIONS_NOTE = " imported bytes are estimates of the program source, and in none of these totals."
MOST_SPANS = 30
IMPORTED_NOTE = (
    "Other programs have counted these bytes: they are in totals, years and months. A span is all that is known of its "
    "days, the newest first: it is in the month or year that holds it whole, and in no day."
)
REQUESTS_NOTE = (
    "Requests to services of this machine, the busiest first, without those to netledger. errors are status codes of "
    "400 to 599 and requests without a response; 95 % of requests took p95_ms or less. slowest is by average time. "
    "received are bytes of requests, sent of responses."
)

PROMPTS = {
    "year_wrapup": "Write a cheerful look back at this network usage: the total, the busiest month and day, the peak "
    "speed, and one surprising comparison. Use only the numbers of this file.",
    "professional": "Write a short report on this network usage for a manager: totals, monthly development, peaks, "
    "share of uploads, and what to watch. Use only the numbers of this file.",
    "personal": "Explain this network usage to the person whose machine it is: habits, quiet and busy days, and how "
    "the last 30 days compare with the months before.",
    "trends": "Find trends in the months and in the last 30 days: growth, weekly rhythm, outliers. Give the numbers "
    "that each finding rests on.",
}
NOTES = (
    "Every amount is in bytes unless its key says otherwise; 1 GB = 1,000,000,000 bytes in every text.",
    "sent is upload, received is download, seen from this machine; total is both together.",
    "peak and speeds are bytes per second, the highest between two samples.",
    "Days are local days of meta.timezone; a day without traffic has zeros.",
    "estimated_bytes of totals were moved in sampling gaps: they are exact in sum, their day may be off.",
)
TIPS = (
    "Ask about one month or one section at a time for precise answers.",
    "monthly_data is best for trends, recent_30_days for habits.",
    "The first and the last month may hold only a part of their days: see days.",
    "Let the model quote the numbers that it uses, and compare them with this file.",
    "Export a shorter range where the context is small.",
)


def write(export: Export) -> Iterator[bytes]:
    """UTF-8; one piece, since its size does not grow with the days: months, years and the last 30 days."""
    summary = export.summary()
    lines = [
        TITLE,
        *_about(export),
        *_sums(summary),
        *_records(summary),
        *_shares(summary.total),
        *_interfaces(export),
        *(_applications(export.applications) if export.applications else ()),
        *(_requests(export.requests) if export.requests else ()),
        *_imported(export.imported),
        *_months(summary.months),
        *_recent(export.days, export.imported.by_date),
        *section("llm_prompts", {name: text(prompt) for name, prompt in PROMPTS.items()}),
        *section("interpretation", numbered("note", NOTES)),
        *section("usage_tips", numbered("tip", TIPS)),
    ]
    yield "".join(lines).encode()


def _about(export: Export) -> list[str]:
    host = export.host
    meta = {
        "format": text("TOON (Token Optimized Object Notation)"),
        "generated": text(export.exported_at),
        "device": text(host.name),
        "os": text(host.system),
        "device_id": text(host.id),
        "version": text(host.version),
        "timezone": text(export.zone.key),
        "range": text(export.range),
        "interface": text(export.device or ""),
        "plan": text(export.plan or ""),
    }
    tracking = {
        "first_date": text(export.first_date or ""),
        "last_date": text(export.last_date or ""),
        "total_days": str(export.days.size),
    }
    listed = {"hosts": host.hosts, "scope": export.scopes}
    meta |= {name: text(" + ".join(values)) for name, values in listed.items() if values}
    notice = {"notice": text(export.notice)} if export.notice else {}
    return [*section("meta", meta | notice), *section("tracking", tracking)]


def _sums(summary: ExportSummary) -> list[str]:
    lines = section("totals", _amounts(summary.total) | _human(summary.total))
    for year in summary.years:
        values = _amounts(year.bytes) | {"days": str(year.days)} | _human(year.bytes)
        lines.extend(section(f"year_{year.name}", values))
    return lines


def _records(summary: ExportSummary) -> list[str]:
    busiest, peak, average = summary.busiest, summary.total.peak_speed, summary.daily_average
    records = {"peak_speed_bps": str(peak), "peak_speed_human": text(compatible_rate(peak))}
    if busiest is not None:
        used = busiest.bytes
        records |= {
            "peak_day_date": text(busiest.name),
            "peak_day_bytes": str(used.total),
            "peak_day_human": text(compatible_bytes(used.total)),
            "peak_day_sent": str(used.sent),
            "peak_day_received": str(used.received),
            "peak_day_speed": str(used.peak_speed),
        }
    averages = {"daily_bytes": str(average), "daily_human": text(compatible_bytes(average))}
    return [*section("records", records), *section("averages", averages)]


def _shares(total: Bytes) -> list[str]:
    whole = total.total or 1
    upload_percent = round(100 * total.sent / whole, 1)
    ratios = {
        "upload_download": f"{total.sent / total.received:.2f}" if total.received else "inf" if total.sent else "0.0",
        "upload_percent": f"{upload_percent:.1f}",
        "download_percent": f"{100 - upload_percent if total.total else 0:.1f}",
    }
    comparisons = {
        "dvd_equivalent": str(total.total // DVD_BYTES),
        "cd_equivalent": str(-(-total.total // CD_BYTES)),  # rounded up, as PacketBuddy's document has it
        "hd_movie_equivalent": str(total.total // FILM_BYTES),
    }
    return [*section("ratios", ratios), *section("comparisons", comparisons)]


def _interfaces(export: Export) -> list[str]:
    rows = {
        f"interface_{number}": table(
            {
                "name": text(total.device),
                "counted": "true" if total.is_counted else "false",
                **_short(total.bytes),
                "human": text(compatible_bytes(total.bytes.total)),
            }
        )
        for number, total in enumerate(export.interfaces)
    }
    return section("interfaces", rows)


def _applications(found: Applications) -> list[str]:
    account = found.account
    rows = {
        f"application_{number}": table({"name": text(row.name), **_directions(row.bytes), **_brought(row)})
        for number, row in enumerate(found.applications[:MOST_APPLICATIONS])
    }
    scopes = {
        f"scope_{number}": table({"name": text(scope), **_directions(used)})
        for number, (scope, used) in enumerate(found.scopes.items())
    }
    parts = {"interfaces": account.interfaces, "attributed": account.attributed, "unattributed": account.unattributed}
    totals = {name: table(_directions(used)) for name, used in {**parts, "tunnel": found.tunnel}.items()}
    note = APPLICATIONS_NOTE + (IMPORTED_APPLICATIONS_NOTE if found.imported.total else "")
    return [
        *section("applications", {"count": str(found.row_count), **rows}),
        *section("application_scopes", scopes),
        *section("application_totals", totals | {"note": text(note)}),
    ]


def _brought(row: ApplicationUsage) -> dict[str, str]:
    source = {"imported": str(row.imported_bytes), "source": text(SEPARATOR.join(row.imported_from))}
    return source if row.imported_bytes else {}


def _requests(found: RequestReport) -> list[str]:
    services = {
        f"service_{number}": table({"name": text(row.service), **_figures(row.figures, row.quantiles, row.imported)})
        for number, row in enumerate(found.services[:MOST_SERVICES])
    }
    lists = {"busiest": found.busiest, "slowest": found.slowest, "failing": found.failing}
    routes = {f"{name}_{number}": _route(row) for name, rows in lists.items() for number, row in enumerate(rows)}
    counts = {"services": str(len(found.services)), "routes": str(len(found.routes))}
    whole = table(_figures(found.figures, NO_QUANTILES, found.imported))
    return [
        *section("requests", {**counts, "total": whole, **services}),
        *section("request_routes", routes | {"note": text(REQUESTS_NOTE)}),
    ]


def _route(row: RouteFigures) -> str:
    names = {"service": text(row.service), "method": text(row.method), "route": text(row.route)}
    return table(names | _figures(row.figures, row.quantiles or NO_QUANTILES, row.imported))


def _figures(figures: RequestFigures, quantiles: Quantiles, imported: int) -> dict[str, str]:
    """Without times where nothing was timed, and without imported requests where none was imported."""
    times = {"average_ms": figures.average, "p95_ms": quantiles.p95}
    return {
        "requests": str(figures.requests),
        "errors": str(figures.errors),
        **{name: f"{time:.3f}" for name, time in times.items() if time is not None},
        "received": str(figures.request_bytes),
        "sent": str(figures.response_bytes),
        **({"imported": str(imported)} if imported else {}),
    }


def _imported(found: Imported) -> list[str]:
    """Without a section where nothing was imported."""
    if not found.facts:
        return []
    spans = {f"span_{number}": table(_span(part)) for number, part in enumerate(reversed(found.spans[-MOST_SPANS:]))}
    sums = {"sources": text(SEPARATOR.join(found.sources)), "total": str(found.total.total)}
    return section("imported", sums | {"spans": str(len(found.spans))} | spans | {"note": text(IMPORTED_NOTE)})


def _span(part: ImportedPart) -> dict[str, str]:
    days = {"from": text(str(part.first)), "to": text(str(part.last))}
    return {**days, **_directions(part.bytes), "source": text(part.label)}


def _sources(part: ImportedPart | None) -> dict[str, str]:
    return {} if part is None else {"imported": str(part.bytes.total), "source": text(part.label)}


def _months(months: Sequence[Part]) -> list[str]:
    rows = {
        f"month_{number}": table(
            {
                "name": text(month.name),
                **_short(month.bytes),
                "days": str(month.days),
                "human": text(compatible_bytes(month.bytes.total)),
                **({"imported": str(month.imported)} if month.imported else {}),
            }
        )
        for number, month in enumerate(reversed(months))
    }
    return section("monthly_data", rows)


def _recent(days: Days, imported: Mapping[str, ImportedPart]) -> list[str]:
    newest = range(days.size - 1, max(days.size - RECENT_DAYS, 0) - 1, -1)
    rows = {
        f"day_{number}": table({"date": text(date), **_short(days.amounts(day)), **_sources(imported.get(date))})
        for number, (day, date) in enumerate((day, days.dates[day]) for day in newest)
    }
    return section(f"recent_{RECENT_DAYS}_days", rows)


def _amounts(used: Bytes) -> dict[str, str]:
    return {
        "bytes_sent": str(used.sent),
        "bytes_received": str(used.received),
        "total_bytes": str(used.total),
        "estimated_bytes": str(used.estimated),
    }


def _human(used: Bytes) -> dict[str, str]:
    words = {"sent": used.sent, "received": used.received, "total": used.total}
    return {"human": table({name: text(compatible_bytes(amount)) for name, amount in words.items()})}


def _short(used: Bytes) -> dict[str, str]:
    return {
        "sent": str(used.sent),
        "received": str(used.received),
        "total": str(used.total),
        "peak": str(used.peak_speed),
    }


def _directions(used: Bytes) -> dict[str, str]:
    """Without a peak; amounts may be negative."""
    words = text(signed(compatible_bytes, used.total))
    return {"sent": str(used.sent), "received": str(used.received), "total": str(used.total), "human": words}
