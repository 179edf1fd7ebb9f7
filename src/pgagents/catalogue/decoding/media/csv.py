"""CSV (RFC 4180) and tab-separated values: rows as objects, by the names in the header row.

A cell is text. It becomes a number, a boolean or null if its column's schema demands that and the cell can be
read so. Any other cell stays text, and the schema judges it.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from pgagents.base.http import Json, media_type_of
from pgagents.catalogue.decoding.medium import Medium, text_of
from pgagents.catalogue.model.answers import Output

MAX_CELL = 1_000_000
_NUMBER = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?([eE][-+]?[0-9]{1,3})?", re.A)


def _read(body: bytes, content_type: str, output: Output) -> Json:
    text = text_of(body, content_type)
    if text.problem or output.columns is None:
        return text
    delimiter = "\t" if media_type_of(output.content_type) == "text/tab-separated-values" else ","
    csv.field_size_limit(MAX_CELL)
    try:
        rows = list(csv.reader(io.StringIO(text.value, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return Json(problem=f"it is not CSV: {error}")
    rows = [row for row in rows if row]
    if not rows:
        return Json(problem="it has no header row")
    names = rows[0]
    if twice := next((name for n, name in enumerate(names) if name in names[:n]), None):
        return Json(problem=f"column {twice!r} stands twice in the header row")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(names):
            return Json(problem=f"row {number} has {len(row)} cells, and the header row {len(names)}")
    columns = [(name, output.columns.get(name, ())) for name in names]
    return Json([_object(columns, row) for row in rows[1:]])


def _object(columns: list[tuple[str, tuple[str, ...]]], row: list[str]) -> dict[str, Any]:
    """Return a row as an object. An empty cell becomes null, an empty text, or no member."""
    found: dict[str, Any] = {}
    for (name, types), cell in zip(columns, row, strict=True):
        if cell or "null" in types or "string" in types or not types:
            found[name] = _value(cell, types)
    return found


def _value(cell: str, types: tuple[str, ...]) -> Any:
    if not cell and "null" in types:
        return None
    if "boolean" in types and cell.lower() in ("true", "false"):
        return cell.lower() == "true"
    if ("number" in types or "integer" in types) and _NUMBER.fullmatch(cell):
        return float(cell) if set(cell) & set(".eE") else int(cell)
    return cell


MEDIUM = Medium("csv", ("text/csv", "text/tab-separated-values"), _read, "text")
