"""Read a foreign document in bounded time and memory."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from pgagents.errors import InputError, PgagentsError
from pgagents.source.diagnostics import Diagnostic
from pgagents.source.read import parse
from pgagents.source.source import Problem, Source, Span
from pgagents.source.yaml_text import MAX_DEPTH, TOO_DEEP
from pgagents.text.brief import brief

MAX_BYTES = 48_000_000
MAX_VALUES = 3_000_000
MAX_YAML_VALUES = 1_000_000
MAX_TWIN_BYTES = 8_000_000
"""Largest JSON text that is read a second time to find the line of a duplicate member."""

MAX_PAGE = 200_000
"""Number of characters of a web page that are searched for a document's address."""
WANTED = "give an OpenAPI 3.0, 3.1 or Swagger 2.0 document"
_NAMED = re.compile(
    r"""["']([^"'<>\s]{0,200}(?:openapi|swagger|api-docs)[^"'<>\s]{0,80}\.(?:json|ya?ml))["']"""
)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A JSON or YAML document.

    `location` is its path or URL, `name` its name in messages, `text` the unparsed text.
    """

    location: str
    name: str
    data: Any
    text: str = ""

    def place(self, pointer: str) -> str:
        """Return a pointer of this document for messages: `openapi.json#/paths/~1books`."""
        return f"{self.name}#{pointer}"


class _Twice(Exception):
    """An object has two members of the same name."""


def read(raw: bytes, location: str, name: str, *, wanted: str = WANTED) -> Document:
    """Parse a document from bytes; every key is text. `wanted` is the advice for one that is no mapping.

    Raises InputError with the place of the problem, and PgagentsError for a document that is too large.
    """
    if len(raw) > MAX_BYTES:
        raise PgagentsError(
            f"{name} has {len(raw):,} bytes; at most {MAX_BYTES:,} are read", "import a part of it"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, begin = raw.count(b"\n", 0, error.start) + 1, raw.rfind(b"\n", 0, error.start) + 1
        column = len(raw[begin : error.start].decode("utf-8-sig")) + 1
        raise _make_error(
            name,
            line,
            column,
            "not-utf8",
            f"byte 0x{raw[error.start]:02x} is not UTF-8",
            "save the file as UTF-8",
        ) from None
    if text.lstrip()[:1] == "<":
        raise _make_error(name, 1, 1, "web-page", "this is a web page or XML, and no document", _advise(text))
    data = _json(text, name) if text.lstrip()[:1] in ("{", "[") else _yaml(text, name)
    if not isinstance(data, dict):
        raise _make_error(
            name,
            1,
            1,
            "no-object",
            "the document is no mapping",
            wanted,
        )
    return Document(location, name, _check_limits(data, name), text)


def _advise(page: str) -> str:
    """Return advice on where the document may be, with its address if the page names one."""
    named = _NAMED.search(page[:MAX_PAGE])
    usual = "/openapi.json, /v3/api-docs, /swagger/v1/swagger.json"
    where = f"it names `{brief(named[1])}`" if named else f"servers often have it at {usual}"
    return f"give the address of the OpenAPI document itself; {where}"


def _make_error(name: str, line: int, column: int, id: str, message: str, help: str = "") -> InputError:
    return InputError([Diagnostic(Span(name, line, column), f"import/{id}", "error", message, help)])


def _yaml(text: str, name: str) -> Any:
    source = parse(text, name, max_values=MAX_YAML_VALUES, foreign=True)
    if source.problems:
        raise _make_input_error(source.problems, source)
    return source.data


def _make_input_error(problems: list[Problem], source: Source) -> InputError:
    return InputError(
        [Diagnostic(f.span, f"import/{f.id}", "error", f.message, f.help) for f in problems], source
    )


def _json(text: str, name: str) -> Any:
    """Parse JSON with the standard library, ten times faster than YAML's events.

    Text that it refuses is parsed as YAML, which finds the place of the problem.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except _Twice as twice:
        if len(text) <= MAX_TWIN_BYTES:
            return _yaml(text, name)
        raise _make_error(
            name,
            1,
            1,
            "duplicate-key",
            f"key `{brief(str(twice))}` stands in one object twice",
            "keep one of the two",
        ) from None
    except json.JSONDecodeError as error:
        if len(text) <= MAX_TWIN_BYTES:
            source = parse(text, name, max_values=MAX_YAML_VALUES, foreign=True)
            if not source.problems:
                return source.data
            if not re.match(
                r'\s*[\[{]\s*(["{}\[\]]|\Z)', text
            ):  # this is YAML in braces; JSON's error would only name the first key
                raise _make_input_error(source.problems, source) from None
        raise _make_error(name, error.lineno, error.colno, "syntax", f"not valid JSON: {error.msg}") from None
    except RecursionError:
        raise _too_deep(name) from None
    except ValueError as error:
        raise _make_error(name, 1, 1, "number", f"a number cannot be read: {brief(str(error))}") from None


def _too_deep(name: str) -> InputError:
    return _make_error(name, 1, 1, "too-deep", TOO_DEEP)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _Twice(name)
            seen.add(name)
    return made


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON number")


def _check_limits(data: Any, name: str) -> Any:
    """Return the data with text keys.

    Raises InputError if it is too deep, too large, or has a number that JSON cannot hold.
    """
    count = 0
    stack: list[tuple[Any, int]] = [(data, 1)]
    while stack:
        value, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise _too_deep(name)
        if isinstance(value, dict):
            for key in [k for k in value if not isinstance(k, str)]:
                value[str(key)] = value.pop(key)
        members = value.values() if isinstance(value, dict) else value
        count += len(members)
        if count > MAX_VALUES:
            raise _make_error(name, 1, 1, "too-many", f"the document holds more than {MAX_VALUES:,} values")
        for member in members:
            if isinstance(member, dict | list):
                stack.append((member, depth + 1))
            elif isinstance(member, float) and not math.isfinite(member):
                raise _make_error(name, 1, 1, "number", "a number is too large")
    return data
