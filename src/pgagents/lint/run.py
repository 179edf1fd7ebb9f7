"""Run all rules over a catalogue, add the diagnostics of `build`, and apply safe edits.

Findings that comments ignore are left out. Former names past their day, and misspelt surfaces, are found
here as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pgagents.base.errors import Diagnostic, InputError, PgagentsError, in_order
from pgagents.base.places import Source, locate_within
from pgagents.base.reading import parse
from pgagents.base.text import brief, did_you_mean
from pgagents.catalogue.load import load_source
from pgagents.catalogue.model.action import Former
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import collect_diagnostics, targets, withholds
from pgagents.generate.target import Target
from pgagents.lint.document import Ignore, find_questions, ignores
from pgagents.lint.facts import requirements
from pgagents.lint.rule import Edit, Hit, Rule, apply, rules

UNUSED, UNREASONED, UNKNOWN = (
    "catalogue/unused-ignore",
    "catalogue/ignore-without-reason",
    "catalogue/unknown-ignore",
)

_RANKS = ("note", "warning", "error")
_LIMIT = "/limit"
"""The end of the id of a count or a size over a vendor's limit: a warning of `build`."""


@dataclass(frozen=True, slots=True)
class Linted:
    """The findings in the order of the file, the ignored findings, and the edits that `--fix` may make."""

    found: tuple[Diagnostic, ...]
    ignored: tuple[Diagnostic, ...] = ()
    edits: tuple[Edit, ...] = ()


def lint(model: Model, only: Sequence[str] = (), today: date | None = None) -> Linted:
    """Judge a catalogue by every rule, or by those of the ids and vendors in `only`.

    With `today`, former names whose day has passed are reported too. Raises PgagentsError for an unknown name
    in `only`.
    """
    chosen = _select_rules(only)
    hits = [(id, rule, hit) for id, rule in chosen.items() for hit in _hits(rule, model)]
    questions = find_questions(model.source)
    said: list[tuple[Diagnostic, Hit | None]] = [
        (_soften(_diagnostic(id, rule, hit, model), hit, questions, model.source), hit)
        for id, rule, hit in hits
    ]
    comments = ignores(model.source)
    asked = {(ignore.line, id) for ignore in comments for id in ignore.ids if may_be_ignored(id)}

    def find_ignores(diagnostic: Diagnostic, hit: Hit | None) -> set[tuple[int, str]]:
        return asked & {(line, diagnostic.id) for line in _lines(diagnostic, hit, model.source)}

    if not only:
        shown = [d for d, hit in said if not find_ignores(d, hit)]
        every = [d for d, _ in said]
        built = (_soften_limit(d, questions) for d in _add_help(collect_diagnostics(model)))
        said += [(d, None) for d in built if not _is_repeated(d, shown if withholds(d.id) else every)]
        said += [(d, None) for d in diagnostics(model, today)] if today else []
        said += [(d, None) for d in _list_remarks(model.source)]
    found = [(d, hit) for d, hit in said if not find_ignores(d, hit)]
    ignored = [d for d, hit in said if find_ignores(d, hit)]
    edits = [edit for _, hit in found if hit and hit.edit and (edit := hit.edit(model.source))]
    judged = {*chosen, *((ID,) if today and not only else ())}
    used = {one for d, hit in said for one in find_ignores(d, hit)}
    idle = list(_idle(comments, used, judged, limits=not only))
    edits += [edit for _, edit in idle if edit]
    return Linted(
        tuple(in_order([d for d, _ in found] + [d for d, _ in idle])),
        tuple(in_order(ignored)),
        tuple(dict.fromkeys(edits)),
    )


def _soften(found: Diagnostic, hit: Hit, questions: Collection[int], source: Source) -> Diagnostic:
    """Return a finding as a note if it is about what the catalogue's author did not write.

    The author did not write what a document of others says. A warning becomes a note too if a question of an
    import stands above its entry: the import asked what the warning is about. It is a warning again when the
    author answers. A text that misleads a model is an error, whoever wrote it.
    """
    if found.severity == "error" and (found.id in _MISLEADING or not _is_unasked(hit, source)):
        return found
    if source.is_from_document(hit.origin):
        said = "the document says so; an entry for the action can say more"
        return replace(found, severity="note", help=f"{found.help} ({said})")
    above = (source.locate(hit.origin[:depth]).line for depth in range(2, len(hit.origin) + 1))
    line = next((line for line in above if line in questions), None) if questions else None
    if line is None:
        return found
    return replace(found, severity="note", help=f"{found.help} (the TODO above line {line} asks for it)")


_MISLEADING = ("catalogue/instructs-model", "catalogue/hidden-character")


def _is_unasked(hit: Hit, source: Source) -> bool:
    """True for a part that only a document over which a catalogue lies says, and not the author."""
    return source.is_from_document(hit.origin) and not source.is_document


def _soften_limit(found: Diagnostic, questions: Collection[int]) -> Diagnostic:
    """Return a warning about a vendor's limit as a note if nobody chose what is counted, or if a question of
    an import stands above its line.
    """
    chosen_by_us = bool(found.span.guess) or found.span.line in questions
    mild = found.severity == "warning" and found.id.endswith(_LIMIT) and chosen_by_us
    return replace(found, severity="note") if mild else found


def _list_remarks(source: Source) -> Iterator[Diagnostic]:
    """Yield what is to be said of the way in which the catalogue's files were read."""
    for remark in source.list_remarks():
        yield Diagnostic(remark.span, remark.id, remark.severity, remark.message, remark.help)


def _lines(diagnostic: Diagnostic, hit: Hit | None, source: Source) -> set[int]:
    """Return the lines whose comments may ignore a finding: its own, and those where its text begins.

    No comment can stand inside a block text, so one behind the `|` or above it counts for the whole text. If
    the finding is about a part that a document says, the line of the author's entry above it counts.
    """
    spans = [diagnostic.span]
    if hit is not None and hit.part is not None:
        spans += [source.locate(hit.part[0], at_value=at_value) for at_value in (False, True)]
    if hit is not None:
        spans += source.list_holders(hit.origin)
    return {span.line for span in spans if span.file == source.file}


def may_be_ignored(id: str) -> bool:
    """True for the id of a rule, of a warning of `build`, or of a former name whose day has passed.

    An error for which `build` does not write a document cannot be ignored.
    """
    return not withholds(id) and (id in rules() or id.endswith(_LIMIT) or id == ID)


def _is_repeated(built: Diagnostic, said: Iterable[Diagnostic]) -> bool:
    """True if a rule of the same vendor reported as much at the same place, with a better message."""
    vendor, rank = built.id.split("/")[0], _RANKS.index(built.severity)
    return any(
        d.span == built.span and d.id.split("/")[0] == vendor and _RANKS.index(d.severity) >= rank
        for d in said
    )


def _select_rules(only: Sequence[str]) -> dict[str, Rule]:
    every = rules()
    vendors = {id.split("/")[0] for id in every}
    for name in only:
        if name not in every and name not in vendors:
            raise PgagentsError(
                f"there is no rule `{name}`",
                did_you_mean(name, [*every, *vendors]) or "pgagents explain lists all",
            )
    return {id: rule for id, rule in every.items() if not only or id in only or id.split("/")[0] in only}


def _hits(rule: Rule, model: Model) -> Iterator[Hit]:
    if rule.surface is None or rule.surface in model.surfaces:
        yield from rule.find(model)


def _diagnostic(id: str, rule: Rule, hit: Hit, model: Model) -> Diagnostic:
    span = model.source.locate(hit.origin, at_value=hit.at_value)
    if hit.part is not None:
        span = locate_within(model.source, *hit.part) or span
    return Diagnostic(
        span,
        id,
        hit.severity or rule.severity,
        hit.message,
        hit.help,
        (requirements()[rule.requirement].cited,),
    )


def _add_help(found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield the diagnostics of `build`. Those without help refer to `pgagents explain`."""
    for diagnostic in found:
        yield diagnostic if diagnostic.help else replace(diagnostic, help=f"pgagents explain {diagnostic.id}")


def _idle(
    comments: list[Ignore], used: set[tuple[int, str]], judged: Collection[str], *, limits: bool
) -> Iterator[tuple[Diagnostic, Edit | None]]:
    """Yield comments that ignore nothing, have no reason, or name what cannot be ignored.

    Each has its safe edit or None. An id is only unused if it was `judged`; `limits` says if vendors' limits
    were.
    """
    for ignore in comments:
        if not ignore.readable:
            says = "this comment names no rule, so nothing is ignored"
            yield _warn(ignore, UNKNOWN, says, "write `# pgagents: ignore[gemini/long-name] reason`"), None
            continue
        for id in ignore.ids:
            if withholds(id):
                says = f"`{id}` cannot be ignored: with this error, `build` does not write the document"
                yield _warn(ignore, UNKNOWN, says, "remove the comment, and correct the error"), None
            elif not may_be_ignored(id):
                help = did_you_mean(id, rules()) or "pgagents explain lists all ids"
                yield _warn(ignore, UNKNOWN, f"there is no rule `{id}`, so nothing is ignored", help), None
            elif (ignore.line, id) not in used and (id in judged or (limits and id.endswith(_LIMIT))):
                help = "remove it (`--fix` does), or put it beside the value it is about"
                says = f"`{id}` is not found here, so this ignores nothing"
                yield _warn(ignore, UNUSED, says, help), _remove(ignore)
        if not ignore.reason:
            help = "say why after the bracket: whoever reads it next decides by that"
            yield _warn(ignore, UNREASONED, "this ignores a finding without a reason", help), None


def _warn(ignore: Ignore, id: str, message: str, help: str) -> Diagnostic:
    return Diagnostic(ignore.span, id, "warning", message, help)


def _remove(ignore: Ignore) -> Edit | None:
    """Return the edit that removes a comment; None if the comment ignores other rules too."""
    if len(ignore.ids) > 1:
        return None
    return Edit(ignore.span.line, ignore.span.column, ignore.text, "")


# -- safe edits until there are none.
#
# After each round the catalogue must load, without any new finding.


_ROUNDS = 50


def apply_fixes(
    source: Source, only: Sequence[str] = (), open_source: Callable[[Source], Model] = load_source
) -> tuple[Source, int]:
    """Return the source after all edits, and their number. `open_source` loads it, and raises InputError if
    it does not load.
    """
    linted, count = lint(check_surfaces(open_source(source)), only), 0
    for _ in range(_ROUNDS):
        better = _round(source, linted, only, open_source)
        if better is None:
            break
        source, linted, made = better
        count += made
    return source, count


def _round(
    source: Source, linted: Linted, only: Sequence[str], open_source: Callable[[Source], Model]
) -> tuple[Source, Linted, int] | None:
    text = apply(source.text, linted.edits)
    if text == source.text:
        return None
    changed = parse(text, source.file, folder=source.folder)
    try:
        model = open_source(changed)
    except InputError:
        return None
    after = lint(model, only)
    worse = Counter(d.id for d in after.found) - Counter(d.id for d in linted.found)
    return None if worse else (changed, after, len(linted.edits))


# -- former names whose last day has passed.
#
# They are offered until they are removed from the catalogue.


ID = "catalogue/past-former-name"
HELP = "remove its line under `formerly`, or give it a later day"


def past(model: Model, today: date) -> Iterator[Former]:
    """Yield the former names whose last day was before today."""
    yield from (
        former
        for action in model.actions
        for former in action.formerly
        if date.fromisoformat(former.until) < today
    )


def diagnostics(model: Model, today: date) -> Iterator[Diagnostic]:
    """Yield a warning for each such name, at its line."""
    for former in past(model, today):
        said = f"the old name `{former.name}` was to be offered until {former.until}, and still is"
        yield Diagnostic(model.source.locate(former.origin), ID, "warning", said, HELP)


# -- misspelt surfaces.
#
# The known names are those that targets ask for, so a further target brings its own. A dispatcher may
# have any name.


REST = "rest"
"""The surface of the paths themselves, which every document with paths describes."""


def check_surfaces(model: Model) -> Model:
    """Return the model. Raises InputError if its catalogue has surfaces that nothing knows."""
    if found := find_unknown(model.source):
        raise InputError(found, model.source)
    return model


def find_unknown(source: Source) -> list[Diagnostic]:
    """Return an error for each surface that is not a dispatcher, and whose name no target asks for."""
    written = source.data.get("surfaces") if isinstance(source.data, dict) else None
    own = written if isinstance(written, dict) else {}
    names = [
        name
        for name, surface in own.items()
        if name != REST and not (isinstance(surface, dict) and "http" in surface)
    ]
    known = list_surfaces() if names else set()
    return [
        Diagnostic(
            source.locate(("surfaces", name)),
            "catalogue/unknown-surface",
            "error",
            f"there is no surface `{brief(str(name))}`: no document is made for it",
            did_you_mean(str(name), known),
        )
        for name in names
        if name not in known
    ]


def list_surfaces() -> set[str]:
    """Return the names of the surfaces that targets make documents for, and that of the paths."""
    found = (t.surface for t in targets().values() if isinstance(t, Target))
    return {REST, *(name for name in found if name)}
