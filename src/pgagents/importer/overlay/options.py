"""Read the key `openapi` of a short catalogue: which document it lies over, and which part of that.

`openapi: ./openapi.json` is the short form of `openapi: {document: ./openapi.json}`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pgagents.base.errors import Diagnostic, InputError, PgagentsError
from pgagents.base.http import is_exposed
from pgagents.base.places import Source
from pgagents.base.text import brief, did_you_mean, find_unreachable, hide_secrets
from pgagents.catalogue.language.catalogue import KEY_VARIABLE, OVER, OverDocument
from pgagents.importer.document import is_url

KEY = OVER
KEYS = tuple(field.alias or name for name, field in OverDocument.model_fields.items())
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*\Z")
_SHA256 = re.compile(r"(sha256:)?([0-9a-f]{64})\Z")
_HARMLESS = frozenset(("format", "group", "lang", "language", "locale", "v", "version", "api-version"))
"""Parameters by which servers choose among their documents."""
EXAMPLE = "write `openapi: ./openapi.json`, or `openapi: {document: ./openapi.json, tags: [notes]}`"


@dataclass(frozen=True, slots=True)
class DocumentOptions:
    """The document of a short catalogue.

    `document` is as the author writes it: a path relative to the catalogue's folder, or a URL. `include`,
    `tags`, `most`, `auth` and `base` choose and read it, as the options of `pgagents import` do. `sha256` is
    the hash of its bytes in hexadecimal digits, if the author pins it. `origin` is the URL of which a file is
    a copy. With `allow_remote`, its references may leave its folder or host. `overlays` are paths of files of
    the OpenAPI Overlay Specification, which change it first; the hash is over all of them then. `key` is the
    variable of the environment with the key for its URL, behind its header if that is not `Authorization`.
    """

    document: str
    include: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    most: int | None = None
    auth: str = ""
    base: str = ""
    sha256: str = ""
    allow_remote: bool = False
    origin: str = ""
    overlays: tuple[str, ...] = ()
    key: str = ""
    is_mapping: bool = False
    """True if the author writes the long form."""

    def find_secret(self) -> str:
        """Return what of the document's URL may be a secret, in words; empty if nothing may."""
        url = self.document if self.is_remote else self.origin
        parts = urlsplit(url)
        if parts.username or parts.password:
            return "a user or a password"
        names = [name for name, value in parse_qsl(parts.query) if value and name.lower() not in _HARMLESS]
        return f"a value of `{brief(names[0])}`" if names else ""

    @property
    def is_remote(self) -> bool:
        """True if the document is fetched from a URL."""
        return is_url(self.document)

    def locate(self, source: Source) -> str:
        """Return the URL of the document, or its absolute path."""
        if self.is_remote:
            return self.document
        return str(((source.folder or Path()) / self.document).resolve())

    def stands_beside(self, source: Source) -> bool:
        """True if the document is in the catalogue's folder or below it, or is fetched from a URL."""
        folder = (source.folder or Path()).resolve()
        return self.is_remote or Path(self.locate(source)).is_relative_to(folder)

    def list_overlays(self, source: Source) -> list[tuple[str, str]]:
        """Return the absolute path of each overlay, and its name in messages.

        Raises PgagentsError for one outside the catalogue's folder: an error in it would show its text.
        """
        folder = source.folder or Path()
        for path in self.overlays:
            if not (folder / path).resolve().is_relative_to(folder.resolve()):
                raise PgagentsError(
                    f"the overlay {brief(path)} is outside the catalogue's own folder",
                    "save that file beside the catalogue, or below it",
                )
        beside = Path(source.file).parent if source.folder is not None else Path()
        return [(str((folder / path).resolve()), os.path.normpath(beside / path)) for path in self.overlays]

    def name(self, source: Source) -> str:
        """Return the document's name in messages, without any secret of a URL.

        A path is relative to the caller's folder if the catalogue's name in messages is.
        """
        if self.is_remote:
            shown = hide_secrets(self.document).partition("?")[0]
            return shown.rstrip("/").rpartition("/")[2] or shown
        beside = Path(source.file).parent if source.folder is not None else Path()
        return os.path.normpath(beside / self.document)


def is_overlay(data: Any) -> bool:
    """True if a file's data is a catalogue over a document."""
    return isinstance(data, Mapping) and "pgagents" in data and KEY in data


def read_options(source: Source) -> DocumentOptions:
    """Return the options of a short catalogue. Raises InputError with every problem of them."""
    written = source.data[KEY]
    if isinstance(written, str | int | float) and _VERSION.match(str(written)):
        what = f"`{written}` is a version of OpenAPI; a catalogue names its document here"
        raise _refuse(source, (), what, EXAMPLE)
    is_mapping = isinstance(written, Mapping)
    if isinstance(written, str) and written:
        written = {"document": written}
    if not isinstance(written, Mapping):
        raise _refuse(source, (), "the path or URL of an OpenAPI document stands here", EXAMPLE)
    found = [*_find_unknown(source, written), *_find_wrong(source, written)]
    if found:
        raise InputError(found, source)
    most, digest = written.get("max"), _SHA256.match(str(written.get("sha256", "")))
    return DocumentOptions(
        written["document"],
        _list_words(written.get("include")),
        _list_words(written.get("tags")),
        most,
        written.get("auth", ""),
        written.get("base_path", ""),
        digest[2] if digest else "",
        written.get("allow_remote", False),
        written.get("from", ""),
        _list_words(written.get("overlays")),
        written.get("key", ""),
        is_mapping,
    )


def _find_unknown(source: Source, written: Mapping[Any, Any]) -> list[Diagnostic]:
    return [
        _problem(source, (key,), f"unknown key `{brief(str(key))}`", did_you_mean(str(key), KEYS))
        for key in written
        if key not in KEYS
    ]


def _find_wrong(source: Source, written: Mapping[Any, Any]) -> list[Diagnostic]:
    found: list[Diagnostic] = []

    def check(key: str, right: bool, wanted: str, help: str) -> None:
        if key in written and not right:
            found.append(_problem(source, (key,), f"`{key}` is {wanted}", help))

    document = written.get("document")
    if "document" not in written:
        found.append(_problem(source, (), "key `document` is missing", EXAMPLE))
    check("document", isinstance(document, str) and bool(document), "a path or a URL", EXAMPLE)
    if isinstance(document, str) and "://" in document:
        why = find_unreachable(document) if is_url(document) else "neither a path nor an http address"
        check("document", not why, f"no address that can be read: {why}", "give a path, or a URL with https")
    origin = written.get("from")
    right = isinstance(origin, str) and is_url(origin) and not find_unreachable(origin)
    check("from", right, "the URL of which the document is a copy", "write `from: https://…`")
    overlays = _list_words(written.get("overlays"))
    right = bool(overlays) and not any("://" in path for path in overlays)
    check("overlays", right, "a list of paths of files", "save an overlay beside this file")
    for key in ("include", "tags"):
        right = bool(_list_words(written.get(key)))
        check(key, right, "a list of texts", f"write `{key}: [NAME]`")
    most = written.get("max")
    right = isinstance(most, int) and not isinstance(most, bool) and most > 0
    check("max", right, "a whole number from 1", "write `max: 20`, or leave it out")
    for key, example in (("auth", "header:X-Key"), ("base_path", "/v1")):
        check(key, isinstance(written.get(key), str), "text", f"write `{key}: {example}`")
    digest = isinstance(written.get("sha256"), str) and _SHA256.match(written["sha256"])
    check("sha256", bool(digest), "64 hexadecimal digits", "`sha256sum openapi.json` prints them")
    _check_key(written, check)
    check("allow_remote", isinstance(written.get("allow_remote"), bool), "true or false", "write `true`")
    return found


def _check_key(written: Mapping[Any, Any], check: Callable[[str, bool, str, str], None]) -> None:
    """Check the name of a key's variable. No message repeats it, because it may be the key itself."""
    key, document = written.get("key"), written.get("document")
    if not isinstance(key, str) or not re.fullmatch(KEY_VARIABLE, key):
        wanted = "the name of a variable of the environment, never the key itself"
        check("key", False, wanted, "write `key: DOCS_KEY`, or `key: X-API-Key:DOCS_KEY` for another header")
    elif isinstance(document, str) and not is_url(document):
        check("key", False, "for a document at a URL", "leave it out: a file needs no key")
    elif isinstance(document, str) and not find_unreachable(document):
        check("key", not is_exposed(document), "sent over https alone", "write the document's URL with https")


def _list_words(written: Any) -> tuple[str, ...]:
    """Return the texts of a list, or of one text alone; none for anything else."""
    words = [written] if isinstance(written, str) else written
    right = isinstance(words, list) and all(isinstance(word, str) and word for word in words)
    return tuple(words) if right else ()


def _problem(source: Source, at: tuple[str | int, ...], message: str, help: str) -> Diagnostic:
    return Diagnostic(source.locate((KEY, *at)), "overlay/openapi", "error", message, help)


def _refuse(source: Source, at: tuple[str | int, ...], message: str, help: str) -> InputError:
    return InputError([_problem(source, at, message, help)], source)
