"""Recognise the kind of a document by its content, and choose its judge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import PurePath
from typing import Any

from pgagents.catalogue.load import load_source
from pgagents.lint import manifest
from pgagents.lint.importers.copilot.verdict import judge as copilot
from pgagents.lint.judged import Judged
from pgagents.lint.packages.package_judge import list_judges as list_package_judges
from pgagents.lint.packages.verdict import judge_source
from pgagents.lint.run import lint
from pgagents.lint.surface_names import check_surfaces
from pgagents.lint.tools import shape
from pgagents.lint.tools import verdict as tools
from pgagents.lint.tools.tool_judge import list_judges
from pgagents.source.source import Source

JUDGES = {
    "catalogue": "all rules, and what `build` says of the documents",
    "gpt-builder": "the GPT builder's import of an OpenAPI document",
    "copilot": "Microsoft 365 Copilot's import of an OpenAPI document",
    "chatgpt-plugin": "the importer of ChatGPT's plugins (2023)",
    **{name: f"{judge.title}: a list of function tools" for name, judge in list_judges().items()},
    "ai-plugin": "OpenAI's plugin manifest v1",
    "copilot-plugin": "Copilot's plugin manifest, v2.2 or v2.4",
    **{name: judge.title for name, judge in list_package_judges().items()},
}
ALIASES = {name.removesuffix("-tools"): name for name in list_judges()}
"""Short names: the vendor's name alone."""


def is_catalogue(data: Any) -> bool:
    """True if the document is an action catalogue."""
    return isinstance(data, dict) and "pgagents" in data


LIKE_OPENAI = {short: name for short, name in ALIASES.items() if list_judges()[name].like_openai}
"""Vendors whose tool lists look like OpenAI's.

A folder with the vendor's name identifies them, as in the output of `build`.
"""


def kind(data: Any, file: str = "") -> str | None:
    """Return the name of the judge for a document, by its content; None if no judge fits.

    If the content fits several judges, the document's folder decides.
    """
    if is_catalogue(data):
        return "catalogue"
    if isinstance(data, dict) and ("openapi" in data or "swagger" in data):
        version = data.get("openapi")
        return "copilot" if isinstance(version, str) and version.startswith("3.0") else "gpt-builder"
    found = manifest.kind(data) or shape.kind(data)
    return LIKE_OPENAI.get(PurePath(file).parent.name, found) if found == "openai-tools" else found


def judge(source: Source, name: str, only: Sequence[str] = (), today: date | None = None) -> Judged:
    """Judge a document by the judge of this name.

    The GPT builder is missing here, because it also needs the web form's values.
    """
    if name == "copilot":
        return copilot(source)
    if name in list_judges():
        return tools.judge(source, name)
    if name in ("ai-plugin", "copilot-plugin"):
        return manifest.judge(source, name)
    if name in list_package_judges():
        return judge_source(source, name)
    assert name == "catalogue", name
    return catalogue(source, only, today)


def catalogue(source: Source, only: Sequence[str] = (), today: date | None = None) -> Judged:
    """Judge a catalogue by all rules; `today` adds past former names. Raises InputError if it does not
    load.
    """
    linted = lint(check_surfaces(load_source(source)), only, today)
    return Judged(source, "catalogue", "the catalogue", linted.found, ignored=len(linted.ignored))
