"""Build every document of a catalogue: plan targets, make views, render, validate against vendors' schemas.

Each member of a document can be traced back to the catalogue.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pgagents.base import registry
from pgagents.base.errors import Diagnostic, PgagentsError, in_order
from pgagents.base.places import Pointer, Source, read_step, write_step
from pgagents.base.registry import folder
from pgagents.base.text import brief, did_you_mean
from pgagents.catalogue.model.model import Model
from pgagents.generate.long_texts import (
    Cuts,
    LongText,
    RefusedTool,
    cut_texts,
    for_surface,
    join_cuts,
    leave_out,
)
from pgagents.generate.render import Artifact, Rendered, Renderer
from pgagents.generate.target import HOW_TO_HAVE, BoundTarget, Loss, Summary, Target, View

if TYPE_CHECKING:
    import jsonschema_rs

SERVER = "/server"
FALSEHOODS = ("/credential", SERVER, "/version")
"""The ends of the ids of errors that withhold one document only."""
REFUSED = "/refused"
"""The end of the id of a vendor schema's refusal, which withholds all documents of the vendor."""
MOST_REFUSALS = 50
"""The most errors that are told of one document."""
MOST_CUTS = 8
"""The most times that texts are cut, or tools left out, and the documents built anew."""
UNKNOWN_FILE = "pgagents/hosting/unknown-file"


@dataclass(frozen=True, slots=True)
class Built:
    """The result of a build: documents, files, and the diagnostics of vendors' checks.

    `stale` are paths that our targets write for some catalogues, but not for this one. `left_out` are
    vendors that would refuse a document and that no word of the author's asks for, each with the reason. They
    have no documents, and their refusals are not among the diagnostics.
    """

    rendered: tuple[Rendered, ...]
    files: tuple[Artifact, ...]
    diagnostics: tuple[Diagnostic, ...]
    stale: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def refused(self) -> frozenset[str]:
        """Vendors with an error. A diagnostic's id begins with its vendor."""
        return frozenset(
            d.id.split("/")[0] for d in self.diagnostics if d.severity == "error" and not _is_falsehood(d)
        )

    @property
    def withheld(self) -> frozenset[str]:
        """Return the targets whose documents would contain a false statement. They are not written."""
        return frozenset(d.id.rpartition("/")[0] for d in self.diagnostics if _is_falsehood(d))

    def artifacts(self, *, without: frozenset[str] = frozenset()) -> tuple[Artifact, ...]:
        """Return all files, except those of the vendors in `without` and those of withheld targets."""
        withheld, without = self.withheld, without | self.left_out.keys()
        return tuple(a for a in self.files if vendor(a.target) not in without and a.target not in withheld)


def _is_falsehood(found: Diagnostic) -> bool:
    return found.id.endswith(FALSEHOODS)


def withholds(id: str) -> bool:
    """True if an id is that of an error for which `build` does not write a document."""
    return id.endswith((*FALSEHOODS, REFUSED)) or id == UNKNOWN_FILE


def vendor(target: str) -> str:
    """Return the vendor of a target id: `gemini` for `gemini/functions`."""
    return target.split("/")[0]


def targets() -> dict[str, Target | Summary]:
    """Return every target by id, sorted. A module has one `TARGET`, or several by id in `TARGETS`."""
    found: dict[str, Target | Summary] = {}
    for path, module in registry.collect("pgagents.generate.targets").items():
        several = module.TARGETS if hasattr(module, "TARGETS") else {path: module.TARGET}
        assert not found.keys() & several, f"targets/{path}.py has a target whose id another module has"
        found |= several
    return dict(sorted(found.items()))


def list_built_surfaces(folder: Path) -> frozenset[str]:
    """Return the surfaces of which a folder holds a generated file."""
    return frozenset(
        target.surface
        for target in targets().values()
        if isinstance(target, Target)
        and target.surface is not None
        and any(next(folder.glob(output), None) is not None for output in target.outputs)
    )


def _all_of(vendors: Iterable[str]) -> str:
    return f"name a vendor ({', '.join(sorted(set(vendors)))}) or one of its targets (gemini/functions)"


def plan(model: Model, only: Sequence[str] = ()) -> dict[str, Target | Summary]:
    """Return the targets that apply to this catalogue; with `only`, those of the named ids and vendors.

    Raises PgagentsError for a name that is unknown or does not apply.
    """
    known = targets()
    for name in only:
        if name not in known and name not in {vendor(id) for id in known}:
            raise PgagentsError(
                f"there is no target `{name}`", did_you_mean(name, list(known)) or _all_of(map(vendor, known))
            )
    chosen = {id: t for id, t in known.items() if not only or id in only or vendor(id) in only}
    applying = {id: t for id, t in chosen.items() if _applies(t, model)}
    for name in only:
        if not any(name in (id, vendor(id)) for id in applying):
            needed = next(t for id, t in chosen.items() if name in (id, vendor(id)) and isinstance(t, Target))
            if needed.part is not None and (needed.surface is None or needed.surface in model.surfaces):
                lacking = list_missing(model, needed.part)[0]
                help = HOW_TO_HAVE.get(lacking) or f"add `{lacking}:`"
                raise PgagentsError(f"the catalogue has nothing for `{name}`", help)
            help = HOW_TO_HAVE.get(str(needed.surface)) or f"add `{needed.surface}:` under `surfaces`"
            raise PgagentsError(f"the catalogue has no surface for `{name}`", help)
    return applying


def _applies(target: Target | Summary, model: Model) -> bool:
    if isinstance(target, Summary):
        return True
    return (target.surface is None or target.surface in model.surfaces) and (
        target.part is None or not list_missing(model, target.part)
    )


def list_missing(model: Model, parts: str | tuple[str, ...]) -> list[str]:
    """Return those of the parts, one or several dotted paths, that the model does not have."""
    return [path for path in ((parts,) if isinstance(parts, str) else parts) if not part(model, path)]


def part(model: Model, path: str) -> Any:
    """Return the part of the model at a dotted path, or None."""
    here: Any = model
    for step in path.split("."):
        here = here.get(step) if isinstance(here, Mapping) else getattr(here, step, None)
    return here


def build(
    model: Model,
    *,
    only: Sequence[str] = (),
    templates: Path | None = None,
    strict: bool = False,
    draft: bool = False,
    full: bool = False,
) -> Built:
    """Build the documents. Violations of vendors' rules are in `diagnostics`.

    A `draft` may send calls to a placeholder. With `full`, a summary has no limit.

    A text of a document of others that is too long is cut, as a loss. Raises PgagentsError for wrong
    arguments or a wrong template.
    """
    chosen = plan(model, only)
    renderer = Renderer(templates)
    summing = any(isinstance(t, Summary) for t in chosen.values())
    needed = plan(model) if summing else chosen  # a summary reads all other views, even if it is built alone
    if full:
        needed = {
            id: replace(t, view=t.whole) if isinstance(t, Summary) and t.whole is not None else t
            for id, t in needed.items()
        }
    cuts: Cuts = {}
    for _ in range(MOST_CUTS):
        made = _make_views(model, needed, cuts)
        rendered = tuple(renderer.render(m) for m in made if m.id in chosen)
        refused = {document.made.id: _refuse(document, model, templates) for document in rendered}
        model, more = _shorten(model, refused.values())
        if not more:
            break
        cuts = join_cuts(cuts, more)
    found: list[Diagnostic] = [] if only else _check_hosted(model, chosen)
    every: list[Artifact] = []
    for document in rendered:
        found += refused[document.made.id].found
        files = document.artifacts()
        found += _notes(document, files, model, strict)
        every += files
    found += _list_gone((document.made for document in rendered), model)
    found = [d for d in found if not (draft and d.id.endswith(SERVER))]
    written = {path for t in chosen.values() for path in t.outputs}
    stale = () if only else tuple(sorted({p for t in targets().values() for p in t.outputs} - written))
    blaming = {vendor(id) for id, one in refused.items() if one.blames_author}
    left_out = _list_unasked(found, chosen, model, blaming)
    found = [d for d in found if vendor(d.id) not in left_out]
    return Built(rendered, tuple(every), tuple(in_order(found)), stale, left_out)


def _list_unasked(
    found: Sequence[Diagnostic],
    chosen: Mapping[str, Target | Summary],
    model: Model,
    blaming: Collection[str],
) -> dict[str, str]:
    """Return the vendors with an error whose surfaces all come from a document, each with its first error.

    The author named none of them, so that an error of theirs is not a reason to write nothing. It is for
    those in `blaming`, which refuse what the author wrote.
    """
    errors = [d for d in found if d.severity == "error"]
    surfaces: dict[str, set[str]] = {}
    for id, target in chosen.items():
        if isinstance(target, Target) and target.surface is not None:
            surfaces.setdefault(vendor(id), set()).add(target.surface)
    unasked = {
        name
        for name, several in surfaces.items()
        if name not in blaming and all(model.source.is_from_document(("surfaces", one)) for one in several)
    }
    return {
        vendor(d.id): f"{d.message}; {d.help}" if d.help else d.message
        for d in reversed(errors)
        if vendor(d.id) in unasked
    }


def collect_diagnostics(model: Model) -> tuple[Diagnostic, ...]:
    """Return the diagnostics of a build, without rendering files whose size no rule limits."""
    chosen: dict[str, Target | Summary] = {id: t for id, t in plan(model).items() if isinstance(t, Target)}
    renderer = Renderer()
    cuts: Cuts = {}
    for _ in range(MOST_CUTS):
        found = _check_hosted(model, plan(model))
        refused: list[_Refusals] = []
        blaming: set[str] = set()
        views = _make_views(model, chosen, cuts)
        found += _list_gone(views, model)
        for made in views:
            of_data = made.target.outputs[0].endswith((".json", ".yaml"))
            rendered = renderer.render(made) if of_data else Rendered(made, "")
            sized = isinstance(made.target, Target) and made.target.max_bytes is not None
            refusals = _refuse(rendered, model, None) if of_data else _Refusals()
            found += refusals.found
            refused.append(refusals)
            blaming |= {vendor(made.id)} if refusals.blames_author else set()
            found += _notes(rendered, rendered.artifacts() if sized else (), model, strict=False)
        model, more = _shorten(model, refused)
        if not more:
            break
        cuts = join_cuts(cuts, more)
    left_out = _list_unasked(found, chosen, model, blaming)
    return tuple(in_order([d for d in found if vendor(d.id) not in left_out]))


def document(model: Model, path: str, *, templates: Path | None = None, traced: bool = True) -> Rendered:
    """Build the one document that is written to `path` in the output folder.

    `path` may have leading folders (`generated/gemini/functions.json`). With `traced`, members keep their
    origin. Raises PgagentsError for a file that no target of this catalogue writes.
    """
    known = targets()
    for id, target in known.items():
        for output in target.outputs:
            if Path(path).match(output):
                if not _applies(target, model):
                    missing = getattr(target, "surface", None)
                    without = missing and missing not in model.surfaces
                    why = (
                        f"no surface `{missing}`"
                        if without
                        else f"no `{list_missing(model, getattr(target, 'part', None) or '')[0]}`"
                    )
                    raise PgagentsError(f"this catalogue writes no {output}: it has {why}")
                needed: dict[str, Target | Summary] = (
                    plan(model) if isinstance(target, Summary) else {id: target}
                )
                made = next(m for m in _make_views(model, needed) if m.id == id)
                return (
                    _get_shared_renderer()
                    if templates is None and not traced
                    else Renderer(templates, traced=traced)
                ).render(made)
    outputs = [output for target in known.values() for output in target.outputs]
    help = (
        did_you_mean("/".join(Path(path).parts[-2:]), outputs)
        or "name it with its folder: generated/gemini/functions.json"
    )
    raise PgagentsError(f"`{brief(path, 200)}` is not a file that pgagents generates", help)


@cache
def _get_shared_renderer() -> Renderer:
    """Return the one shared renderer of the shipped templates, without tracing.

    It compiles each template once.
    """
    return Renderer()


def origin(rendered: Rendered, pointer: Pointer, model: Model) -> Pointer:
    """Return the catalogue's part behind a member of a traced document; if unknown, the target's surface."""
    surface = getattr(rendered.made.target, "surface", None)
    found = find_origin(rendered, pointer, model.source) or (("surfaces", surface) if surface else ())
    while not model.source.has(found):
        found = found[:-1]
    return found


def _make_views(
    model: Model, chosen: dict[str, Target | Summary], cuts: Cuts = MappingProxyType({})
) -> tuple[BoundTarget, ...]:
    """Return all views, sorted by id. Summaries are made last, because they read the other views.

    `cuts` are further losses, of texts that were cut before.
    """
    views = [
        BoundTarget(
            id,
            t,
            _add_cuts(cuts.get(id, ()), _add_unoffered(model, t, t.view(for_surface(model, t.surface)))),
        )
        for id, t in chosen.items()
        if isinstance(t, Target)
    ]
    summaries = [
        BoundTarget(id, t, t.view(model, tuple(views))) for id, t in chosen.items() if isinstance(t, Summary)
    ]
    return tuple(sorted([*views, *summaries], key=lambda m: m.id))


def _add_cuts(cuts: tuple[Loss, ...], view: View) -> View:
    return replace(view, losses=(*view.losses, *cuts)) if cuts else view


def _add_unoffered(model: Model, target: Target, view: View) -> View:
    """Return the view with a loss for each action that its surface had to leave out of `actions: all`.

    Such actions are tools that only the MCP server has, and actions with a signed body. The author chose what
    a surface that lists its actions leaves out, so nothing is lost there.
    """
    surface = model.surfaces.get(target.surface or "") if target.lists_actions else None
    if surface is None or not _offers_all(model, surface.name):
        return view
    offered = {str(action.name) for action in surface.actions}
    lost = [
        Loss(
            action.origin,
            f"action {action.name}",
            "dropped",
            "only the MCP server has it" if action.signed is None else "only its sender can sign a call",
        )
        for action in model.actions
        if str(action.name) not in offered
    ]
    return replace(view, losses=(*lost, *view.losses)) if lost else view


def _check_hosted(model: Model, chosen: dict[str, Target | Summary]) -> list[Diagnostic]:
    """Return an error for each hosted file that no target writes."""
    outputs = [path for t in chosen.values() for path in t.outputs]
    return [
        Diagnostic(
            model.source.locate(("api", "hosted", path)),
            UNKNOWN_FILE,
            "error",
            f"`{path}` is hosted, but nothing generates it",
            did_you_mean(path, outputs),
        )
        for path in model.api.hosted
        if not any(Path(path).match(output) for output in outputs)
    ]


@dataclass(slots=True)
class _Refusals:
    """The errors of a vendor's schema at the catalogue's lines.

    `long` are texts of a document of others that are too long, `tools` its tools that are refused for
    another reason, on a surface that nobody asked for. `blames_author` is true if an error is about
    something that the catalogue's author wrote.
    """

    found: list[Diagnostic] = field(default_factory=list)
    long: list[LongText] = field(default_factory=list)
    tools: list[RefusedTool] = field(default_factory=list)
    blames_author: bool = False


def _refuse(rendered: Rendered, model: Model, templates: Path | None) -> _Refusals:
    """Validate a document against the vendor's schema."""
    refusals = _Refusals()
    schema = _find_schema(rendered.made.id) if rendered.data is not None else None
    errors = list(schema.iter_errors(rendered.data)) if schema is not None else []
    if not errors:
        return refusals
    import jsonschema_rs

    traced = Renderer(templates, traced=True).render(rendered.made)
    output = rendered.made.target.outputs[0]
    for error in errors:
        kind = error.kind
        most = kind.limit if isinstance(kind, jsonschema_rs.ValidationErrorKind.MaxLength) else None
        if len(refusals.found) == MOST_REFUSALS and most is None:
            continue
        pointer: Pointer = tuple(error.instance_path)
        at = origin(traced, pointer, model)
        if any(note.origin == at for note in rendered.made.view.falsehoods):
            continue  # the falsehood withholds the document, and says it better
        from_document = model.source.is_from_document(at)
        refusals.blames_author = refusals.blames_author or not from_document
        surface = getattr(rendered.made.target, "surface", None)
        if most is not None and surface is not None and from_document:
            refusals.long.append(LongText(rendered.made.id, surface, at, len(str(error.instance)), most))
        elif (
            surface is not None
            and from_document
            and model.source.is_from_document(("surfaces", surface, "actions"))
            and (tool := _find_tool(traced, pointer, model))
        ):
            refusals.tools.append(RefusedTool(rendered.made.id, surface, tool, _short(error.message)))
        if len(refusals.found) == MOST_REFUSALS:
            continue
        written = "/".join(["", *(write_step(step) for step in pointer)])
        nothing = isinstance(kind, jsonschema_rs.ValidationErrorKind.MinProperties)
        says = _short(error.message)
        if nothing and pointer == ("paths",):
            says = f"no action is left that {rendered.made.target.title} can call"
        vendor_id = vendor(rendered.made.id)
        help = (
            f"{rendered.made.target.title} is called from outside, over https and without a port: give the "
            f"API's public address, or take `{vendor_id}` out of `surfaces`"
            if pointer[:1] == ("servers",)
            else f"schemas/vendor/{rendered.made.id}.schema.json says what {rendered.made.target.title} takes"
        )
        span = model.source.locate(at)
        refusals.found.append(
            Diagnostic(
                span, f"{rendered.made.id}{REFUSED}", "error", f"{output}#{written}: {says}", help, most=most
            )
        )
    return refusals


@cache
def _find_schema(id: str) -> jsonschema_rs.Validator | None:
    """Return a vendor's compiled schema: an import judges documents by it, and after each cut once more."""
    import jsonschema_rs

    path = folder("schemas") / "vendor" / f"{id}.schema.json"
    return jsonschema_rs.validator_for(json.loads(path.read_bytes())) if path.is_file() else None


def _find_tool(traced: Rendered, pointer: Pointer, model: Model) -> str:
    """Return the action of which a member of a document is a part; empty if it is a part of none."""
    for length in range(len(pointer), 0, -1):
        at = find_origin(traced, pointer[:length], model.source)
        if len(at) > 1 and at[0] == "actions":
            return str(at[1])
    return ""


def _shorten(model: Model, refused: Iterable[_Refusals]) -> tuple[Model, Cuts]:
    """Return a model that vendors refuse less, and what that lost: texts are cut, and then tools left out."""
    several = list(refused)
    shorter, cuts = cut_texts(model, [text for one in several for text in one.long])
    if cuts:
        return shorter, cuts
    return leave_out(model, [tool for one in several for tool in one.tools])


def _notes(rendered: Rendered, files: tuple[Artifact, ...], model: Model, strict: bool) -> list[Diagnostic]:
    """Return the counts and sizes over the vendor's limits: warnings, or errors with `strict`.

    One of a document's part on a surface that nobody asked for is a note: the author chose nothing there. A
    file that is too large for its vendor is an error there, so that the vendor is left out.
    """
    made = rendered.made
    severity: Any = "error" if strict else "warning"
    found = [
        Diagnostic(
            model.source.locate(n.origin),
            f"{made.id}/limit",
            "note" if _is_unasked(n.origin, made, model) and not strict else severity,
            n.message,
            n.help,
        )
        for n in made.view.notes
    ]
    found += [
        Diagnostic(model.source.locate(n.origin), f"{made.id}/{n.about}", "error", n.message, n.help)
        for n in made.view.falsehoods
    ]
    most = made.target.max_bytes if isinstance(made.target, Target) else None
    surface = getattr(made.target, "surface", None)
    unasked = _is_unasked(("surfaces", surface or ""), made, model)
    for artifact in files if most else ():
        if most and len(artifact.data) > most:
            message = (
                f"{artifact.path} has {len(artifact.data):,} bytes; {made.target.title} takes at most "
                f"{most:,}"
            )
            found.append(
                Diagnostic(
                    model.source.locate(("surfaces",)),
                    f"{made.id}/limit",
                    "error" if unasked else severity,
                    message,
                    f"choose fewer actions: `surfaces: {{{surface}: {{actions: […]}}}}`",
                )
            )
    return found


_HELP_WITH_GONE = {
    "schema": "write its type, and what it holds, so that the vendor's schemas can say it",
    "form": "leave it out with `surfaces.{surface}.omit`, or have the API take another form",
    "action": "take it off `surfaces.{surface}`, or have the API take a form and a key that the vendor sends",
}


def _list_gone(documents: Iterable[BoundTarget], model: Model) -> Iterator[Diagnostic]:
    """Yield a warning for each argument or action that documents of a vendor lack for one reason.

    It is a note where the author chose neither the surface nor the action, and for the form of an argument.
    """
    lacking: dict[tuple[str, Loss], list[BoundTarget]] = {}
    for made in documents:
        limited = {note.origin for note in made.view.notes}
        for loss in made.view.losses:
            if loss.gone and loss.origin not in limited:
                lacking.setdefault((vendor(made.id), loss), []).append(made)
    for (_, loss), several in lacking.items():
        first = several[0]
        surface = getattr(first.target, "surface", None)
        unchosen = loss.gone == "form" or (loss.gone == "action" and _offers_all(model, surface))
        paths = " and ".join(made.paths[0] for made in several[:2])
        more = f" and {len(several) - 2} more" if len(several) > 2 else ""
        yield Diagnostic(
            model.source.locate(loss.origin),
            f"{first.id}/gone",
            "note" if unchosen or _is_unasked(loss.origin, first, model) else "warning",
            f"{loss.constraint} is not in {paths}{more}: {loss.detail}",
            _HELP_WITH_GONE[loss.gone].format(surface=surface),
        )


def _offers_all(model: Model, surface: str | None) -> bool:
    """True if a surface offers all actions that it can, so that the author chose none of them."""
    written = model.source.data["surfaces"].get(surface, {})
    return bool(written.get("actions", "all") == "all")


def _is_unasked(at: Pointer, made: BoundTarget, model: Model) -> bool:
    """True for a document's part on a surface that no word of the author's asks for."""
    surface = getattr(made.target, "surface", None)
    return surface is not None and all(map(model.source.is_from_document, (at, ("surfaces", surface))))


def _short(message: str) -> str:
    return message if len(message) <= 240 else f"{message[:110]} … {message[-120:]}"


# -- tracing a member of a document back to the catalogue


def read_pointer(text: str, data: Any) -> Pointer:
    """Resolve a JSON Pointer (RFC 6901) in `data` into keys and indices.

    Raises PgagentsError if the pointer is malformed or `data` has no such member.
    """
    if text and not text.startswith("/"):
        raise PgagentsError(f"`{text}` is not a JSON Pointer", f"it begins with a slash: `/{text}`")
    here = data
    pointer: list[str | int] = []
    for raw in text.split("/")[1:]:
        step = read_step(raw)
        inside = "/" + "/".join(write_step(s) for s in pointer) if pointer else "the document's root"
        if isinstance(here, dict):
            if step not in here:
                help = did_you_mean(step, list(here)) or "it is empty"
                raise PgagentsError(f"there is no member `{step}` in {inside}", help)
            pointer.append(step)
            here = here[step]
        elif isinstance(here, list):
            if not (step.isascii() and step.isdigit()) or int(step) >= len(here):
                raise PgagentsError(
                    f"there is no item `{step}` in {inside}", f"it has {len(here)} items, counted from 0"
                )
            pointer.append(int(step))
            here = here[int(step)]
        else:
            raise PgagentsError(f"there is nothing inside {inside}: it is a plain value")
    return tuple(pointer)


def find_origin(rendered: Rendered, pointer: Pointer, source: Source) -> Pointer:
    """Return the most specific known part of the catalogue that a member comes from; () means the whole
    catalogue.

    A member without an origin is looked up by its path below the origin of its nearest ancestor. Failing
    that, its origin is the common prefix of the origins inside it, then its ancestor's origin.
    """
    marks = rendered.origins
    if pointer in marks:
        return marks[pointer]
    around: Pointer | None = None
    for cut in range(len(pointer) - 1, -1, -1):
        if pointer[:cut] in marks:
            around = marks[pointer[:cut]]
            if source.has((*around, *pointer[cut:])):
                return (*around, *pointer[cut:])
            break
    inside = _common(marks, pointer)
    if inside and (around is None or inside[: len(around)] == around):
        return inside
    if around is not None:
        return around
    for cut in range(len(pointer) - 1, -1, -1):
        if found := _common(marks, pointer[:cut]):
            return found
    return ()


def _common(marks: Mapping[Pointer, Pointer], pointer: Pointer) -> Pointer:
    """Return the common prefix of the origins of everything inside a member."""
    depth = len(pointer)
    common: Pointer | None = None
    for inside, found in marks.items():
        if inside[:depth] != pointer:
            continue
        if common is None:
            common = found
        while common and found[: len(common)] != common:
            common = common[:-1]
        if not common:
            break
    return common or ()
