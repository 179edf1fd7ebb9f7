"""`pgagents doctor`: checks pgagents' requirements, and the age of the facts about vendors."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import click

from pgagents.cli.inputs import options
from pgagents.cli.inputs.options import examples

OLD_DAYS = 90
OPTIONAL = {
    "node": "the vendors' own judges (make interop)",
    "npm": "the vendors' own judges (make interop)",
    "git": "pgagents diff REV:FILE",
    "curl": "the curl lines under findings",
}
"""Programs that only some commands use, each with its use."""
EXTRAS = {"sandbox": "pgagents sandbox", "mcp": "pgagents mcp", "fleet": "pgagents fleet run"}
"""Extras, each with the command that needs it first."""


class DoctorLine(NamedTuple):
    """One line of output.

    `state` is `ok`, `note` (no action needed), or `bad`, which makes the exit code 1.
    """

    state: str
    what: str
    said: str
    help: str = ""


@click.command(
    short_help="Check versions, tools, and the age of vendor facts.",
    epilog=examples(
        ("before asking for help", "pgagents doctor"),
        ("in a scheduled job, to report old facts", "pgagents doctor || echo 'read again what vendors take'"),
    ),
)
def command() -> int:
    """Check versions, optional tools, the catalogue of this folder, and whether facts about vendors are
    older than 90 days.
    """
    import shutil

    found = list(check(date.today(), shutil.which, Path.cwd()))
    width = max(len(told.what) for told in found)
    for told in found:
        click.echo(
            f"{told.state:<4}  {told.what:<{width}}  {told.said}"
            + (f"\n{'':<{width + 8}}help: {told.help}" if told.help else "")
        )
    bad = sum(told.state == "bad" for told in found)
    click.echo("all is well" if not bad else f"{bad} to look at")
    return 1 if bad else 0


def check(today: date, which: Callable[[str], str | None], here: Path) -> Iterator[DoctorLine]:
    """Yield all lines in the order in which they are printed."""
    yield from versions()
    yield from tools(which)
    yield catalogue(here, today)
    yield from facts(today)


def versions() -> Iterator[DoctorLine]:
    """Yield lines for pgagents, Python, and each library that is missing or outside its range.

    The libraries of an extra count if the extra is installed; otherwise one note says what needs it.
    """
    import platform
    import sys
    from importlib import metadata

    yield DoctorLine("ok", "pgagents", metadata.version("pgagents"))
    good = sys.version_info >= (3, 11)
    yield DoctorLine(
        "ok" if good else "bad",
        "python",
        platform.python_version(),
        "" if good else "pgagents needs Python 3.11 or newer",
    )
    wanted = [line for line in metadata.requires("pgagents") or () if "extra ==" not in line]
    lacking = [extra for extra in EXTRAS if options.missing_modules(extra)]
    wanted += [line for extra in EXTRAS if extra not in lacking for line in options.requirements(extra)]
    lines = [library(line) for line in dict.fromkeys(line.partition(";")[0].strip() for line in wanted)]
    wrong = [line for line in lines if line is not None]
    yield from wrong
    if not wrong:
        yield DoctorLine("ok", "libraries", f"{len(lines)}, each within its range")
    for extra in lacking:
        yield DoctorLine(
            "note",
            extra,
            f"is not installed; `{EXTRAS[extra]}` needs this extra",
            options.install_command(extra),
        )


def library(line: str) -> DoctorLine | None:
    """Return a line for a requirement such as `click<9,>=8.1` that is not met; None if it is met."""
    import re
    from importlib import metadata

    parsed = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*\(?([^;)]*)", line)
    if parsed is None:
        return None
    name, bounds = parsed[1], parsed[2].strip()
    help = f"pip install '{name}{bounds}'"
    try:
        has = metadata.version(name)
    except metadata.PackageNotFoundError:
        return DoctorLine("bad", name, "is not installed", help)
    if all(_within(has, bound.strip()) for bound in bounds.split(",") if bound.strip()):
        return None
    return DoctorLine("bad", name, f"{has} is installed; {bounds} is needed", help)


def _within(version: str, bound: str) -> bool:
    import re

    def numbers(text: str) -> tuple[int, ...]:
        found = [int(n) for n in re.findall(r"\d+", re.split(r"[a-z+-]", text)[0])]
        return tuple([*found, 0, 0, 0, 0][:4])

    has = numbers(version)
    signs = {
        ">=": operator.ge,
        "<=": operator.le,
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        ">": operator.gt,
    }
    for sign, holds in signs.items():
        if bound.startswith(sign):
            return bool(holds(has, numbers(bound[len(sign) :])))
    return True


def tools(which: Callable[[str], str | None]) -> Iterator[DoctorLine]:
    """Yield lines for programs that only some commands use."""
    for name, what_for in OPTIONAL.items():
        path = which(name)
        yield (
            DoctorLine("ok", name, path)
            if path
            else DoctorLine("note", name, f"is not here; used for {what_for}")
        )


def catalogue(here: Path, today: date | None = None) -> DoctorLine:
    """Return a line for the catalogue that commands use by default."""
    from pgagents.base.errors import InputError, PgagentsError
    from pgagents.cli.inputs.catalogue import load_path
    from pgagents.lint.run import HELP, check_surfaces, past

    found = sorted((here / "catalogue").glob("*.yaml")) or [
        p for p in (here / "pgagents.yaml",) if p.exists()
    ]
    if not found:
        return DoctorLine(
            "note",
            "catalogue",
            "none here",
            "go to its folder, or make one: pgagents init, or pgagents import OPENAPI",
        )
    if len(found) > 1:
        return DoctorLine(
            "note",
            "catalogue",
            f"{len(found)} in ./catalogue",
            "name one: pgagents COMMAND catalogue/NAME.yaml",
        )
    shown = found[0].relative_to(here)
    try:
        model = check_surfaces(load_path(found[0], str(shown)))
    except InputError as error:
        return DoctorLine("bad", "catalogue", f"{shown} has {error.message}", f"pgagents build {shown}")
    except PgagentsError as error:
        return DoctorLine("bad", "catalogue", error.message, error.help)
    if ended := [str(former.name) for former in past(model, today)] if today else []:
        return DoctorLine(
            "bad", "catalogue", f"{shown} still offers old names past their day: {', '.join(ended)}", HELP
        )
    return DoctorLine(
        "ok", "catalogue", f"{shown}: {model.api.title} {model.api.version}, {len(model.actions)} actions"
    )


def facts(today: date) -> Iterator[DoctorLine]:
    """Yield a line for each vendor with the age of its oldest facts."""
    from pgagents.base.reading import read
    from pgagents.base.registry import folder

    oldest: dict[str, date] = {}
    for path in sorted((folder("schemas") / "requirements").glob("*.yaml")):
        for row in read(path).data or ():
            _older(oldest, path.stem, str(row["read"]))
    for name, day in _schemas(folder("schemas") / "vendor" / "PROVENANCE.toml"):
        _older(oldest, name, day)
    old = {
        vendor: (today - day).days for vendor, day in sorted(oldest.items()) if (today - day).days > OLD_DAYS
    }
    for vendor, days in old.items():
        help = (
            f"read again what it takes (schemas/requirements/{vendor}.yaml says where), or take a newer "
            "pgagents"
        )
        yield DoctorLine(
            "bad", vendor, f"was read {days} days ago; vendors change more often than every {OLD_DAYS}", help
        )
    if not old:
        newest = min(oldest.values())
        yield DoctorLine("ok", "vendor facts", f"{len(oldest)} sources, the oldest read {newest.isoformat()}")


def _older(oldest: dict[str, date], name: str, day: str) -> None:
    read = date.fromisoformat(day)
    oldest[name] = min(read, oldest.get(name, read))


def _schemas(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the vendor and date of every transcribed schema."""
    import tomllib

    for row in tomllib.loads(path.read_text(encoding="utf-8"))["schema"]:
        yield _SAME.get(vendor := str(row["file"]).split("/")[0], vendor), str(row["read"])


_SAME = {"copilot": "microsoft", "gemini": "google"}
"""Vendors of schema folders whose requirements are listed under another name."""
