"""The documents that `pgagents build` writes, as data to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgagents.errors import PgagentsError
from pgagents.http import read_json
from pgagents.model.model import Model
from pgagents.source.read import parse
from pgagents.verify.check.setting import Setting

MAX_YAML = 4_000_000
CHARSETS = frozenset(("utf-8", "us-ascii", "iso-8859-1", "windows-1252", "utf-16"))


@dataclass(frozen=True, slots=True)
class Built:
    """A generated file: its data (text if it is neither JSON nor YAML), and the bytes that `build` writes."""

    data: Any
    body: bytes


def build_file(setting: Setting, file: str) -> Built | None:
    """Return a generated file, computed once a run; None if no target makes it."""
    return setting.compute_once(("built", file), lambda: _build_file(setting.model, file))


def _build_file(model: Model, file: str) -> Built | None:
    from pgagents.generate.build import document  # imports jinja2, which takes time

    try:
        rendered = document(model, file, traced=False)
    except PgagentsError:
        return None
    output = next((path for path in rendered.made.paths if Path(file).match(path)), None)
    if output is None:
        return None
    data = rendered.text if rendered.data is None else rendered.data
    body = rendered.body(output)
    return Built(body.decode() if output in rendered.several else data, body)


def parse_document(file: str, body: bytes, charset: str = "utf-8") -> tuple[Any, str]:
    """Return a document's data, and an error message for its syntax (empty if it is right).

    `charset` is the charset of a text that is neither JSON nor YAML. Such a text may have either kind of line
    breaks.
    """
    if file.endswith(".json"):
        read = read_json(body)
        return read.value, read.problem
    if not file.endswith((".yaml", ".yml")):
        return _read_text(body, charset)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, f"byte {error.start} is not UTF-8"
    if len(text) > MAX_YAML:
        return None, f"the document has more than {MAX_YAML:,} characters"
    source = parse(text, file)  # bounded in depth and without aliases, because the text comes from a server
    if source.problems:
        return None, f"line {source.problems[0].span.line}: {source.problems[0].message}"
    return _plain(source.data), ""


def _read_text(body: bytes, charset: str) -> tuple[Any, str]:
    if charset.lower() not in CHARSETS:
        return None, f"its charset {charset[:40]} is none that agents read"
    try:
        return body.decode(charset).replace("\r\n", "\n"), ""
    except UnicodeDecodeError as error:
        return None, f"byte {error.start} is not {charset[:40]}"


def _plain(value: Any) -> Any:
    """Return the value with member names as text, as in JSON."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value
