"""Reads tests/language.yaml: what the catalogue's language can say, one row each, with what every part of
pgagents makes of it.
"""

from __future__ import annotations

import copy
import fnmatch
import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from pgagents.base.reading import parse
from pgagents.base.writing import to_yaml
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import Built, build

TESTS = Path(__file__).parent
TABLE = TESTS / "language.yaml"
BASE = TESTS / "catalogues" / "notes.yaml"
FILE = "notes.yaml"
CELLS = ("section", "question", "say", "docs", "keys", "misuse", "openapi", "vendors", "mock", "checks")
CELLS += ("fault", "variation")
FURTHER = ("more", "run", "prose")
VENDORS = (*("anthropic", "arazzo", "copilot", "gemini", "mcp", "openai", "perplexity", "web", "xai"),)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that a catalogue can say."""

    id: str
    cells: Mapping[str, Any]

    def __getitem__(self, cell: str) -> Any:
        return self.cells[cell]

    def reason(self, cell: str) -> str:
        """Return why a cell cannot exist; empty where it does."""
        value = self.cells.get(cell)
        return str(value["none"]) if isinstance(value, Mapping) and set(value) == {"none"} else ""

    def several(self, cell: str) -> list[Any]:
        """Return a cell as a list; empty where it cannot exist."""
        value = self.cells[cell]
        if self.reason(cell):
            return []
        return list(value) if isinstance(value, list) else [value]

    def text(self, *further: Any) -> str:
        """Return the whole catalogue that says it, with further YAML merged on top."""
        data = base()
        for part in (self.cells.get("more"), self["say"], *further):
            data = merged(data, part or {})
        return to_yaml(data).decode()


@cache
def rows() -> dict[str, Row]:
    """Return the rows by id."""
    written = _read(TABLE)["rows"] or {}
    return {id: Row(id, cells) for id, cells in written.items()}


def lines_of(id: str) -> str:
    """Return the lines of a row's `say` as they stand in the table."""
    text = TABLE.read_text(encoding="utf-8")
    found = re.search(rf"^  {re.escape(id)}:\n(?:    .*\n|\n)*?    say:\n((?:      .*\n|\n)*)", text, re.M)
    assert found, f"{id}: `say` is not a block"
    return textwrap.dedent(found[1]).strip("\n")


def base() -> Any:
    """Return the catalogue to which each row adds something."""
    return copy.deepcopy(_read(BASE))


@cache
def _read(path: Path) -> Any:
    source = parse(path.read_text(encoding="utf-8"), path.name)
    assert not source.problems, source.problems
    return source.data


def merged(old: Any, new: Any) -> Any:
    """Merge mappings; null removes a member, and anything else replaces it."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return copy.deepcopy(new)
    result = dict(old)
    for key, value in new.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


@cache
def model_of(id: str) -> Model:
    """Return the resolved catalogue of a row."""
    return load_text(rows()[id].text(), FILE)


@cache
def built_of(id: str) -> Built:
    """Return every document of a row's catalogue; the base for an empty id."""
    return build(model_of(id) if id else load_text(to_yaml(base()).decode(), FILE), full=True)


def vendor_files(built: Built, vendor: str) -> dict[str, str]:
    """Return the files of a vendor as text. Digests of the catalogue are left out."""
    files = {a.path: a.data.decode("utf-8") for a in built.artifacts() if a.target.split("/")[0] == vendor}
    return {path: re.sub(r"[0-9a-f]{64}|sha256-\S+", "DIGEST", text) for path, text in files.items()}


def value_at(files: Mapping[str, str], place: str) -> Any:
    """Return the value at `file#/pointer`; None where there is none."""
    path, _, pointer = place.partition("#")
    assert path in files, f"no file {path} among {sorted(files)}"
    here: Any = _parse(files[path], path.endswith(".json"))
    for raw in pointer.split("/")[1:]:
        step = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(here, list):
            here = here[int(step)] if step.isdigit() and int(step) < len(here) else None
        else:
            here = here.get(step) if isinstance(here, dict) else None
    return here


@lru_cache(maxsize=8)
def _parse(text: str, is_json: bool) -> Any:
    """Return the data of a file. The last ones are kept, because a row asks for several of its places."""
    return json.loads(text) if is_json else yaml.load(text, yaml.CSafeLoader)


def holds(found: Any, wanted: Any) -> bool:
    """Return whether a value has what is wanted: a mapping at least these members, all else the same. True
    is anything that is there.
    """
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(holds(found.get(k), v) for k, v in wanted.items())
    if wanted is True and found is not True:
        return found is not None
    return bool(found == wanted)


def pointer_of(dotted: str, data: Any) -> tuple[str | int, ...]:
    """Return the keys of a dotted path. Keys may have dots themselves, so the longest that fits is taken."""
    steps: list[str | int] = []
    here, words = data, dotted.split(".")
    while words:
        cut, key = next(
            (cut, key) for cut in range(len(words), 0, -1) for key in _keys(here, ".".join(words[:cut]))
        )
        steps.append(key)
        here, words = here[key], words[cut:]
    return tuple(steps)


def _keys(here: Any, word: str) -> Iterator[str | int]:
    """Yield the key that a word means in a mapping or a list, if there is one. Statuses are numbers."""
    number = int(word) if word.isdigit() else None
    if isinstance(here, dict):
        yield from (key for key in (word, number) if key in here)
    elif isinstance(here, list) and number is not None and number < len(here):
        yield number


def match(ids: Sequence[str], patterns: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each pattern with the ids that it matches. Only `*` and `?` are special."""
    for pattern in patterns:
        escaped = pattern.replace("[", "[[]")
        yield pattern, [id for id in ids if fnmatch.fnmatchcase(id, escaped)]


def schema_has(path: str, schema: Mapping[str, Any]) -> bool:
    """Return whether the catalogue's JSON Schema has a key. `*` stands for a name of the author's choice."""
    return any(True for _ in _parts(schema, path.split("."), schema))


def _parts(part: Any, steps: list[str], root: Mapping[str, Any]) -> Iterator[Any]:
    for each in _branches(part, root):
        if not steps:
            yield each
        elif steps[0] == "*":
            inner = [
                each.get("additionalProperties"),
                each.get("items"),
                *each.get("patternProperties", {}).values(),
            ]
            for found in inner:
                if isinstance(found, dict):
                    yield from _parts(found, steps[1:], root)
        elif steps[0] in each.get("properties", {}):
            yield from _parts(each["properties"][steps[0]], steps[1:], root)


def _branches(part: Any, root: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if not isinstance(part, dict):
        return
    if "$ref" in part:
        yield from _branches(root["$defs"][part["$ref"].rpartition("/")[2]], root)
        return
    yield part
    for word in ("anyOf", "oneOf", "allOf"):
        for branch in part.get(word, ()):
            yield from _branches(branch, root)
