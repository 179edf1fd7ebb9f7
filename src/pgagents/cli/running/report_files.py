"""Write report files atomically, in the format of their suffix."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.report.forms import SUFFIXES, find_suffix, form_of, render

if TYPE_CHECKING:
    from pgagents.report.report import Report
    from pgagents.source.source import Source

EVERY = tuple(SUFFIXES)
DATA = (".json", ".txt")
"""Suffixes for plans and self-tests, which are no reports of a run."""
ROOM = 2_000_000
"""Bytes that must be free on the disk of a report."""


def check(paths: tuple[Path, ...], suffixes: Collection[str] = EVERY) -> None:
    """Raise PgagentsError before anything is sent, if a report could not be written.

    `suffixes` are the allowed ones. Folder, disk and name are tested by writing a temporary file.
    """
    from pgagents.errors import PgagentsError

    for path in paths:
        suffix = find_suffix(path.name)
        if suffix not in suffixes:
            ends = (
                f"in {suffix}, and only a report of a run has that form"
                if suffix.endswith(tuple(suffixes))
                else f"in none of {', '.join(suffixes)}"
            )
            raise PgagentsError(f"--report {path}: the name ends {ends}", "name it report.json, for example")
        check_place("--report", path)


def check_place(flag: str, path: Path) -> None:
    """Raise PgagentsError if the file of an option could not be written. Nothing stays there."""
    from pgagents.errors import PgagentsError

    try:
        if not path.absolute().parent.is_dir():
            raise PgagentsError(f"{flag} {path}: there is no folder {path.parent}", "make the folder first")
        if path.is_dir():
            raise PgagentsError(f"{flag} {path}: that is a folder", "give the path of a file")
        _try_write(path)
    except OSError as error:
        folder = Path(os.path.realpath(path)).parent
        raise PgagentsError(
            f"{flag} {path}: nothing can be written into {folder}: {error.strerror}",
            "name another folder",
        ) from None


def _try_write(path: Path) -> None:
    """Write a temporary file beside the report's and delete it.

    Raises OSError if writing or replacing would fail.
    """
    path = Path(os.path.realpath(path))
    from tempfile import mkstemp

    handle, beside = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(bytes(ROOM))
        mine = (0, path.parent.stat().st_uid)
        if (
            path.exists()
            and path.parent.stat().st_mode & stat.S_ISVTX
            and _user() not in (*mine, path.stat().st_uid)
        ):
            raise PermissionError(errno.EPERM, f"the {path.name} that is there belongs to another user")
    finally:
        Path(beside).unlink(missing_ok=True)


def _user() -> int:
    """Return the user's id; 0 on systems without one."""
    return os.geteuid() if hasattr(os, "geteuid") else 0


def write(paths: tuple[Path, ...], report: Report, source: Source) -> None:
    """Write the report in the format of each name.

    Raises PgagentsError for files that cannot be written, after writing all others.
    """
    made: dict[str, bytes] = {}
    for path in paths:
        form = form_of(path.name)
        assert form is not None  # `check` has refused other suffixes
        if form not in made:
            made[form] = render(form, report, source)
    _write({path: made[form_of(path.name) or ""] for path in paths})


def write_data(paths: tuple[Path, ...], text: str, make_json: Callable[[], bytes]) -> None:
    """Write a text, or its data as JSON, depending on each name's suffix.

    `make_json` is called once, and only if a name asks for JSON: that of a large plan takes seconds.

    Raises PgagentsError as `write` does.
    """
    forms = {path: form_of(path.name) for path in paths}
    json = make_json() if "json" in forms.values() else b""
    plain = f"{text}\n".encode("utf-8", "replace")
    _write({path: json if form == "json" else plain for path, form in forms.items()})


def _write(files: Mapping[Path, bytes]) -> None:
    from pgagents.errors import PgagentsError

    failed = []
    for path, data in files.items():
        try:
            replace(path, data)
        except OSError as error:
            failed.append(f"cannot write {path}: {error.strerror}")
        else:
            click.echo(f"wrote {path}", err=True)
    if failed:
        raise PgagentsError("; ".join(failed), "name another file")


def replace(path: Path, data: bytes) -> None:
    """Write a file through a temporary file beside it, so that no reader sees half of it.

    A symbolic link stays.
    """
    path = Path(os.path.realpath(path))
    from tempfile import mkstemp

    handle, beside = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        umask = os.umask(0)
        os.umask(umask)
        Path(beside).chmod(0o666 & ~umask)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def in_repository(file: str) -> str:
    """Return a file's path from the root of its repository, for code scanning and annotations; empty without
    one.

    The root is the nearest folder above with a `.git`, else the CI job's workspace, else the current folder.
    """
    path = Path(file)
    if not path.is_file():
        return ""
    path = path.resolve()
    marked = next((folder for folder in path.parents if (folder / ".git").exists()), None)
    workspace = os.environ.get("GITHUB_WORKSPACE")
    for root in (marked, Path(workspace).resolve() if workspace else None, Path.cwd()):
        if root is not None and path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return ""
