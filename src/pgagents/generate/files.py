"""Compare an output folder with the generated files, and write all of them or none."""

from __future__ import annotations

import difflib
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from pgagents.base.errors import PgagentsError
from pgagents.generate.render import Artifact

DIFF_LINES = 14


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that differs from the generated one, with a short diff if its content changed."""

    path: str
    kind: Literal["missing", "changed", "extra"]
    diff: tuple[str, ...] = ()


def differences(
    out: Path, artifacts: Sequence[Artifact], stale: Iterable[str] | None = None, also: Iterable[str] = ()
) -> list[Difference]:
    """Return the differences between the folder and the generated files.

    With `stale`, additional files in their folders count too (see `extra`). Raises PgagentsError if a file
    cannot be read.
    """
    found = []
    for artifact in artifacts:
        try:
            there = (out / artifact.path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            found.append(Difference(artifact.path, "missing"))
            continue
        except OSError as error:
            raise PgagentsError(f"cannot read {out / artifact.path}: {error.strerror}") from None
        if there != artifact.data:
            found.append(Difference(artifact.path, "changed", _diff(there, artifact.data)))
    if stale is not None:
        found += [Difference(path, "extra") for path in extra(out, artifacts, stale, also)]
    return sorted(found, key=lambda d: d.path)


def extra(
    out: Path, artifacts: Iterable[Artifact], stale: Iterable[str], also: Iterable[str] = ()
) -> list[str]:
    """Return files that no target generated, in the folders of generated and of `stale` files.

    Hidden files, caches and the files in `also` (packages) are ignored.
    """
    ours = {a.path for a in artifacts} | set(also)
    found = []
    for folder in sorted({path.split("/")[0] for path in (*ours, *stale)}):
        for file in sorted((out / folder).rglob("*")):
            path = file.relative_to(out)
            if (
                file.is_file()
                and path.as_posix() not in ours
                and not any(p.startswith((".", "__")) for p in path.parts)
            ):
                found.append(path.as_posix())
    return found


def write(out: Path, artifacts: Sequence[Artifact], remove: Iterable[str] = ()) -> list[str]:
    """Write the files into the folder, remove those in `remove`, and return the paths that changed.

    All files are first written into a folder beside `out`, then moved by renames, so that each file is whole
    at any moment. If a rename fails, the earlier ones are undone. Unchanged files are not touched. `out` may
    be a symbolic link. Raises PgagentsError for a link inside it, and if a file cannot be written.
    """
    out = out.resolve()
    remove = tuple(remove)
    _refuse_links(out, (*(a.path for a in artifacts), *remove))
    changed = [a for a in artifacts if not _same(out / a.path, a.data)]
    gone = [path for path in remove if (out / path).is_file()]
    if not changed and not gone:
        return []
    try:
        out.mkdir(parents=True, exist_ok=True)
        _sweep(out)
        stage = out.parent / f"{_prefix(out)}{os.getpid()}"
        shutil.rmtree(stage, ignore_errors=True)
        try:
            for artifact in changed:
                file = stage / "new" / artifact.path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(artifact.data)
            _swap(out, stage, [a.path for a in changed], gone)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        name = error.filename2 or error.filename or out
        raise PgagentsError(
            f"cannot write into {out}: {error.strerror} ({name})",
            "name a folder that can be written: --out DIR",
        ) from None
    return sorted([*(a.path for a in changed), *gone])


def _refuse_links(out: Path, paths: Iterable[str]) -> None:
    """Raise PgagentsError if a path leads through a symbolic link, because its target may belong to
    somebody else.
    """
    links = {
        out / part: None
        for path in paths
        for part in (path, *map(str, PurePosixPath(path).parents))
        if part != "." and (out / part).is_symlink()
    }
    if links:
        first, more = next(iter(links)), len(links) - 1
        others = f", and {more} more" if more else ""
        message = f"nothing is written: {first} is a symbolic link, which leads to {first.readlink()}{others}"
        raise PgagentsError(message, "remove it, or name another folder: --out DIR")


def _same(file: Path, data: bytes) -> bool:
    try:
        return file.read_bytes() == data
    except OSError:
        return False


def _prefix(out: Path) -> str:
    return f".{out.name}.pgagents-"


def _sweep(out: Path) -> None:
    """Remove the temporary folders that killed builds left behind."""
    for left in out.parent.glob(f"{_prefix(out)}*"):
        number = left.name.removeprefix(_prefix(out))
        if number.isdigit() and not _runs(int(number)):
            shutil.rmtree(left, ignore_errors=True)


def _runs(process: int) -> bool:
    if os.name == "nt":
        return True  # on Windows, os.kill would end the process instead of testing it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _swap(out: Path, stage: Path, changed: list[str], gone: list[str]) -> None:
    """Move new files in and old ones out; undo everything if one step fails."""
    done: list[tuple[str, bool]] = []
    try:
        for path in [*changed, *gone]:
            file, kept = out / path, stage / "old" / path
            kept.parent.mkdir(parents=True, exist_ok=True)
            file.parent.mkdir(parents=True, exist_ok=True)
            had = file.exists()
            if had:
                shutil.copy2(file, kept)
            done.append((path, had))
            if path in gone:
                file.unlink()
            else:
                (stage / "new" / path).replace(file)
    except BaseException:
        for path, had in reversed(done):
            if had:
                (stage / "old" / path).replace(out / path)
            else:
                (out / path).unlink(missing_ok=True)
        raise


def _diff(there: bytes, ours: bytes) -> tuple[str, ...]:
    """Return the first lines of a diff: `-` marks the existing text, `+` the generated text."""
    old, new = (data.decode("utf-8", "replace").splitlines() for data in (there, ours))
    lines = [line[:160] for line in difflib.unified_diff(old, new, "there", "built", n=1, lineterm="")][2:]
    return (
        *lines[:DIFF_LINES],
        *([f"… {len(lines) - DIFF_LINES} more lines"] if len(lines) > DIFF_LINES else []),
    )
