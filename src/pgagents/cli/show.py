"""`pgagents show`: prints the whole catalogue that a short one and its document make together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.cli.inputs.catalogue import load
from pgagents.cli.inputs.options import catalogue_argument, examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgagents.base.places import Pointer, Source
    from pgagents.importer.overlay.source import OverlaySource


@click.command(
    short_help="Print the whole catalogue, with the file of each part.",
    epilog=examples(
        ("what pgagents.yaml and its document say together", "pgagents show"),
        (
            "one file to ship instead of two, such as in a container",
            "pgagents show pgagents.yaml --out whole.yaml",
        ),
        ("what the import concluded about notes", "pgagents show --part resources.note"),
        ("who says what: you, the document, or a guess", "pgagents show --format json"),
    ),
)
@catalogue_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the catalogue to FILE.",
)
@click.option("--part", metavar="PATH", help="Print this part alone, such as resources.note.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "json"]),
    default="yaml",
    help="`json` says of each part who says it, as schemas/show.schema.json describes.",
)
def command(catalogue: Path | None, out: Path | None, part: str | None, form: str) -> int:
    """Print the whole catalogue, with the file of each part as a comment.

    For a catalogue over an OpenAPI document, the output has both together. A whole catalogue is
    printed as it is.
    """
    from pgagents.cli.inputs.files import write_both

    source = load(catalogue).source
    if form == "json":
        if part is not None:
            raise click.UsageError("--format json shows the whole catalogue: leave out --part")
        text = render_json(source)
    else:
        text = render(source) if part is None else render_part(source, part)
    if out is None:
        click.echo(text, nl=False)
    else:
        write_both({out: text.encode()})
        click.echo(f"{out} is written", err=True)
    return 0


VERSION = 1
"""The version of the JSON form, which schemas/show.schema.json describes."""


def render_json(source: Source) -> str:
    """Return the catalogue, and who says each part that somebody else says than the part around it."""
    import json

    from pgagents.base.places import write_pointer

    told: dict[Pointer, str] = {}
    parts = []
    for at in source.pointers():
        told[at] = by = find_author(source, at) if at else ""
        if by == told.get(at[:-1], ""):
            continue
        span = source.locate(at)
        place = {"file": span.file, "line": span.line}
        why = {"why": span.guess} if by == "guessed" and span.guess else {}
        parts.append({"pointer": write_pointer(at), "by": by, "place": place, **why})
    data = {"version": VERSION, "catalogue": source.data, "parts": parts}
    return json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n"


def find_author(source: Source, at: Pointer) -> str:
    """Return who says a part: `said` by the author, by the `document`, or `guessed` by the import."""
    from pgagents.base.places import value_at
    from pgagents.importer.overlay.source import OverlaySource

    if not isinstance(source, OverlaySource):
        return "said"
    named_inside = isinstance(value_at(source.data, at), dict) and not _is_whole(source, at)
    if source.find_own(at) is not None and not named_inside:
        return "said"
    parts = (value_at(source.data, at[:length]) for length in range(1, len(at) + 1))
    concluded = any(isinstance(one, dict) and one.get("inferred") is True for one in parts)
    guessed = concluded or source.locate(at).guess or source.is_guessed(at)
    return "guessed" if guessed else "document"


def render_part(source: Source, path: str) -> str:
    """Return a part of the catalogue as lines to paste. Raises PgagentsError if there is no such part."""
    from pgagents.base.errors import PgagentsError
    from pgagents.base.text import brief, did_you_mean
    from pgagents.importer.text import render_yaml

    steps, value = path.split("."), source.data
    for step in steps:
        if not isinstance(value, dict) or step not in value:
            known = map(str, value) if isinstance(value, dict) else ()
            raise PgagentsError(f"the catalogue has no part {brief(path)}", did_you_mean(step, known))
        value = value[step]
    for step in reversed(steps):
        value = {step: value}
    return render_yaml(value)


def render(source: Source) -> str:
    """Return a catalogue's source as the text of one file."""
    from pgagents.importer.invalid_parts import make_comments
    from pgagents.importer.overlay.source import OverlaySource
    from pgagents.importer.text import render_yaml

    if not isinstance(source, OverlaySource):
        return source.text
    open_notes = [n for n in source.notes if n.kind != "decide" or source.find_own(n.at) is None]
    comments = make_comments(tuple(open_notes))
    for pointer, file in list_files(source):
        comments.setdefault(pointer, []).append(f"from {file}")
    return render_yaml(source.data, comments)


def list_files(source: OverlaySource) -> Iterator[tuple[Pointer, str]]:
    """Yield the pointers at which another file speaks than at the value around them, each with its place.

    A part of the document is named by its pointer there, because its lines move with every edition.
    """
    assert source.document is not None
    stack: list[tuple[Pointer, object, str]] = [((key,), value, "") for key, value in source.data.items()]
    while stack:
        pointer, value, around = stack.pop()
        own, whole = source.find_own(pointer), _is_whole(source, pointer)
        if own is not None and whole:
            if around != source.file:
                yield pointer, f"{source.file}:{source.locate(pointer).line}"
            around = source.file
        elif pointer in source.document.places:
            span = source.document.locate(pointer)
            yield pointer, f"{source.document.file}{span.suffix}"
            around = source.document.file
        elif own is None and around == source.file:
            around = source.document.file
        members = value.items() if isinstance(value, dict) else ()
        stack.extend(((*pointer, key), member, around) for key, member in members)


def _is_whole(source: OverlaySource, pointer: Pointer) -> bool:
    """True if the author says the value as a whole, and not only a part of it."""
    return any(pointer[:length] in source.replaced for length in range(1, len(pointer) + 1))
