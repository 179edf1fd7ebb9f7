"""`pgagents build`: writes every manifest from one catalogue."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.cli.inputs.catalogue import find_left_out, load, refuse_unpinned
from pgagents.cli.inputs.options import GENERATED, NamedFolder, catalogue_argument, examples

if TYPE_CHECKING:
    from pgagents.base.places import Source
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
        (
            "hand back to openapi.json what the catalogue adds to it",
            "pgagents build --overlay overlay.yaml --base openapi.json",
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
    "--draft", is_flag=True, help="Also write documents that would send calls to a placeholder (example.com)."
)
@click.option("--full", is_flag=True, help="List every loss in pgagents/losses.md, not only the worst kinds.")
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
    help="Templates that replace ours. They run in Jinja's sandbox, but use only those that you trust.",
)
@click.option(
    "--overlay",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write an OpenAPI Overlay that adds to the API's own document what the catalogue says.",
)
@click.option(
    "--base",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="That document; the default is the one that a short catalogue lies over.",
)
def command(
    catalogue: Path | None,
    out: Path,
    targets: tuple[str, ...],
    check: bool,
    strict: bool,
    keep_going: bool,
    draft: bool,
    full: bool,
    packing: bool,
    ids: tuple[str, ...],
    templates: Path | None,
    overlay: Path | None,
    base: Path | None,
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
    if base and not overlay:
        raise click.UsageError("--base is the document of an overlay: add --overlay FILE.")
    model = load(catalogue)
    if check:
        refuse_unpinned(model, "pgagents build --check")
    given = _read_ids(model, ids)
    built = build(model, only=targets, templates=templates, strict=strict, draft=draft, full=full)
    _show(built, model)
    for surface, why in find_left_out(model).items():
        click.echo(f"{surface}: left out, {why}", err=True)
    handed = _make_overlay(model, overlay, base) if overlay else None
    if check:
        code = _check(built, out, everything=not targets)
        return max(code, _check_overlay(overlay, handed)) if overlay else code
    stopped = built.withheld or (built.refused and not keep_going)
    packed = _build_packages(model, built, given) if packing and not stopped else None
    code = _write(built, out, packed.made if packed else (), keep_going=keep_going, everything=not targets)
    for path, questions in packed.questions.items() if packed else ():
        click.echo(f"{path} is a draft, for no store; DRAFT.md in it asks:", err=True)
        for question in questions:
            click.echo(f"  {question}", err=True)
    for why, help in packed.left_out.values() if packed else ():
        click.echo(f"not packed: {why}\n  help: {help}", err=True)
    if packed and not packed.made:
        code = max(code, 1)
    if overlay and not code:
        _write_overlay(overlay, handed)
    return code


# -- what the API's own document gets back


def _make_overlay(model: Model, file: Path, base: Path | None) -> dict[str, Any] | None:
    """Return the overlay that adds to a document what the catalogue says; None if it adds nothing.

    Raises PgagentsError for a document that is none of OpenAPI 3, or if no document is known.
    """
    from pgagents.base.errors import PgagentsError
    from pgagents.base.places import plain
    from pgagents.cli.inputs.catalogue import load_opened
    from pgagents.generate.openapi.overlay import carry_over, list_actions, make_overlay
    from pgagents.generate.targets.openapi.openapi import view
    from pgagents.importer.document import read
    from pgagents.importer.overlay.options import read_options
    from pgagents.importer.overlay.source import OverlaySource

    bare = _find_bare(model, base)
    options = read_options(bare)
    location = options.locate(bare)
    alone = load_opened(bare)
    document = alone.source.document if isinstance(alone.source, OverlaySource) else alone.source
    theirs = read(document.text.encode() if document else b"", location, options.name(bare)).data
    version = str(theirs.get("openapi", ""))
    if not version.startswith("3."):
        raise PgagentsError(
            f"{options.name(bare)} is not a document of OpenAPI 3, and an overlay changes no other",
            "convert it to OpenAPI 3 first",
        )
    wanted = carry_over(theirs, plain(view(alone).context), plain(view(model).context))
    actions = list_actions(theirs, wanted)
    if actions and version.startswith("3.0"):
        said = f"{options.name(bare)} is of OpenAPI {version}; what the overlay adds is written for 3.1"
        click.echo(f"note: {said}, so look at schemas in it", err=True)
    extends = location if options.is_remote else os.path.relpath(location, file.resolve().parent)
    if options.find_secret():
        extends = ""
    title = f"What {Path(model.source.file).name} adds to {model.api.title}"
    written = Path(extends).as_posix() if extends and not options.is_remote else extends
    return make_overlay(actions, title, str(model.api.version), written) if actions else None


def _find_bare(model: Model, base: Path | None) -> Source:
    """Return a catalogue of two lines over the document: what the author adds to it is not there."""
    from pgagents.base.errors import PgagentsError
    from pgagents.base.reading import parse
    from pgagents.importer.overlay.options import KEY
    from pgagents.importer.overlay.source import OverlaySource

    source = model.source
    lines: dict[str, Any] = {"pgagents": 1}
    if base is not None:
        name, folder = str(base.with_suffix(".yaml")), base.resolve().parent
        return parse(json.dumps({**lines, KEY: base.name}), name, folder=folder)
    if not isinstance(source, OverlaySource):
        raise PgagentsError(
            "--overlay needs the document that it changes, and this catalogue names none",
            "add --base openapi.json",
        )
    written = parse(source.text, source.file).data
    own = written[KEY]
    if isinstance(own, dict):
        own = {key: value for key, value in own.items() if key not in ("overlays", "sha256")}
    if source.host:
        lines["api"] = {"server": source.host}
    return parse(json.dumps({**lines, KEY: own}), source.file, folder=source.folder)


def _write_overlay(file: Path, handed: dict[str, Any] | None) -> None:
    from pgagents.base.writing import to_yaml
    from pgagents.cli.inputs.files import write_both

    if handed is None:
        click.echo(f"{file} is not written: the catalogue adds nothing that OpenAPI can say", err=True)
        return
    write_both({file: to_yaml(handed)})
    click.echo(f"{file}: {_count(len(handed['actions']), 'action')}")


def _check_overlay(file: Path, handed: dict[str, Any] | None) -> int:
    from pgagents.base.writing import to_yaml

    wanted = to_yaml(handed) if handed is not None else None
    there = file.read_bytes() if file.is_file() else None
    if there == wanted:
        return 0
    click.echo(f"{file} is not as built; `pgagents build --overlay {file}` writes it anew", err=True)
    return 1


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

    lacking = [d for d in built.diagnostics if d.severity == "note" and d.id.endswith("/gone")]
    facts: set[tuple[object, ...]] = set()
    for diagnostic in built.diagnostics:
        fact = (diagnostic.span, diagnostic.message, diagnostic.help)  # editions of one document share it
        if diagnostic not in lacking and fact not in facts:
            facts.add(fact)
            click.echo(show(diagnostic, model.source) + "\n", err=True)
    if lacking:
        told = _count(len(lacking), "action or argument", "actions or arguments")
        click.echo(f"not in a vendor's document: {told}; `pgagents lint` names each", err=True)
    for name, why in built.left_out.items():
        click.echo(f"{name}: left out, it would refuse this: {why}", err=True)


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
        "extra": "is not a file that this catalogue generates",
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
        click.echo(f"left alone: {out / path} is not a file that this catalogue generates", err=True)
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
