"""Follow references inside and between documents.

By default, references that leave the first document's folder or host are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from pgagents.errors import PgagentsError
from pgagents.importer.reading.document import Document, read
from pgagents.text.brief import brief
from pgagents.text.web_address import hide_in_address

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


def escape(step: str | int) -> str:
    """Return a key escaped for a JSON Pointer."""
    text = str(step)
    return text.replace("~", "~0").replace("/", "~1") if "/" in text or "~" in text else text


def is_url(location: str) -> bool:
    """True for an http or https URL, false for a path."""
    return location.lower().startswith(("http://", "https://"))


class References:
    """Follow `$ref`. With `allowed`, references may leave the first document's folder or host."""

    def __init__(self, first: Document, fetch: Read, *, allowed: bool = False) -> None:
        self.first, self.fetch, self.allowed = first, fetch, allowed
        self.documents = {self._whole(first.location): first}

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
        location, fragment = _split_reference(found)
        document = self._document(location, found) if location else found.document
        pointer = unquote(fragment)
        if pointer and not pointer.startswith("/"):
            return Found(None, document, f"/{escape(pointer)}")
        value: Any = document.data
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if (
                isinstance(value, list)
                and key.isascii()
                and key.isdecimal()
                and len(key) < 9
                and int(key) < len(value)
            ):
                value = value[int(key)]
            else:
                value = value.get(key) if isinstance(value, dict) else None
        return Found(value, document, pointer)

    def _document(self, location: str, found: Found) -> Document:
        base = found.document.location
        web = is_url(base) or is_url(location)
        shown = brief(hide_in_address(location) if web else location, 100)
        try:
            whole = urljoin(base, location) if web else self._whole(Path(base).parent / unquote(location))
        except (ValueError, OSError) as error:  # an incomplete escape, a NUL, or an unclosed bracket
            raise PgagentsError(
                f"{found.place} refers to `{shown}`, which can be no document: {error}", "correct the $ref"
            ) from None
        if whole in self.documents:
            return self.documents[whole]
        if not self.allowed and not self._inside(whole):
            raise PgagentsError(
                f"{found.place} refers to `{shown}`, which is outside the document's own folder",
                "add --allow-remote to follow it",
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
        self.documents[whole] = document
        return document

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


def _split_reference(found: Found) -> tuple[str, str]:
    """Split a reference into document and fragment. Raises PgagentsError if it is malformed."""
    try:
        location, fragment = urldefrag(found.value["$ref"])
    except ValueError as error:
        shown = brief(hide_in_address(found.value["$ref"]), 100)
        raise PgagentsError(
            f"{found.place} refers to `{shown}`, which is no address: {error}", "correct the $ref"
        ) from None
    return location, fragment
