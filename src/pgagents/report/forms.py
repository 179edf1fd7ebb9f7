"""The formats of a report by name, and by the suffix of a file."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from pgagents.registry import names

if TYPE_CHECKING:
    from pgagents.report.report import Report
    from pgagents.source.source import Source

FORMATS = "pgagents.report.formats"
FORMS = tuple(name.rpartition(".")[2] for name in names(FORMATS))
"""The names of the formats: those of the modules."""
SUFFIXES = {
    ".json": "json",
    ".xml": "junit",
    ".sarif": "sarif",
    ".sarif.json": "sarif",  # as its standard recommends
    ".md": "markdown",
    ".html": "html",
    ".txt": "text",
}


def form_of(name: str) -> str | None:
    """Return the format of a file name; None for an unknown suffix."""
    return SUFFIXES.get(find_suffix(name))


def find_suffix(name: str) -> str:
    """Return the longest suffix of SUFFIXES that a file name ends with; empty without one."""
    lower = name.lower()
    return max((suffix for suffix in SUFFIXES if lower.endswith(suffix)), key=len, default="")


def describe_suffixes() -> str:
    """Return all suffixes as a phrase, each with its format where the suffix does not name that."""
    shown = [
        suffix if form in suffix.split(".") else f"{suffix} ({form})" for suffix, form in SUFFIXES.items()
    ]
    return f"{', '.join(shown[:-1])} or {shown[-1]}"


def render(form: str, report: Report, source: Source) -> bytes:
    """Return the report in a format of FORMS. `source` is the catalogue's, or that of a report file."""
    made: Callable[[Report, Source], bytes | str] = import_module(f"{FORMATS}.{form}").render
    text = made(report, source)
    return text if isinstance(text, bytes) else text.encode("utf-8", "replace")
