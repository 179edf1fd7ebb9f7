"""Write rows as CSV with a header row (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any


def write(rows: Any, columns: Iterable[str]) -> bytes:
    """Return rows as CSV: first the columns in the schema, then those that only rows have."""
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    names = list(dict.fromkeys([*columns, *(str(name) for row in found for name in row)]))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in found)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
