"""The evidence as one HTML page without external resources and without scripts.

Texts of the server under test are never markup: Jinja escapes every value, and unprintable characters are
escaped. The page's colours are those of verify's report.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pgagents.report.formats import html
from pgagents.report.formats.html import escape_unprintable, hash_source
from pgagents.submit.evidence import Evidence
from pgagents.submit.hints import NAMES

FILE = "evidence.html"
MOST_ARGUMENTS = 400
_HERE = Path(__file__).parent
_TONES = {
    "held": "good", "kept": "good", "broken": "bad", "untested": "bad", "not shown": "odd",
    "claimed": "", "no claim": "",
}  # fmt: skip
_KINDS = {
    "positive": "must be answered",
    "not_offered": "no tool speaks of it",
    "refused": "the server refuses it with",
    "asks_first": "a host asks the user before",
}


def render_evidence(evidence: Evidence) -> bytes:
    """Return the whole page."""
    text: str = _template().render(**_context(evidence))
    return text.encode("utf-8", "replace")


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page.filters["shown"] = lambda text: escape_unprintable(str(text))
    page.filters |= {"raw": Markup, "sha256": hash_source}
    page.filters["arguments"] = _show_arguments
    return page.from_string((_HERE / "evidence.html.j2").read_text(encoding="utf-8"))


def _context(evidence: Evidence) -> dict[str, Any]:
    report = evidence.report
    outcomes = Counter(one.outcome for tool in evidence.tools for one in tool.hints)
    style = (Path(html.__file__).parent / "page.css").read_text(encoding="utf-8")
    return {
        "style": style + (_HERE / "evidence.css").read_text(encoding="utf-8"),
        "header": report.header,
        "footer": report.footer,
        "name": str(evidence.listing.name or evidence.listing.id),
        "version": str(evidence.listing.version),
        "store": evidence.store.title,
        "rung": evidence.rung,
        "conclusion": conclude(evidence),
        "unshown_hints": outcomes["not shown"],
        "mcp": evidence.mcp,
        "catalogue": Path(report.header.catalogue).name,
        "tools": evidence.tools,
        "cases": evidence.cases,
        "names": NAMES,
        "tones": _TONES,
        "kinds": _KINDS,
        "shown": evidence.shown,
        "unshown": evidence.unshown,
        "notes": report.footer.notes,
        "files": evidence.files,
    }


def conclude(evidence: Evidence) -> str:
    """Return the result in one line: the number of hints that held and were not shown, and of cases kept."""
    outcomes = Counter(one.outcome for tool in evidence.tools for one in tool.hints)
    told = [f"{outcomes['held']} hints held"]
    told += [f"{outcomes[how]} {how}" for how in ("not shown", "claimed") if outcomes[how]]
    kept = sum(one.outcome == "kept" for one in evidence.cases)
    told += [f"{kept} of {len(evidence.cases)} cases kept"] if evidence.cases else []
    return ", ".join(told)


def _show_arguments(given: Mapping[str, Any]) -> str:
    text = ", ".join(
        f"{name}: {json.dumps(value, ensure_ascii=False, default=str)}" for name, value in given.items()
    )
    return text if len(text) <= MOST_ARGUMENTS else f"{text[:MOST_ARGUMENTS]}…"
