"""`pgagents build`: writes every manifest from one catalogue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.cli.inputs.catalogue import find_left_out, load, refuse_unpinned
from pgagents.cli.inputs.options import GENERATED, NamedFolder, catalogue_argument, examples

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model
    from pgagents.generate.build import Built
    from pgagents.generate.files import Difference
    from pgagents.generate.package import Packed
    from pgagents.generate.render import Artifact, Rendered


@click.command(
    short_help="Write every manifest of the catalogue.",
    epilog=examples(
        ("write everything into generated/", "pgagents build"),
        ("in CI: fail where generated/ is not what the catalogue gives", "pgagents build --check --strict"),
        ("one vendor's files, elsewhere", "pgagents build shop.yaml --target gemini --out dist"),
        (
            "with the app package for Microsoft 365 Copilot",
            "pgagents build --package --reference-id parkgraph_api_key=ID",
        ),
    ),
)
@catalogue_argument
@click.option(
    "--out",
    type=NamedFolder(),
    default=GENERATED,
    show_default=True,
    help="Folder to write into.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="T",
    help="Only this target (gemini/functions) or vendor (gemini). Repeatable.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; exit 1 with a short diff if the folder differs from a build.",
)
@click.option("--strict", is_flag=True, help="Treat counts and sizes over a vendor's limit as errors.")
@click.option(
    "--keep-going", is_flag=True, help="Write the vendors without errors; the others keep their old files."
)
@click.option(
    "--package",
    "packing",
    is_flag=True,
    help="Also write the packages that vendors install (copilot/app.zip, mcpb/server.mcpb).",
)
@click.option(
    "--reference-id",
    "ids",
    multiple=True,
    metavar="NAME=ID",
    help="An ID that a vendor's portal issued for a name in the package. Repeatable.",
)
@click.option(
    "--templates",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Templates that replace ours.",
)
def command(
    catalogue: Path | None,
    out: Path,
    targets: tuple[str, ...],
    check: bool,
    strict: bool,
    keep_going: bool,
    packing: bool,
    ids: tuple[str, ...],
    templates: Path | None,
) -> int:
    """Write every manifest of the catalogue.

    Nothing is written if a vendor would refuse a document.
    """
    from pgagents.base.errors import PgagentsError
    from pgagents.generate.build import build

    if out.exists() and not out.is_dir():
        raise PgagentsError(f"--out {out} is a file", "name a folder")
    if packing and check:
        raise click.UsageError("--package writes and --check does not: give one of them.")
    if ids and not packing:
        raise click.UsageError("--reference-id is for the package: add --package.")
    model = load(catalogue)
    if check:
        refuse_unpinned(model, "pgagents build --check")
    given = _read_ids(model, ids)
    built = build(model, only=targets, templates=templates, strict=strict)
    _show(built, model)
    for surface, why in find_left_out(model).items():
        click.echo(f"{surface}: left out, {why}", err=True)
    if check:
        return _check(built, out, everything=not targets)
    stopped = built.withheld or (built.refused and not keep_going)
    packed = _build_packages(model, built, given) if packing and not stopped else None
    code = _write(built, out, packed.made if packed else (), keep_going=keep_going, everything=not targets)
    for path, questions in packed.questions.items() if packed else ():
        click.echo(f"{path} is a draft, for no store; DRAFT.md in it asks:", err=True)
        for question in questions:
            click.echo(f"  {question}", err=True)
    for why, help in packed.left_out.values() if packed else ():
        click.echo(f"not packed: {why}\n  help: {help}", err=True)
    return code


def _read_ids(model: Model, given: tuple[str, ...]) -> dict[str, str]:
    """Return the given ids of vendors' portals by name. Raises PgagentsError for a wrong one."""
    from pgagents.base.errors import PgagentsError
    from pgagents.base.text import did_you_mean
    from pgagents.generate import package

    ids = dict(one.partition("=")[::2] for one in given)
    wanted = package.references(model) if ids else ()
    for name, id in ids.items():
        if name not in wanted:
            raise PgagentsError(
                f"--reference-id {name}: no package has this name", did_you_mean(name, wanted)
            )
        if not id:
            raise PgagentsError(
                f"--reference-id {name}: the id is missing", f"write --reference-id {name}=ID"
            )
        if not id.isprintable() or any(c in " \"'<>" for c in id):
            raise PgagentsError(
                f"--reference-id {name}: the id has characters that no id has",
                "copy it again from the vendor's portal",
            )
    if len(ids) < len(given):
        raise PgagentsError(
            "--reference-id is given twice for one name", "leave out the one that does not hold"
        )
    return ids


def _build_packages(model: Model, built: Built, given: dict[str, str]) -> Packed:
    """Return the app packages. If stdin is a terminal, request missing ids of a vendor's portal."""
    import sys

    from pgagents.generate import package

    ids = dict(given)
    for name in package.references(model) if sys.stdin.isatty() else ():
        if name not in ids and (
            id := click.prompt(
                f"the id that the vendor's portal gave for `{name}`; Enter leaves its package out",
                default="",
                show_default=False,
                err=True,
            )
        ):
            ids[name] = id
    return package.pack(model, built, ids)


def _show(built: Built, model: Model) -> None:
    from pgagents.base.errors import show

    for diagnostic in built.diagnostics:
        click.echo(show(diagnostic, model.source) + "\n", err=True)
    for name, why in built.left_out.items():
        click.echo(f"left out: {name}, which nobody asked for, would refuse this: {why}", err=True)


def _check(built: Built, out: Path, *, everything: bool) -> int:
    from pgagents.generate.files import differences
    from pgagents.generate.package import outputs

    found = differences(out, built.artifacts(), built.stale if everything else None, outputs())
    for difference in found:
        _tell(difference)
    if found:
        click.echo(
            f"{out} differs in {_count(len(found), 'file')}; `pgagents build` writes it anew", err=True
        )
    elif not (built.refused or built.withheld):
        click.echo(f"{out} is as built: {_count(len(built.artifacts()), 'file')}")
    return 1 if found or built.refused or built.withheld else 0


def _tell(difference: Difference) -> None:
    says = {
        "missing": "is missing",
        "changed": "changed",
        "extra": "is no file that this catalogue generates",
    }[difference.kind]
    click.echo(f"{difference.path} {says}", err=True)
    for line in difference.diff:
        click.echo(f"    {line}", err=True)


def _write(
    built: Built, out: Path, packages: tuple[Artifact, ...], *, keep_going: bool, everything: bool
) -> int:
    from pgagents.generate.files import extra, write
    from pgagents.generate.package import outputs

    refused = built.refused
    if refused and not keep_going:
        click.echo(f"nothing is written: {', '.join(sorted(refused))} would refuse a document", err=True)
        return 1
    artifacts = built.artifacts(without=refused)
    artifacts = (*artifacts, *packages)
    changed = set(write(out, artifacts, built.stale))
    _summary(built, refused, packages)
    for path in extra(out, built.artifacts(), built.stale, outputs()) if everything else ():
        click.echo(f"left alone: {out / path} is no file that this catalogue generates", err=True)
    kept = [
        a.path for a in built.files if a not in artifacts and a.target.split("/")[0] not in built.left_out
    ]
    for path in kept:
        click.echo(
            f"stale: {out / path} keeps its old content"
            if (out / path).exists()
            else f"not written: {out / path}",
            err=True,
        )
    click.echo(f"{out}: {_count(len(artifacts), 'file')}, {len(changed)} changed")
    return 1 if refused or built.withheld else 0


def _summary(built: Built, refused: frozenset[str], packages: tuple[Artifact, ...]) -> None:
    """Print a line for each file: its size, its losses, and how much of a model's context its tools take."""
    made = {r.made.id: r for r in built.rendered}
    rows = []
    for a in built.artifacts(without=refused):
        losses = len(made[a.target].made.view.losses)
        rows.append(
            (
                a.path,
                f"{len(a.data):,} bytes",
                _count(losses, "loss", "losses") if losses else "",
                _before_models(made[a.target]),
            )
        )
    rows += [(a.path, f"{len(a.data):,} bytes", "to side-load", "") for a in packages]
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(3)]
    for name, size, lost, cost in rows:
        click.echo(f"  {name:<{widths[0]}}  {size:>{widths[1]}}  {lost:<{widths[2]}}  {cost}".rstrip())


def _before_models(rendered: Rendered) -> str:
    """Describe how much of a model's context the tools take; empty for a target that no model reads.

    About four characters of English make a token
    (https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them, read 2026-11-20).
    """
    if not getattr(rendered.made.target, "for_models", False):
        return ""
    characters = len(json.dumps(rendered.data, ensure_ascii=False, separators=(",", ":")))
    return f"{characters:,} chars, ~{round(characters / 4, -2):,.0f} tokens"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
