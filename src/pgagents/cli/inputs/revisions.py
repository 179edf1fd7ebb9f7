"""Read files of git revisions, such as `HEAD~1:catalogue/shop.yaml`, and generated files as they once were.

Paths are relative to this folder.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from pgagents.base.errors import PgagentsError

GIT_TIMEOUT_S = 30
GENERATED = "generated"


def read_file(named: str) -> bytes:
    """Return a file of a git revision. Raises PgagentsError for an unknown revision or file."""
    revision, _, path = named.partition(":")
    if not revision or revision.startswith("-") or not path:
        raise PgagentsError(
            f"`{named}` is neither a file nor REV:PATH",
            "name a file, or a file of a revision: HEAD~1:catalogue/shop.yaml",
        )
    done = _ask(["show", "--no-textconv", "--end-of-options", f"{revision}:{_inside(path)}"], named)
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise PgagentsError(
            f"git finds no {named}: {words[-1] if words else 'no such file'}",
            "git log says which revisions there are",
        )
    return done.stdout


def is_revision(revision: str) -> bool:
    """True if git knows a commit of this name. Raises PgagentsError if git cannot be asked."""
    if not revision or revision.startswith("-"):
        return False
    asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    return _ask(asked, revision).returncode == 0


def find_size(named: str) -> int | None:
    """Return the bytes of a file of a revision, written as REV:PATH; None if it has no such file."""
    revision, _, path = named.partition(":")
    done = _ask(["cat-file", "-s", f"{revision}:{_inside(path)}"], named)
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip().isdigit() else None


def _inside(path: str) -> str:
    return path if Path(path).is_absolute() or path.startswith("./") else f"./{path}"


def _ask(arguments: list[str], named: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=GIT_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PgagentsError(f"git could not be asked for {named}: {error}", "is git installed?") from None


# -- the generated files of a folder or a revision


def read_lone_file(named: str) -> bytes | None:
    """Return the bytes of a file, or of a file of a git revision (REV:PATH); None for any other name.

    Raises PgagentsError for a file that cannot be read.
    """
    from pgagents.base.reading import read_bytes
    from pgagents.lint.document import MAX_BYTES

    try:
        if Path(named).is_file():
            return read_bytes(Path(named), MAX_BYTES + 1)
        if Path(named).exists():
            return None
    except (OSError, ValueError) as error:
        raise PgagentsError(f"cannot read {named[:80]}: {error}", "give the file as it was") from None
    revision, colon, path = named.partition(":")
    if not colon or not path.endswith(".json") or not is_revision(revision):
        return None
    return _read_in_revision(named)


def open_generated(named: str) -> tuple[Callable[[str], bytes | None], str]:
    """Return a function that reads a generated file of a folder, or of a git revision (REV or REV:FOLDER),
    and what names them in messages. The function returns None for a file that is not there.

    Raises PgagentsError for a name that is neither.
    """
    from pgagents.base.text import hide_secrets, show_path

    shown = show_path(hide_secrets(named))
    if not named:
        raise PgagentsError(
            "the name of the approved files is empty", "name a folder of generated files, or a git revision"
        )
    try:
        kind = "folder" if Path(named).is_dir() else "file" if Path(named).exists() else ""
    except (OSError, ValueError) as error:
        raise PgagentsError(f"{shown}: {error}", "name a folder, or a git revision") from None
    if kind == "file":
        raise PgagentsError(f"{shown} is a file", "name the folder that `pgagents build` wrote")
    if kind == "folder":
        return (lambda path: _read_in_folder(Path(named), path)), shown.rstrip("/") or shown
    revision, _, folder = named.partition(":")
    if not is_revision(revision):
        raise PgagentsError(
            f"{shown}: there is no such folder, and git knows no such revision",
            "name the folder of the approved files, or a revision such as v1.4.0",
        )
    inside = f"{revision}:{(folder or GENERATED).rstrip('/')}"
    return (lambda path: _read_in_revision(f"{inside}/{path}")), inside


def _read_in_folder(folder: Path, path: str) -> bytes | None:
    from pgagents.base.reading import read_bytes
    from pgagents.lint.document import MAX_BYTES

    try:
        return read_bytes(folder / path, MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        why = error.strerror or str(error)
        raise PgagentsError(f"cannot read {folder / path}: {why}", "give the files as they were") from None


def _read_in_revision(named: str) -> bytes | None:
    from pgagents.lint.document import MAX_BYTES

    size = find_size(named)
    if size is not None and size > MAX_BYTES:
        raise PgagentsError(
            f"{named} has {size:,} bytes; at most {MAX_BYTES:,} are read", "name another revision"
        )
    return read_file(named) if size is not None else None
