"""The page: what was found, as tables, and how each row was measured."""

from __future__ import annotations

import datetime
import textwrap
from collections.abc import Iterator, Mapping, Sequence

from evaluation.bench.peers import callers_token, calling, figures, listing
from evaluation.bench.peers.document import Operation
from evaluation.bench.peers.subjects import Subject

BY = "<!-- written by `make peers`: change evaluation/bench/peers/, not this page -->"
PARTS: tuple[tuple[str, str, Mapping[str, tuple[str, str]]], ...] = (
    (
        "What the tool list keeps",
        "Counts of what the document says and of what `tools/list` still says.",
        listing.ROWS,
    ),
    (
        "What a call does",
        (
            "Each server stands between an MCP client over stdio and the sandbox, with a front before it "
            "that writes down every request."
        ),
        {**calling.ROWS, **callers_token.ROWS},
    ),
    (
        "What it costs",
        "On the machine named above, which may have had other work; compare within a row only.",
        figures.ROWS,
    ),
)
Cells = Mapping[str, str]


def page(
    found: Sequence[tuple[Subject, Cells]],
    operations: Sequence[Operation],
    sha: str,
    machine: str,
    day: datetime.date,
) -> str:
    """The whole page in Markdown."""
    return (
        "\n".join([*_head(found, operations, sha, machine, day), *_tables(found), *_explain_rows()]).rstrip()
        + "\n"
    )


def _head(
    found: Sequence[tuple[Subject, Cells]],
    operations: Sequence[Operation],
    sha: str,
    machine: str,
    day: datetime.date,
) -> Iterator[str]:
    yield from (BY, "", "# Beside other MCP servers made from OpenAPI", "")
    yield from _wrap(
        f"One OpenAPI 3.1 document, {len(operations)} operations of Park Graph "
        f"({', '.join(f'`{o.id}`' for o in operations)}), cut from "
        f"`generated/openapi/openapi.json`; `make peers` wrote this page on {day.isoformat()}. Every "
        "server gets it, is started as "
        "its own documentation says with nothing customised, and stands before the same sandbox with the "
        "same kind of key. What a server "
        "could do when customised (route maps, middleware, hooks, options that are off) is not looked "
        "at. The makers of pgagents chose the "
        "rows; `evaluation/bench/peers/` is how each is measured."
    )
    yield ""
    yield from _wrap(
        "These operations have no file upload, no `oneOf`, no recursive reference and no array "
        "parameter, so nothing is said about those. "
        "The document has no annotation hints and no questions to ask before a write: hints are worked "
        "out from the methods, and the "
        "questions in the first column come from the catalogue, which says more than the document made "
        "from it. The second column had "
        "nothing but the document, as the others."
    )
    yield from ("", "| server | package | version | how it was started |", "|---|---|---|---|")
    for subject, _ in found:
        yield (
            f"| {subject.name} | `{subject.package}` | {subject.version or '–'} | "
            f"{subject.how or f'not installed: {subject.missing}'} |"
        )
    yield from ("", f"SHA-256 of the document: `{sha[:16]}…`. Measured with {machine}.", "")


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, 150, break_long_words=False, break_on_hyphens=False)


def _tables(found: Sequence[tuple[Subject, Cells]]) -> Iterator[str]:
    for title, intro, rows in PARTS:
        yield from (f"## {title}", "", intro, "")
        yield f"| | {' | '.join(subject.name for subject, _ in found)} |"
        yield f"|---|{'---|' * len(found)}"
        for key, (label, _) in rows.items():
            cells = (
                cells.get(key, "not measured") if not subject.missing else "not installed"
                for subject, cells in found
            )
            yield f"| {label} | {' | '.join(cells)} |"
        yield ""


def _explain_rows() -> Iterator[str]:
    yield from ("## How each row is measured", "")
    for _, _, rows in PARTS:
        for label, how in rows.values():
            yield f"- **{label}**: {how}."
    yield from (
        "",
        "`make peers` installs the servers into `.peers/`, measures and writes this page again.",
        "",
    )
