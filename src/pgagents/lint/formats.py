"""Write lint's findings as text for a person, as compilers print them, as JSON, for GitHub, and as SARIF."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from pgagents.base.errors import Diagnostic, printable, shorten, show
from pgagents.base.places import Source
from pgagents.base.reading import parse
from pgagents.base.writing import quoted_text
from pgagents.lint.document import Judged, ignores
from pgagents.lint.run import may_be_ignored

MOST = 200
_MOST_LINE, _MOST_LINES = 300, 8
_NAMED = re.compile(r"`[^`]*`|\b[0-9][0-9,]*\b")
FORMAT = 1
"""The version of the JSON form, which schemas/lint.schema.json describes."""
_COLOURS = {"error": "31", "warning": "33", "note": "36"}
_MARKED = re.compile(r"(error|warning|note)\[[^\]\n]*\]")


def render_text(judged: Sequence[Judged], *, colour: bool = False) -> str:
    """Return the whole output, without a final line break. `colour` marks severities for a terminal."""
    blocks = []
    for one in judged:
        groups = _group(one.found)
        shown = [show(first, one.source_of(first)) + _say_more(more) for first, *more in groups[:MOST]]
        blocks += [_colour(block) for block in shown] if colour else shown
        if len(groups) > MOST:
            blocks.append(f"… and {len(groups) - MOST:,} more; `--format json` has them all")
        if one.lines:
            blocks.append(
                "\n".join([f"{one.title}, {one.source.file}:", *(f"  {_cut(line)}" for line in one.lines)])
            )
    return "\n\n".join([*blocks, *(_summary(one) for one in judged)])


def _group(found: Sequence[Diagnostic]) -> list[list[Diagnostic]]:
    """Return the findings, in their order, with notes that differ only in names together."""
    groups: dict[tuple[object, ...], list[Diagnostic]] = {}
    for number, one in enumerate(found):
        alike = one.id, _NAMED.sub("…", one.message), one.span.file
        groups.setdefault(alike if one.severity == "note" else (number,), []).append(one)
    return list(groups.values())


def _say_more(more: Sequence[Diagnostic]) -> str:
    if not more:
        return ""
    lines = ", ".join(str(one.span.line) for one in more[:_MOST_LINES])
    rest = ", …" if len(more) > _MOST_LINES else ""
    return f"\n   = {len(more)} more like it, at line {lines}{rest}; `--format short` has each"


def _colour(block: str) -> str:
    return _MARKED.sub(
        lambda match: f"\x1b[1;{_COLOURS[match.group(1)]}m{match.group()}\x1b[0m", block, count=1
    )


def _cut(line: str) -> str:
    blank = line[: len(line) - len(line.lstrip(" "))]
    return blank[:8] + shorten(line, _MOST_LINE)


def _summary(one: Judged) -> str:
    ignored = f"; {_count(one.ignored, 'finding')} ignored with a reason" if one.ignored else ""
    return f"{one.source.file} ({one.judge}): {counts(one.found)}{ignored}"


def counts(found: Iterable[Diagnostic]) -> str:
    """Return `2 errors, 1 warning`, or `nothing found`."""
    severities = [d.severity for d in found]
    told = [_count(severities.count(s), s) for s in ("error", "warning", "note") if s in severities]
    return ", ".join(told) or "nothing found"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


# -- FILE:LINE:COLUMN: severity: [rule] message, which editors can parse


def render_short(judged: Sequence[Judged]) -> str:
    """Return a line for every finding of every file; empty without findings."""
    return "\n".join(
        f"{printable(d.span.position)}: {d.severity}: [{d.id}] {shorten(d.message)}"
        + printable(d.span.suffix)
        for one in judged
        for d in one.found
    )


# -- JSON, for programs


def render_json(judged: Sequence[Judged], version: str) -> str:
    """Return one object: `files`, each with its `findings` and, for an importer, with the imported result."""
    files = [
        {
            "file": one.source.file,
            "judge": one.judge,
            "ignored": one.ignored,
            "findings": [_finding(d, one.source_of(d)) for d in one.found],
            **one.details,
        }
        for one in judged
    ]
    data = {"format": FORMAT, "tool": "pgagents", "version": version, "files": files}
    return quoted_text(json.dumps(data, ensure_ascii=False, indent=2))


def _finding(diagnostic: Diagnostic, source: Source) -> dict[str, Any]:
    d = diagnostic
    return {
        "id": d.id,
        "severity": d.severity,
        "message": d.message,
        "help": d.help,
        "notes": list(d.notes),
        "file": d.span.file,
        "line": d.span.line,
        "column": d.span.column,
        **({"pointer": d.span.pointer} if d.span.pointer else {}),
        "lines": _write_instead(d, source),
    }


_TOLD = re.compile(r"(?:did you mean|write) `([^`\n…]+)`\??")
_WORD = re.compile(r"`([^`\n]+)`")
_REASON = "TEXT"
"""Stands where an author says why he ignores a finding."""


def _write_instead(d: Diagnostic, source: Source) -> list[str]:
    """Return what stands in place of a finding's line, so that it is found no more; empty if none is known.

    It is corrected as the help says, or has a comment that ignores the finding for a reason to be written.
    """
    lines = re.split(r"\r\n|\r|\n", source.text)
    if source.file != d.span.file or not 0 < d.span.line <= len(lines):
        return []
    line, told = lines[d.span.line - 1], _TOLD.fullmatch(d.help)
    for wrong in _WORD.findall(d.message) if told else ():
        at = line.find(wrong, d.span.column - 1)
        if told and at >= 0 and _ends(line, at) and _ends(line, at + len(wrong)) and ": " not in told[1]:
            path = wrong[: wrong.rfind(".") + 1] if "." in wrong and told[1].isidentifier() else ""
            return [line[:at] + path + told[1] + line[at + len(wrong) :]]
    if not may_be_ignored(d.id) or source.file.endswith(".json"):
        return []
    new = f"{line}  # pgagents: ignore[{d.id}] {_REASON}"
    after = parse("\n".join([*lines[: d.span.line - 1], new, *lines[d.span.line :]]), source.file)
    heard = any(ignore.line == d.span.line and d.id in ignore.ids for ignore in ignores(after))
    return [new] if heard and not after.problems else []


def _ends(line: str, at: int) -> bool:
    """True if a word ends or begins there."""
    return not (line[at - 1 : at].isalnum() and line[at : at + 1].isalnum())


# -- GitHub workflow commands, which annotate lines of a pull request.
#
# https://docs.github.com/actions/reference/workflow-commands-for-github-actions, read 2026-11-20.


_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render_github(judged: Sequence[Judged]) -> str:
    """Return one line per finding."""
    lines = []
    for one in judged:
        for d in one.found:
            place = (
                f"file={_property(d.span.file)},line={d.span.line},col={d.span.column},"
                f"title={_property(d.id)}"
            )
            lines.append(
                f"::{_COMMANDS[d.severity]} {place}::"
                f"{_text(shorten(d.message) + d.span.suffix + (f' — {d.help}' if d.help else ''))}"
            )
    return "\n".join(lines)


def _text(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _text(value).replace(":", "%3A").replace(",", "%2C")


# -- SARIF 2.1.0, limited to what GitHub's code scanning reads.
#
# https://docs.github.com/code-security/reference/code-scanning/sarif-files/sarif-support, read
# 2026-11-20.


SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_sarif(judged: Sequence[Judged], version: str, titles: Mapping[str, tuple[str, str]]) -> str:
    """Return a log with one run. `titles` has, for each rule id, a title and a longer explanation."""
    ids = sorted({d.id for one in judged for d in one.found})
    driver = {
        "name": "pgagents",
        "semanticVersion": version,
        "rules": [_rule(id, *titles.get(id, (id, id))) for id in ids],
    }
    results = [_result(d, one, ids.index(d.id)) for one in judged for d in one.found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    data = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return quoted_text(json.dumps(data, ensure_ascii=False, indent=2))


def _rule(id: str, title: str, text: str) -> dict[str, Any]:
    return {
        "id": id,
        "name": id,
        "shortDescription": {"text": title},
        "fullDescription": {"text": text[:1000]},
        "help": {"text": f"{text}\n\npgagents explain {id}"},
        "properties": {"tags": [id.split("/")[0]]},
    }


def _result(diagnostic: Diagnostic, one: Judged, index: int) -> dict[str, Any]:
    d = diagnostic
    place = {
        "artifactLocation": {"uri": _uri(d.span.file)},
        "region": {"startLine": d.span.line, "startColumn": d.span.column},
    }
    return {
        "ruleId": d.id,
        "ruleIndex": index,
        "level": d.severity,
        "message": {"text": d.message + (f"\n{d.help}" if d.help else "")},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"pgagents/v1": _fingerprint(d, one)},
    }


def _uri(file: str) -> str:
    if file.startswith(("http://", "https://")):
        return file
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _fingerprint(diagnostic: Diagnostic, one: Judged) -> str:
    """Return a hash that stays the same if the finding's line moves."""
    lines = re.split(r"\r\n|\r|\n", one.source_of(diagnostic).text)
    line = lines[diagnostic.span.line - 1].strip() if diagnostic.span.line <= len(lines) else ""
    return hashlib.sha256(
        f"{diagnostic.id}\n{diagnostic.message}\n{line}".encode("utf-8", "replace")
    ).hexdigest()[:32]
