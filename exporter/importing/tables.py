"""Tables as text: what stands between their columns, and their rows."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from exporter.ledger.past.rows import ForeignFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.importing.foreign import ForeignFile

DELIMITERS = ",;\t|"


def header(text: str) -> tuple[list[str], str]:
    """Names of the columns, and what stands between them: what makes most columns."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    split = [(next(csv.reader([first], delimiter=delimiter), []), delimiter) for delimiter in DELIMITERS]
    return max(split, key=lambda each: len(each[0]))


def rows(file: ForeignFile, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows below the header with the numbers of their lines; raises ForeignFileError where one is not whole."""
    reader = csv.reader(io.StringIO(file.text, newline=""), delimiter=delimiter, strict=True)
    width = 0
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if width and len(cells) != width:
                raise ForeignFileError(f"{file.path}, line {reader.line_num}: {len(cells)} columns, not {width}")
            if width:
                yield reader.line_num, cells
            width = len(cells)
    except csv.Error as error:
        raise ForeignFileError(f"{file.path}, line {reader.line_num}: {error}") from error
