"""Report files: the format by the name, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgagents.report.report import Report
    from pgagents.source import Source

SUFFIXES = (".json", ".xml")


def check(paths: tuple[Path, ...]) -> None:
    """Whether every report can be written, before anything is sent. Raises PgagentsError."""
    from pgagents.errors import PgagentsError

    for path in paths:
        if path.suffix.lower() not in SUFFIXES:
            raise PgagentsError(f"--report {path}: the name ends in none of {', '.join(SUFFIXES)}", "name it report.json or report.xml")
        if not path.absolute().parent.is_dir():
            raise PgagentsError(f"--report {path}: there is no folder {path.parent}", "make the folder first")
        if not os.access(path.absolute().parent, os.W_OK):
            raise PgagentsError(f"--report {path}: nothing can be written into {path.absolute().parent}", "name another folder")
        if path.is_dir():
            raise PgagentsError(f"--report {path}: that is a folder", "give the path of a file")


def write(paths: tuple[Path, ...], report: Report, source: Source) -> None:
    """Write the report in the format of each name. Raises PgagentsError where a file cannot be written."""
    from pgagents.errors import PgagentsError
    from pgagents.report import as_json, junit

    for path in paths:
        form = as_json if path.suffix.lower() == ".json" else junit
        try:
            replace(path, form.render(report, source))
        except OSError as error:
            raise PgagentsError(f"cannot write {path}: {error.strerror}") from None


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
