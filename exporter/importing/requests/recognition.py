"""Which program of requests a file is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.importing.foreign import database, document, is_database, tables, text
from exporter.importing.requests import api_analytics, tom_draper
from exporter.importing.requests.files import first_lines
from exporter.ledger.past.rows import ForeignFileError

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.importing.requests.files import RequestFile, RequestOptions

KNOWN = (api_analytics.FILES, tom_draper.FILES)


def request_file(path: Path, options: RequestOptions) -> RequestFile | None:
    """The file, opened by its program; None for one that is of none of requests.

    Raises ForeignFileError where it cannot be read, or is not whole.
    """
    if is_database(path):
        with database(path) as connection:
            held = set(tables(connection))
        return api_analytics.LogDatabase(path, options) if held >= api_analytics.TABLES else None
    try:
        first = first_lines(path, 1)
    except ForeignFileError:
        return None  # no text: another program's file, or none that is known
    if tom_draper.is_export(first):
        return tom_draper.DashboardExport(path, options)
    if api_analytics.is_table(first):
        return api_analytics.LogTable(path, options)
    if first.lstrip().startswith("["):
        found = document(path, text(path))
        return tom_draper.DataAnswer(path, options) if found and tom_draper.is_answer(found[0]) else None
    return None
