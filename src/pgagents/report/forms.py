"""The formats of a report by name, and by the suffix of a file."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgagents.report.report import Report
    from pgagents.source.source import Source

FORMS = {
    "text": "text", "json": "json", "junit": "junit", "sarif": "sarif", "markdown": "markdown",
    "html": "html", "github": "github",
}  # fmt: skip
SUFFIXES = {
    ".json": "json",
    ".xml": "junit",
    ".sarif": "sarif",
    ".md": "markdown",
    ".html": "html",
    ".txt": "text",
}


def form_of(name: str) -> str | None:
    """Return the format of a file name; None for an unknown suffix.

    `.sarif.json` is SARIF, as its standard recommends.
    """
    lower = name.lower()
    if lower.endswith(".sarif.json"):
        return "sarif"
    return next((form for suffix, form in SUFFIXES.items() if lower.endswith(suffix)), None)


def render(form: str, report: Report, source: Source) -> bytes:
    """Return the report in a format of FORMS. `source` is the catalogue's, or that of a report file."""
    made: Callable[[Report, Source], bytes | str] = import_module(
        f"pgagents.report.formats.{FORMS[form]}"
    ).render
    text = made(report, source)
    return text if isinstance(text, bytes) else text.encode("utf-8", "replace")
