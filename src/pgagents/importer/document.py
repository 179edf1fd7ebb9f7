"""Read a foreign document in bounded time and memory, and follow references inside and between documents."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from pgagents.base.errors import Diagnostic, InputError, PgagentsError
from pgagents.base.places import Problem, Source, Span
from pgagents.base.reading import MAX_DEPTH, TOO_DEEP, parse
from pgagents.base.text import HIDDEN, KEY_FORMS, brief, decode, hide_in_address

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
        return f"{self.name}#{own_pointer(pointer)}"

    def list_keys(self) -> list[int]:
        """Return the lines that hold a key of a published form, which nothing reads."""
        return [self.text.count("\n", 0, one.start()) + 1 for one in _HIDDEN_KEY.finditer(self.text)]


_HIDDEN_KEY = re.compile(HIDDEN + "{16,}")
BASE = "x-pgagents-base"
"""The key under which the importer keeps what other schemas extend of a schema with alternatives."""


def own_pointer(pointer: str) -> str:
    """Return a pointer as the document itself has it, without the importer's own steps."""
    return pointer.replace(f"/{BASE}", "")


class _Twice(Exception):
    """An object has two members of the same name."""


def read(raw: bytes, location: str, name: str) -> Document:
    """Parse a document from bytes; every key is text.

    Raises InputError with the place of the problem, and PgagentsError for a document that is too large.
    """
    if len(raw) > MAX_BYTES:
        raise PgagentsError(
            f"{name} has {len(raw):,} bytes; at most {MAX_BYTES:,} are read", "import a part of it"
        )
    try:
        text = decode(raw)
    except UnicodeDecodeError as error:
        line, begin = raw.count(b"\n", 0, error.start) + 1, raw.rfind(b"\n", 0, error.start) + 1
        column = len(decode(raw[begin : error.start])) + 1
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
    text = re.sub(KEY_FORMS, lambda key: HIDDEN * len(key[0]), text)  # nobody's manifests shall publish it
    data = _json(text, name) if text.lstrip()[:1] in ("{", "[") else _yaml(text, name)
    if not isinstance(data, dict):
        raise _make_error(
            name,
            1,
            1,
            "no-object",
            "the document is not a mapping",
            WANTED,
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
        message, help = f"not valid JSON: {error.msg}", "correct it there, or have the document written anew"
        raise _make_error(name, error.lineno, error.colno, "syntax", message, help) from None
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
    raise ValueError(f"{text} is not a JSON number")


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


# -- references


Read = Callable[[str], bytes]
"""A function that returns the content of a path or URL. Raises PgagentsError."""

MAX_DOCUMENTS = 200
MAX_CHAIN = 50


class Found(NamedTuple):
    """A value, its document, and its pointer in it (`/components/schemas/Book`)."""

    value: Any
    document: Document
    pointer: str

    def at(self, *steps: str | int) -> Found:
        """Return the value at these steps below this one. Its value is None if it does not exist."""
        value, pointer = self.value, self.pointer
        for step in steps:
            pointer += "/" + escape(step)
            if isinstance(value, dict):
                value = value.get(str(step))
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                value = None
        return Found(value, self.document, pointer)

    def mapping(self) -> dict[str, Any]:
        """Return the value if it is a mapping, otherwise an empty one."""
        return self.value if isinstance(self.value, dict) else {}

    def items(self) -> list[Found]:
        """Return the items of a list; empty for any other value."""
        return [self.at(n) for n in range(len(self.value))] if isinstance(self.value, list) else []

    def members(self) -> dict[str, Found]:
        """Return the members of a mapping, except those that begin with `x-`."""
        return {k: self.at(k) for k in self.mapping() if not k.startswith("x-")}

    def text(self, key: str) -> str:
        """Return the member `key` if it is text, without surrounding blanks; otherwise empty."""
        value = self.mapping().get(key)
        return value.strip() if isinstance(value, str) else ""

    @property
    def place(self) -> str:
        """The place of the value, for messages."""
        return self.document.place(self.pointer)


def say_dangling(written: Found) -> str:
    """Return a sentence about a reference that leads nowhere; empty for a value that is not a reference."""
    reference = written.mapping().get("$ref")
    return f"`$ref: {brief(str(reference), 80)}` leads nowhere" if reference is not None else ""


def escape(step: str | int) -> str:
    """Return a key escaped for a JSON Pointer."""
    text = str(step)
    return text.replace("~", "~0").replace("/", "~1") if "/" in text or "~" in text else text


def is_url(location: str) -> bool:
    """True for an http or https URL, false for a path."""
    return location.lower().startswith(("http://", "https://"))


class References:
    """Follow `$ref`. With `allowed`, references may leave the first document's folder or host."""

    def __init__(
        self,
        first: Document,
        fetch: Read,
        *,
        allowed: bool = False,
        rewrite: Callable[[Document], Document] | None = None,
    ) -> None:
        self.first, self.fetch, self.allowed = first, fetch, allowed
        self.rewrite = rewrite
        """Returns another edition of each further document; the first one is such already."""
        self.documents = {self._whole(first.location): first}
        self._targets: dict[tuple[str, str, str], Found] = {}
        """By document, base address and reference, the value there: many refer to one schema."""
        self._addresses: dict[str, Addresses] = {}

    def root(self) -> Found:
        """Return the whole first document."""
        return Found(self.first.data, self.first, "")

    def follow(self, found: Found) -> Found:
        """Return the value at the end of a chain of references.

        A value without `$ref` is returned unchanged. The result's value is None if the chain has no end or a
        broken link.
        """
        seen: set[tuple[str, str]] = set()
        while isinstance(found.value, dict) and isinstance(found.value.get("$ref"), str):
            found = self.target(found)
            key = (found.document.location, found.pointer)
            if key in seen or len(seen) > MAX_CHAIN:
                return Found(None, found.document, found.pointer)
            seen.add(key)
        return found

    def target(self, found: Found) -> Found:
        """Return the target of one reference; its value is None if it does not exist."""
        location = found.document.location
        if location not in self._addresses:
            self._addresses[location] = Addresses(found.document)
        addresses = self._addresses[location]
        key = (location, addresses.find_base(found), found.value["$ref"])
        if key not in self._targets:
            self._targets[key] = addresses.find(found) or self._find_target(found)
        return self._targets[key]

    def list_beside(self, target: Found) -> list[str]:
        """Return the names of what stands where the target of a reference should."""
        beside = _find_value(target.document.data, target.pointer.rpartition("/")[0])
        return [name for name in beside if isinstance(name, str)] if isinstance(beside, dict) else []

    def _find_target(self, found: Found) -> Found:
        location, fragment = _split_reference(found)
        document = self._document(location, found) if location else found.document
        pointer = unquote(fragment)
        if pointer and not pointer.startswith("/"):
            return Found(None, document, f"/{escape(pointer)}")
        return Found(_find_value(document.data, pointer), document, pointer)

    def _document(self, location: str, found: Found) -> Document:
        base = found.document.location
        web = is_url(base) or is_url(location)
        shown = brief(hide_in_address(location) if web else location, 100)
        try:
            whole = urljoin(base, location) if web else self._whole(Path(base).parent / unquote(location))
        except (ValueError, OSError) as error:  # an incomplete escape, a NUL, or an unclosed bracket
            raise PgagentsError(
                f"{found.place} refers to `{shown}`, which cannot be a document: {error}", "correct the $ref"
            ) from None
        if whole in self.documents:
            return self.documents[whole]
        if not self.allowed and not self._inside(whole):
            raise PgagentsError(
                f"{found.place} refers to `{shown}`, which is outside the document's own folder",
                "save that file beside the document; or let a catalogue follow it: `pgagents import "
                "--allow-remote`, or `openapi: {document: …, allow_remote: true}`",
            )
        if len(self.documents) >= MAX_DOCUMENTS:
            raise PgagentsError(
                f"{found.place}: more than {MAX_DOCUMENTS} documents refer to each other",
                "bundle them into one",
            )
        try:
            document = read(self.fetch(whole), whole, shown)
        except PgagentsError as error:
            if type(error) is not PgagentsError:
                raise
            raise PgagentsError(f"{found.place} refers to `{shown}`: {error.message}", error.help) from None
        self.documents[whole] = self.rewrite(document) if self.rewrite is not None else document
        return self.documents[whole]

    @staticmethod
    def _whole(location: str | Path) -> str:
        return location if isinstance(location, str) and is_url(location) else str(Path(location).resolve())

    def _inside(self, whole: str) -> bool:
        first = self._whole(self.first.location)
        if is_url(first) != is_url(whole):
            return False
        if is_url(first):
            a, b = urlsplit(first), urlsplit(whole)
            return (a.scheme, a.netloc) == (b.scheme, b.netloc) and b.path.startswith(
                a.path.rpartition("/")[0] + "/"
            )
        return Path(whole).is_relative_to(Path(first).parent)


class Addresses:
    """The addresses that schemas of a document have by `$id`, and their anchors; most documents have none."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.places: dict[str, str] = {}
        """Pointers by address; that of an anchor ends with `#` and its name."""
        self.bases: dict[str, str] = {}
        """Addresses of the schemas with an `$id`, by pointer."""
        if not document.text or "$id" in document.text or "nchor" in document.text:
            self._index()

    def _index(self) -> None:
        stack: list[tuple[Any, str, str]] = [(self.document.data, "", "")]
        while stack:
            node, pointer, base = stack.pop()
            if isinstance(node, list):
                stack.extend((one, f"{pointer}/{n}", base) for n, one in enumerate(node))
            elif isinstance(node, dict):
                if isinstance(own := node.get("$id"), str):
                    self.bases[pointer] = base = _join(base, own)
                    self.places.setdefault(base, pointer)
                for anchor in (node.get("$anchor"), node.get("$dynamicAnchor")):
                    if isinstance(anchor, str):
                        self.places.setdefault(f"{base}#{anchor}", pointer)
                below = ((key, one) for key, one in node.items() if isinstance(one, dict | list))
                stack.extend((one, f"{pointer}/{escape(key)}", base) for key, one in below)

    def find_base(self, found: Found) -> str:
        """Return the address against which a reference at this place counts; empty for the document's."""
        pointer = found.pointer if self.bases else ""
        while pointer and pointer not in self.bases:
            pointer = pointer.rpartition("/")[0]
        return self.bases.get(pointer, "")

    def find(self, found: Found) -> Found | None:
        """Return the value that a reference names by an `$id` or an anchor of its own document."""
        if not self.places:
            return None
        whole, _, fragment = _join(self.find_base(found), found.value["$ref"]).partition("#")
        inside = unquote(fragment) if fragment[:1] == "/" else ""
        at = self.places.get(whole if inside or not fragment else f"{whole}#{unquote(fragment)}")
        value = _find_value(self.document.data, at + inside) if at is not None else None
        return Found(value, self.document, f"{at}{inside}") if value is not None else None


def _join(base: str, address: str) -> str:
    """Return an address joined to its base, without an empty fragment; as it is if it is malformed."""
    try:
        return urljoin(base, address).removesuffix("#")
    except ValueError:
        return address


def _find_value(value: Any, pointer: str) -> Any:
    """Return what stands at a pointer; None if there is nothing."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            is_index = key.isascii() and key.isdecimal() and len(key) < 9
            value = value[int(key)] if is_index and int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def replace_first(references: References, first: Document) -> References:
    """Return the references of another edition of the first document."""
    return References(first, references.fetch, allowed=references.allowed, rewrite=references.rewrite)


def _split_reference(found: Found) -> tuple[str, str]:
    """Split a reference into document and fragment. Raises PgagentsError if it is malformed."""
    try:
        location, fragment = urldefrag(found.value["$ref"])
    except ValueError as error:
        shown = brief(hide_in_address(found.value["$ref"]), 100)
        raise PgagentsError(
            f"{found.place} refers to `{shown}`, which is not an address: {error}", "correct the $ref"
        ) from None
    return location, fragment
