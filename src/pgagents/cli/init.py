"""`pgagents init`: writes a new catalogue with one example action, explained line by line."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import click

from pgagents.cli.inputs.options import examples

STARTER = Path(__file__).with_name("_starter.yaml")
SKILL = "pgagents"
SKILL_PLACES = (".agents/skills", ".claude/skills")
"""Folders that agents search in 2026-11: Codex, Copilot, Cursor and Gemini CLI, and Claude Code."""
SENTENCE = (
    "Use the pgagents skill to prove our API: write what the prose and the source promise, and verify it."
)
DOCUMENTS = ("openapi.json", "openapi.yaml", "openapi.yml", "swagger.json", "swagger.yaml")
"""Usual names of a document over which a short catalogue can lie."""


@click.command(
    short_help="Write a new catalogue with one example action.",
    epilog=examples(
        ("catalogue/api.yaml, where the other commands look for it", "pgagents init"),
        ("the skill with which a coding agent writes the lines that prove your API", "pgagents init --skill"),
        (
            "with your own names",
            (
                "pgagents init catalogue/library.yaml --title 'City Library' --server "
                "https://api.library.example"
            ),
        ),
    ),
)
@click.argument("file", required=False, type=click.Path(path_type=Path), default=Path("catalogue/api.yaml"))
@click.option("--title", default="My API", show_default=True, help="The API's name for people.")
@click.option(
    "--server",
    default="https://api.example.com",
    show_default=True,
    metavar="URL",
    help="Scheme and host of the API.",
)
@click.option(
    "--skill",
    is_flag=False,
    flag_value="",
    metavar="[DIR]",
    help="Write the skill for coding agents into DIR instead, or where Claude Code, Codex, Copilot, Cursor "
    "and Gemini CLI look.",
)
def command(file: Path, title: str, server: str, skill: str | None) -> int:
    """Write a new catalogue to FILE (catalogue/api.yaml) with one example action, explained line by line.

    An existing file is never changed. Running the same command again is not an error.
    """
    if skill is not None:
        return _write_skill([Path(skill)] if skill else [Path(place) for place in SKILL_PLACES])
    from pgagents.base.errors import PgagentsError
    from pgagents.catalogue.load import list_catalogues, load_text
    from pgagents.cli.inputs.files import write_both
    from pgagents.importer.overlay.short import SCHEMA

    if file.is_dir():
        raise PgagentsError(f"{file} is a folder", f"name a file: {file / 'api.yaml'}")
    _refuse_beside_short(file)
    text = starter(_decode_argument(title), server.rstrip("/"))
    there = file.exists() or file.is_symlink()
    if there and not _holds(file, text.encode()):
        raise PgagentsError(f"{file} is there already, and init overwrites nothing", "name another file")
    if not there:
        load_text(text, str(file))
        write_both({file: text.encode(), file.parent / SCHEMA: _render_schema()})
    click.echo(f"{file} {'is there already, as it would be written' if there else 'is written'}.")
    edits = [str(number) for number, line in enumerate(text.splitlines(), 1) if " # EDIT: " in line]
    click.echo(f"First write what its EDIT lines ask for ({', '.join(edits)}). Then:")
    named = "" if file.parent == Path("catalogue") and list_catalogues(file.parent) == [file] else f" {file}"
    for what, call in (
        ("what vendors take, at once", "build"),
        ("what they or models will misread", "lint"),
        ("a server of it", "sandbox"),
    ):
        click.echo(f"  {'pgagents ' + call + named:<40} {what}")
    if document := next((name for name in DOCUMENTS if Path(name).is_file()), None):
        click.echo(
            f"{document} is here: `pgagents import {document}` writes a short catalogue over it instead"
        )
    return 0


def _write_skill(places: Sequence[Path]) -> int:
    """Write the skill into a folder of its own in each place, and say what to tell the agent."""
    from pgagents.base.errors import PgagentsError
    from pgagents.base.registry import folder
    from pgagents.cli.inputs.files import write_both

    source = folder("skills") / SKILL
    texts = {path.relative_to(source): path.read_bytes() for path in sorted(source.rglob("*.md"))}
    files = {place / SKILL / path: text for place in places for path, text in texts.items()}
    for path, text in files.items():
        if (path.exists() or path.is_symlink()) and not _holds(path, text):
            raise PgagentsError(
                f"{path} is there already, and init overwrites nothing", "remove that folder, or name another"
            )
    write_both({path: text for path, text in files.items() if not path.exists()})
    for place in places:
        click.echo(f"{place / SKILL} is written")
    click.echo(f"Say to your coding agent: {SENTENCE}")
    return 0


def _render_schema() -> bytes:
    """Return the catalogue's JSON Schema, which an editor finds by the first line of the new catalogue."""
    from pgagents.catalogue.language.catalogue import for_editors

    return json.dumps(for_editors(), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _refuse_beside_short(file: Path) -> None:
    """Raise PgagentsError if commands would read this file in place of ./pgagents.yaml from now on."""
    from pgagents.base.errors import PgagentsError
    from pgagents.catalogue.load import SINGLE

    short = next((name for name in SINGLE if Path(name).exists()), None)
    comes_first = file.parent.resolve() == Path("catalogue").resolve()
    if short is not None and comes_first and not file.exists():
        raise PgagentsError(
            f"{short} is a catalogue already, and commands would read {file} in its place",
            f"go on with {short}, or name a file outside of ./catalogue: pgagents init other.yaml",
        )


def _holds(file: Path, data: bytes) -> bool:
    """Return whether a file has exactly this content."""
    try:
        return file.is_file() and file.read_bytes() == data
    except OSError:
        return False


def _decode_argument(text: str) -> str:
    """Return an argument as the user typed it.

    Without a locale, Python does not decode UTF-8 bytes in arguments.
    """
    try:
        return os.fsencode(text).decode()
    except UnicodeError:
        return text


def starter(title: str, server: str) -> str:
    """Return the text of a new catalogue. Raises PgagentsError for a title or server that it cannot hold."""
    from urllib.parse import urlsplit

    from pgagents.base.errors import PgagentsError
    from pgagents.base.text import find_unreachable, hide_in_address

    plain = re.fullmatch(r"https?://[A-Za-z0-9.:_\[\]-]+", server)
    if plain is None or (why := find_unreachable(server)):
        raise PgagentsError(
            f"--server {hide_in_address(server)} is not an address" + (f": {why}" if plain else ""),
            "give scheme and host: https://api.example.com",
        )
    host = urlsplit(server).hostname or ""
    if not title.strip() or not title.isprintable() or len(title) > 100:
        raise PgagentsError(
            "--title must be one line of at most 100 characters", "give the name that people use"
        )
    id = re.sub(r"[^A-Za-z0-9]", "", unicodedata.normalize("NFKD", title)).lower()[:64] or "api"
    domain = host.removeprefix("api.")
    values = {
        "id": id if not id.isdigit() else f"api{id}",
        "title": _quote(title.strip()),
        "server": server,
        "contact": f"support@{domain if '.' in domain else 'example.com'}",
    }
    from pgagents.importer.overlay.short import SCHEMA

    head, _, rest = STARTER.read_text(encoding="utf-8").partition("\n")
    text = (
        f"# yaml-language-server: $schema={SCHEMA}\n" + head.replace("{{title}}", title.strip()) + "\n" + rest
    )
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", value)
    return text


def _quote(text: str) -> str:
    """Return the text as a YAML string, quoted where necessary."""
    return (
        text
        if re.fullmatch(r"[A-Za-z][A-Za-z ]*[A-Za-z]", text)
        and text.lower() not in ("no", "yes", "on", "off")
        else json.dumps(text, ensure_ascii=False)
    )
