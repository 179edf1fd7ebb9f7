"""`pgagents build`: every manifest from one catalogue."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.cli.options import catalogue_argument, examples, load

if TYPE_CHECKING:
    from pgagents.build import Built
    from pgagents.files import Difference
    from pgagents.model import Model


@click.command(
    epilog=examples(
        ("write everything into generated/", "pgagents build"),
        ("in CI: fail where generated/ is not what the catalogue gives", "pgagents build --check --strict"),
        ("one vendor's files, elsewhere", "pgagents build shop.yaml --target gemini --out dist"),
    )
)
@catalogue_argument
@click.option("--out", type=click.Path(path_type=Path), default=Path("generated"), show_default=True, help="Folder to write into.")
@click.option("--target", "targets", multiple=True, metavar="T", help="Only this target (gemini/functions) or vendor (gemini). Repeatable.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 with a short diff where the folder is not as it would be built.")
@click.option("--strict", is_flag=True, help="Counts and sizes past a vendor's limit are errors.")
@click.option("--keep-going", is_flag=True, help="Write the vendors without error; the others keep their old files.")
@click.option(
    "--templates", type=click.Path(path_type=Path, file_okay=False, exists=True), metavar="DIR", help="Templates that replace ours."
)
def command(
    catalogue: Path | None, out: Path, targets: tuple[str, ...], check: bool, strict: bool, keep_going: bool, templates: Path | None
) -> int:
    """Write every manifest of the catalogue.

    Nothing is written where a vendor would refuse a document.
    """
    from pgagents.build import build
    from pgagents.errors import PgagentsError

    if out.exists() and not out.is_dir():
        raise PgagentsError(f"--out {out} is a file", "name a folder")
    with _uncollected():
        model = load(catalogue)
        built = build(model, only=targets, templates=templates, strict=strict)
    _show(built, model)
    if check:
        return _check(built, out, everything=not targets)
    return _write(built, out, keep_going=keep_going, everything=not targets)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector, which finds nothing in data that all stays and takes a fifth of a build's time to find it."""
    ran = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if ran:
            gc.enable()


def _show(built: Built, model: Model) -> None:
    from pgagents.diagnostics import show

    for diagnostic in built.diagnostics:
        click.echo(show(diagnostic, model.source) + "\n", err=True)


def _check(built: Built, out: Path, *, everything: bool) -> int:
    from pgagents.files import differences

    found = differences(out, built.artifacts(), built.stale if everything else None)
    for difference in found:
        _tell(difference)
    if found:
        click.echo(f"{out} differs in {_count(len(found), 'file')}; `pgagents build` writes it anew", err=True)
    elif not built.refused:
        click.echo(f"{out} is as built: {_count(len(built.artifacts()), 'file')}")
    return 1 if found or built.refused else 0


def _tell(difference: Difference) -> None:
    says = {"missing": "is missing", "changed": "changed", "extra": "is no file that this catalogue generates"}[difference.kind]
    click.echo(f"{difference.path} {says}", err=True)
    for line in difference.diff:
        click.echo(f"    {line}", err=True)


def _write(built: Built, out: Path, *, keep_going: bool, everything: bool) -> int:
    from pgagents.files import extra, write

    refused = built.refused
    if refused and not keep_going:
        click.echo(f"nothing is written: {', '.join(sorted(refused))} would refuse a document", err=True)
        return 1
    artifacts = built.artifacts(without=refused)
    changed = set(write(out, artifacts, built.stale))
    _summary(built, refused)
    for path in extra(out, built.artifacts(), built.stale) if everything else ():
        click.echo(f"left alone: {out / path} is no file that this catalogue generates", err=True)
    kept = [a.path for a in built.artifacts() if a not in artifacts]
    for path in kept:
        click.echo(f"stale: {out / path} keeps its old content" if (out / path).exists() else f"not written: {out / path}", err=True)
    click.echo(f"{out}: {_count(len(artifacts), 'file')}, {len(changed)} changed")
    return 1 if refused else 0


def _summary(built: Built, refused: frozenset[str]) -> None:
    lost = {r.made.id: len(r.made.view.losses) for r in built.rendered}
    rows = [
        (a.path, f"{len(a.data):,} bytes", _count(lost[a.target], "loss", "losses") if lost[a.target] else "")
        for a in built.artifacts(without=refused)
    ]
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(2)]
    for name, size, losses in rows:
        click.echo(f"  {name:<{widths[0]}}  {size:>{widths[1]}}  {losses}".rstrip())


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
