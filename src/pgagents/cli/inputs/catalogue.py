"""Open a catalogue: a whole one, or a short one over an OpenAPI document, which is read each time.

Every command opens catalogues here, so that it never matters to a command which kind it is given.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from pgagents.base.errors import Diagnostic, InputError
    from pgagents.base.places import Source
    from pgagents.catalogue.model.model import Model


EXAMPLE = "park-graph"
"""The name of the shipped example catalogue, which is accepted in place of a file."""
NO_CATALOGUE = (
    f"name its file, go to its folder, or begin one with `pgagents init`; `{EXAMPLE}` names the example "
    "that comes with pgagents"
)


def load(catalogue: Path | None, *, else_example: bool = False) -> Model:
    """Load the given catalogue; else the only one in ./catalogue, else ./pgagents.yaml.

    A name such as `park-graph` means a shipped catalogue. If no file is found, `else_example` chooses Park
    Graph's.

    Raises PgagentsError if none is found, so that a wrong working directory is never mistaken for a good
    catalogue. Raises InputError for a catalogue with errors, such as a surface that nothing knows.
    """
    from pgagents.base.errors import PgagentsError
    from pgagents.catalogue.load import find_catalogue, find_example
    from pgagents.lint.run import check_surfaces

    if (own := find_catalogue(catalogue, load_path)) is not None:
        return check_surfaces(own)
    found = find_example(EXAMPLE) if else_example else None
    if found is None:
        raise PgagentsError(
            f"no catalogue here: {Path.cwd()} has neither catalogue/*.yaml nor pgagents.yaml", NO_CATALOGUE
        )
    click.echo(
        f"no catalogue here, so this is the example `{EXAMPLE}` (`pgagents init` makes your own)", err=True
    )
    return found


def refuse_unpinned(model: Model, command: str) -> None:
    """Raise PgagentsError if the catalogue lies over a document from a URL without its hash.

    The things that `command` gives away would change with the document, without anybody's look at the
    change.
    """
    from pgagents.base.errors import PgagentsError
    from pgagents.importer.overlay.source import OverlaySource

    source = model.source
    if isinstance(source, OverlaySource) and source.is_unpinned:
        raise PgagentsError(
            f"`{command}` takes a document from a URL only with its hash: else its tools change unseen",
            f"write `openapi: {{document: URL, sha256: {source.digest}}}` in {source.file}, or keep a copy",
        )


def find_left_out(model: Model) -> Mapping[str, str]:
    """Return the surfaces that a short catalogue has not although its author says nothing of them, each with
    the reason.
    """
    from pgagents.importer.overlay.source import OverlaySource

    return model.source.without if isinstance(model.source, OverlaySource) else {}


def load_path(path: Path, name: str | None = None) -> Model:
    """Load a catalogue's file, and the document that it lies over. `name` is its name in messages.

    Raises InputError with all diagnostics, or PgagentsError if a file cannot be read.
    """
    return load_opened(read_path(path, name))


def read_path(path: Path, name: str | None) -> Source:
    """Read a catalogue's file without its document. Raises PgagentsError if it cannot be read."""
    from pgagents.base.errors import PgagentsError
    from pgagents.base.reading import read

    try:
        return read(path, name=name)
    except OSError as error:
        if path.parts[:1] in (("http:",), ("https:",)):
            raise PgagentsError(
                "a catalogue is a file, not an address",
                "`pgagents import URL` makes one over a document; verify, questions and suggest take "
                "--openapi URL",
            ) from None
        raise PgagentsError(
            f"cannot read the catalogue {name or path}: {error.strerror}", "give the path of a YAML file"
        ) from None


def load_opened(
    source: Source,
    fetch: Callable[[str], bytes] | None = None,
    misfits: list[Diagnostic] | None = None,
) -> Model:
    """Load a catalogue that was read, and the document that it lies over.

    `fetch` returns the content of a path or URL; the default reads files and sends requests. With `misfits`,
    lines that fit nothing in the document are added there, and count as if they were not written. Raises
    InputError with all diagnostics, or PgagentsError if the document cannot be read or converted.
    """
    from pgagents.catalogue.load import load_source
    from pgagents.importer.overlay.options import is_overlay

    _refuse_secrets(source)
    if not is_overlay(source.data):
        return load_source(source)
    from pgagents.cli.inputs.files import MAX_SECONDS, within
    from pgagents.cli.inputs.files import fetch as fetch_any
    from pgagents.importer.overlay.load import load_overlay

    fetch = _add_key(source, fetch or fetch_any)
    message = f"{source.file} takes longer than {MAX_SECONDS:g} s to load; that is the most allowed"
    with within(MAX_SECONDS, message, "choose a part of its document: `openapi: {document: …, tags: […]}`"):
        return load_overlay(source, fetch, misfits)


LEAST_KEY = 16
"""Characters of a key in the environment from which on it is not a common word."""
_OF_KEYS = ("PGAGENTS_TOKEN", "PGAGENTS_MCP_TOKEN")
"""How the names of variables begin that hold keys; others, such as PGAGENTS_URL, may stand in a catalogue."""


def _refuse_secrets(source: Source) -> None:
    """Raise InputError if a file holds a key: one of a published form, or that of the server under test."""
    from pgagents.base.errors import Diagnostic, InputError
    from pgagents.base.places import span_at
    from pgagents.base.text import KEY_FORMS
    from pgagents.importer.overlay.options import is_overlay

    own = [re.escape(v) for k, v in os.environ.items() if k.startswith(_OF_KEYS) and len(v) >= LEAST_KEY]
    # no JWT in what an import wrote: documents show them as examples
    forms = (KEY_FORMS, _TOKEN) if is_overlay(source.data) else (KEY_FORMS,)
    keys = re.compile("|".join((*forms, *own)))
    found = [*keys.finditer(source.text), *_list_literal_keys(source)]
    if not found:
        return
    hidden = source.text
    for key in found:
        hidden = hidden.replace(key.group(), "…" * len(key.group()))
    said = "this is a key, and everybody reads it who reads this file"
    help = "take it out, and make a new one; verify takes keys from the environment, as PGAGENTS_TOKEN"
    places = dict.fromkeys(key.start() for key in found)
    at = (span_at(source.file, source.text, start) for start in places)
    problems = [Diagnostic(span, "catalogue/secret", "error", said, help) for span in at]
    raise InputError(problems, replace(source, text=hidden, data=None))


_TOKEN = r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ(?!zdWIiOiIxMjM0NTY3ODkwI)[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"
"""Matches a JWT that is not the one which everybody copies from jwt.io."""
_WITH_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/:@]*:[^\s/@]+@", re.I)
_KEY_HEADERS = frozenset(("authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"))
_AS_HEADER = re.compile(r"(?:bearer|basic|token)\s+\S{8,}", re.I)


def _list_literal_keys(source: Source) -> Iterator[re.Match[str]]:
    """Yield the places of keys that are written out in a step's headers, or as a header's text in `env`."""
    data = source.data if isinstance(source.data, dict) else {}
    env, workflows = (data.get(key) for key in ("env", "workflows"))
    api = data.get("api")
    urls = [data.get("openapi"), api.get("server") if isinstance(api, dict) else None]
    own = list(env.values()) if isinstance(env, dict) else []
    texts = [str(value) for value in own if _AS_HEADER.fullmatch(str(value))]
    texts += [str(value) for value in (*own, *urls) if _WITH_PASSWORD.match(str(value))]
    for workflow in workflows.values() if isinstance(workflows, dict) else ():
        steps = workflow.get("steps") if isinstance(workflow, dict) else None
        for step in steps.values() if isinstance(steps, dict) else ():
            headers = step.get("headers") if isinstance(step, dict) else None
            for name, value in headers.items() if isinstance(headers, dict) else ():
                if str(name).lower() in _KEY_HEADERS and not str(value).startswith("="):
                    texts.append(str(value))
    for text in dict.fromkeys(texts):
        yield from re.finditer(re.escape(text), source.text)


def _add_key(source: Source, fetch: Callable[[str], bytes]) -> Callable[[str], bytes]:
    """Return a function that fetches a short catalogue's document with the key that its variable holds.

    The key goes to the origin of the document alone. A redirect is never followed. Raises InputError if the
    variable is not set, or holds what no header can carry. No message has the key.
    """
    from pgagents.base.errors import PgagentsError
    from pgagents.cli.inputs.files import fetch as fetch_any
    from pgagents.importer.overlay.options import read_options

    options = read_options(source)
    if not options.key:
        return fetch
    header, _, variable = options.key.rpartition(":")
    value = os.environ.get(variable, "")
    if not value or not value.isascii() or not value.isprintable():
        said = (
            f"the environment variable {variable} is not set" if not value else f"{variable} is not a header"
        )
        help = f"export {variable}=… in your shell, or as a secret of CI; never write the key into a file"
        raise _refuse_key(source, said, help)
    if not header:
        header, value = "Authorization", value if " " in value else f"Bearer {value}"
    origin = urlsplit(options.document)[:2]

    def fetch_with_key(location: str) -> bytes:
        if urlsplit(location)[:2] != origin:
            return fetch(location)
        try:
            return fetch_any(location, {header: value})
        except PgagentsError as error:
            secrets = {value, value.rpartition(" ")[2]}
            said, help = (_mask(text, secrets) for text in (error.message, error.help))
            if "redirects to" in said:
                help = f"the key of {variable} is sent nowhere else: {help}"
            raise PgagentsError(said, help) from None

    return fetch_with_key


def _mask(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "…")
    return text


def _refuse_key(source: Source, message: str, help: str) -> InputError:
    from pgagents.base.errors import Diagnostic, InputError
    from pgagents.importer.overlay.options import KEY

    at = source.locate((KEY, "key"), at_value=True)
    return InputError([Diagnostic(at, "overlay/key", "error", message, help)], source)
