"""Lint a plugin's folder, ZIP or file, as a store or a host would judge it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.text.web_address import hide_secrets

if TYPE_CHECKING:
    from pgagents.lint.judged import Judged
    from pgagents.lint.packages.tree import Tree

_URLS = ("http://", "https://")


def lint_package(file: str, judge: str | None, published: str | None) -> Judged | None:
    """Return a store's verdict on a folder, a ZIP or a file; None if a file is no part of a package.

    Raises PgagentsError for an unreadable file, or if the store is ambiguous.
    """
    from pgagents.lint.packages.package_judge import list_judges

    chosen = judge if judge in list_judges() else None
    if judge is not None and chosen is None:
        return None
    if chosen is None and file.lower().startswith(_URLS) and not file.lower().endswith(".zip"):
        return None
    old = _open_published(published) if published else None
    if not file.lower().startswith(_URLS) and Path(file).is_dir():
        return _lint_folder(file, chosen, old)
    return _lint_bytes(hide_secrets(file), _read(file), chosen, old)


def _read(file: str) -> bytes:
    """Return a file's bytes. A ZIP may be larger than a document."""
    from pgagents.cli.inputs.fetch import MAX_BYTES, fetch
    from pgagents.errors import PgagentsError
    from pgagents.lint.packages.verdict import MAX_ARCHIVE, is_archive

    path = Path(file)
    if file.lower().startswith(_URLS) or not path.is_file() or path.stat().st_size <= MAX_BYTES:
        return fetch(file)
    with path.open("rb") as stream:
        raw = stream.read(4)
        if not is_archive(raw):
            return fetch(file)
        raw += stream.read(MAX_ARCHIVE)
    if len(raw) > MAX_ARCHIVE:
        raise PgagentsError(
            f"{file} has more than {MAX_ARCHIVE:,} bytes; that is the most opened", "pack what is needed"
        )
    return raw


def _lint_folder(file: str, judge: str | None, published: Tree | None) -> Judged:
    from pgagents.lint.packages.detect import detect_tree
    from pgagents.lint.packages.folder import list_folder
    from pgagents.lint.packages.verdict import judge_path

    chosen = judge or _announce(file, detect_tree(list_folder(file)))
    return judge_path(file, chosen, published=published)


def _lint_bytes(file: str, raw: bytes, judge: str | None, published: Tree | None) -> Judged | None:
    from pgagents.lint.packages.archive import NoZipError
    from pgagents.lint.packages.detect import detect_tree
    from pgagents.lint.packages.verdict import is_archive, judge_path, open_archive

    if judge is None and is_archive(raw):
        try:
            judge = _announce(file, detect_tree(open_archive(file, raw)))
        except NoZipError:
            judge = "openai-portal"
    elif judge is None:
        judge = _detect_file(file, raw)
    return judge_path(file, judge, raw, published) if judge else None


def _detect_file(file: str, raw: bytes) -> str | None:
    """Return the judge of one file, by names and members that no other kind of document has."""
    import json

    from pgagents.lint.packages.detect import detect_file

    name = Path(file).name
    if name != "SKILL.md" and (not name.endswith(".json") or b"$schema" not in raw):
        return None
    try:
        data = json.loads(raw) if name != "SKILL.md" else None
    except (ValueError, RecursionError):
        return None
    return detect_file(data, name)


def _announce(file: str, judge: str | None) -> str:
    from pgagents.errors import PgagentsError
    from pgagents.lint.packages.detect import OTHERS

    if judge is None:
        raise PgagentsError(
            f"{file} holds no plugin and no skill that is known here",
            "name the folder that holds plugin.json, .claude-plugin or SKILL.md; or give --for NAME",
        )
    if judge in OTHERS:
        click.echo(f"{file}: judged as {judge} takes it; --for {OTHERS[judge]} for the other", err=True)
    return judge


def _open_published(path: str) -> Tree:
    from pgagents.errors import PgagentsError
    from pgagents.lint.packages.archive import NoZipError
    from pgagents.lint.packages.folder import list_folder
    from pgagents.lint.packages.verdict import open_archive

    if Path(path).is_dir():
        return list_folder(path)
    try:
        return open_archive(hide_secrets(path), _read(path))
    except NoZipError as error:
        raise PgagentsError(
            f"--published {hide_secrets(path)}: it is neither a folder nor a ZIP ({error})",
            "name the published package",
        ) from None
