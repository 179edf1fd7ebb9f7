"""Write report files atomically in the format of their suffix, print the report, and remember what failed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.base.registry import names
from pgagents.cli.inputs.files import replace_file

if TYPE_CHECKING:
    from pgagents.base.places import Source
    from pgagents.catalogue.model.model import Model
    from pgagents.report.baseline import Line
    from pgagents.report.report import Report


# -- the report on stdout.
#
# In a job of GitHub Actions, findings are also annotations at the catalogue's lines.


WIDTH, NARROWEST = 100, 40


@dataclass(frozen=True, slots=True)
class Detail:
    """The parts of a report that the terminal shows beside the findings."""

    verbose: bool = False
    """True for the tables of all promises, and every exchange of a finding."""
    odd: bool = False
    """True for odd findings too."""
    why: bool = False
    """True for what was not tried, by its reason and with ids."""


@dataclass(frozen=True, slots=True)
class Output:
    """The files and the terminal for a run's report, and the accepted findings."""

    reports: tuple[Path, ...] = ()
    again: str = ""
    """The command line that repeats the run."""
    baseline: Sequence[Line] | None = None
    """Accepted findings."""
    memory: Path | None = None
    """The file that stores the failed contracts."""
    detail: Detail = Detail()
    """The parts of a report that the terminal shows beside the findings."""
    fail_on: str = "lax"
    """The mildest rank of a finding that makes the exit code 1."""


def add_origin(report: Report, output: Output) -> Report:
    """Return the report with the command line that repeats its run, the rank on which it fails, and the
    catalogue's path in its repository.
    """
    from pgagents.report.contract import Rank

    inside, mildest = in_repository(report.header.catalogue), Rank(output.fail_on)
    header = replace(report.header, again=output.again, in_repository=inside, fail_on=mildest)
    return replace(report, header=header)


def publish(report: Report, source: Source, output: Output, *, stopped: bool = False) -> int:
    """Mark accepted findings, write the report files, print the report. Return the report's exit code.

    `stopped` means that a signal ended the run. Raises PgagentsError for a file that cannot be written, after
    the report is printed.
    """
    report = accept(report, output)
    try:
        write(output.reports, report, source)
    finally:
        show(report, source, output.detail, stopped=stopped)
    return report.exit_code


def accept(report: Report, output: Output) -> Report:
    """Return the report with the findings marked that its baseline accepts."""
    if output.baseline is None:
        return report
    from pgagents.report.baseline import apply

    return apply(report, output.baseline, datetime.now(UTC).date())


def show(report: Report, source: Source, detail: Detail = Detail(), *, stopped: bool = False) -> None:
    """Print the report as text.

    `stopped` means that a signal ended the run. In GitHub Actions a line of the log can be a command, so a
    random word disables commands around the text. Source: docs.github.com, "Workflow commands for GitHub
    Actions", read 2026-11-20.
    """
    from pgagents.report.formats import github

    body = render_text(report, source, detail, stopped=stopped)
    if os.environ.get("GITHUB_ACTIONS") != "true":
        click.echo(body, nl=False)
        return
    word = secrets.token_hex(16)
    click.echo(f"::stop-commands::{word}\n{body}::{word}::")
    if report.header.shard is None:  # findings of a shard are annotated when the shards are merged
        click.echo(github.render(report, source), nl=False)


def render_text(report: Report, source: Source, detail: Detail, *, stopped: bool = False) -> str:
    """Return the report as the terminal shows it."""
    from pgagents.report.formats import text

    return text.render(
        report,
        source,
        colour=colour(),
        stopped=stopped,
        width=width(),
        verbose=detail.verbose,
        odd=detail.odd,
        why=detail.why,
    )


def width() -> int:
    """Return the report's width: the terminal's up to a maximum, or a constant for files and pipes."""
    if not sys.stdout.isatty():
        return WIDTH
    return max(NARROWEST, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))


def colour() -> bool:
    """Return whether the report may have colours: stdout is a terminal, and NO_COLOR is not set
    (no-color.org).
    """
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


# -- formats by name, and by the suffix of a file


FORMATS = "pgagents.report.formats"
FORMS = tuple(name.rpartition(".")[2] for name in names(FORMATS))
"""The names of the formats: those of the modules."""
SUFFIXES = {
    ".json": "json",
    ".xml": "junit",
    ".sarif": "sarif",
    ".sarif.json": "sarif",  # as its standard recommends
    ".md": "markdown",
    ".html": "html",
    ".txt": "text",
}


def form_of(name: str) -> str | None:
    """Return the format of a file name; None for an unknown suffix."""
    return SUFFIXES.get(find_suffix(name))


def find_suffix(name: str) -> str:
    """Return the longest suffix of SUFFIXES that a file name ends with; empty without one."""
    lower = name.lower()
    return max((suffix for suffix in SUFFIXES if lower.endswith(suffix)), key=len, default="")


def describe_suffixes() -> str:
    """Return all suffixes as a phrase, each with its format where the suffix does not name that."""
    shown = [
        suffix if form in suffix.split(".") else f"{suffix} ({form})" for suffix, form in SUFFIXES.items()
    ]
    return f"{', '.join(shown[:-1])} or {shown[-1]}"


def render(form: str, report: Report, source: Source) -> bytes:
    """Return the report in a format of FORMS. `source` is the catalogue's, or that of a report file."""
    made: Callable[[Report, Source], bytes | str] = import_module(f"{FORMATS}.{form}").render
    text = made(report, source)
    return text if isinstance(text, bytes) else text.encode("utf-8", "replace")


EVERY = tuple(SUFFIXES)
DATA = (".json", ".txt")
"""Suffixes for plans, which are not reports of a run."""
ROOM = 2_000_000
"""Bytes that must be free on the disk of a report."""


def check(paths: tuple[Path, ...], suffixes: Collection[str] = EVERY) -> None:
    """Raise PgagentsError before anything is sent, if a report could not be written.

    `suffixes` are the allowed ones. Folder, disk and name are tested by writing a temporary file.
    """
    from pgagents.base.errors import PgagentsError

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
    from pgagents.base.errors import PgagentsError

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
    write_bytes({path: made[form_of(path.name) or ""] for path in paths})


def write_data(paths: tuple[Path, ...], text: str, make_json: Callable[[], bytes]) -> None:
    """Write a text, or its data as JSON, depending on each name's suffix.

    `make_json` is called once, and only if a name asks for JSON: that of a large plan takes seconds.

    Raises PgagentsError as `write` does.
    """
    forms = {path: form_of(path.name) for path in paths}
    json = make_json() if "json" in forms.values() else b""
    plain = f"{text}\n".encode("utf-8", "replace")
    write_bytes({path: json if form == "json" else plain for path, form in forms.items()})


def write_bytes(files: Mapping[Path, bytes]) -> None:
    """Write files, and say which. Raises PgagentsError for those that fail, after writing all others."""
    from pgagents.base.errors import PgagentsError

    failed = []
    for path, data in files.items():
        try:
            replace_file(path, data)
        except OSError as error:
            failed.append(f"cannot write {path}: {error.strerror}")
        else:
            click.echo(f"wrote {path}", err=True)
    if failed:
        raise PgagentsError("; ".join(failed), "name another file")


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


# -- `--last-failed`: the contracts that failed in the last run.
#
# The file is in the user's cache folder, never in the working folder. There is one for each server and
# catalogue. It contains contract ids only, nothing from the server's answers.


MAX_MEMORY = 20_000_000


def find_memory(model: Model, url: str) -> Path:
    """Return the path of the file for this server and catalogue."""
    from pgagents.cli.inputs.files import folder

    name = sha256(
        f"{Path(model.source.file).absolute()}\n{url}".encode("utf-8", "surrogateescape")
    ).hexdigest()[:20]
    return folder() / "last" / f"{name}.json"


def remember(path: Path, report: Report) -> None:
    """Store the failed contracts. Entries of contracts that this run did not try are kept.

    Write errors are ignored.
    """

    earlier = read_failed(path) or []
    now = failing(report)
    tried = {r.contract.id for r in report.results if r.verdict.value in ("kept", "broken", "untested")}
    ids = [*now, *(id for id in earlier if id not in tried)]
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps({"format": 1, "failed": ids}).encode())


def failing(report: Report) -> list[str]:
    """Return the ids of broken and untested contracts, without those that no such run can try."""
    left = [r for r in report.results if r.verdict.value in ("broken", "untested")]
    return [r.contract.id for r in left if not r.excused]


def read_failed(path: Path) -> list[str] | None:
    """Return the ids that failed in the last run; None if no run is stored."""
    try:
        raw = path.read_bytes()[:MAX_MEMORY]
        data: Any = json.loads(raw)
        ids = data["failed"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return [id for id in ids if isinstance(id, str)] if isinstance(ids, list) else None
