"""Report files: the format by the name, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pgagents.report.forms import SUFFIXES, form_of, render

if TYPE_CHECKING:
    from pgagents.report.report import Report
    from pgagents.source import Source

HELP = "Also write FILE, in the form that its name says: .json, .xml (JUnit), .sarif, .md, .html or .txt. Repeatable."


def check(paths: tuple[Path, ...]) -> None:
    """Whether every report can be written, before anything is sent. Raises PgagentsError."""
    from pgagents.errors import PgagentsError

    for path in paths:
        if form_of(path.name) is None:
            raise PgagentsError(f"--report {path}: the name ends in none of {', '.join(SUFFIXES)}", "name it report.json, for example")
        if not path.absolute().parent.is_dir():
            raise PgagentsError(f"--report {path}: there is no folder {path.parent}", "make the folder first")
        if not os.access(path.absolute().parent, os.W_OK):
            raise PgagentsError(f"--report {path}: nothing can be written into {path.absolute().parent}", "name another folder")
        if path.is_dir():
            raise PgagentsError(f"--report {path}: that is a folder", "give the path of a file")


def write(paths: tuple[Path, ...], report: Report, source: Source) -> None:
    """Write the report in the format of each name. Raises PgagentsError where a file cannot be written."""
    from pgagents.errors import PgagentsError

    for path in paths:
        form = form_of(path.name)
        assert form is not None  # `check` has seen to it
        try:
            replace(path, render(form, report, source))
        except OSError as error:
            raise PgagentsError(f"cannot write {path}: {error.strerror}", "name another file") from None


def replace(path: Path, data: bytes) -> None:
    """Write beside the file and rename, so that nobody reads half of it."""
    handle, beside = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
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
    """A file's path from the root of its repository, as code scanning and annotations name files; empty where there is none.

    The root is the nearest folder above with a `.git`, else the workspace of the CI job, else where the command was called.
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
