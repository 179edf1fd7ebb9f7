"""Load a short catalogue: read its document, convert that in memory, merge, and check the whole.

A document with parts that no catalogue can hold loses them as in an import. A problem that is left comes from
the author's file, and is told there.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pgagents.base.errors import Diagnostic, InputError, PgagentsError, in_order
from pgagents.base.jsonschema.schema import Validators
from pgagents.base.places import Pointer, Source, value_at
from pgagents.base.text import brief
from pgagents.catalogue.load import load
from pgagents.catalogue.model.model import Model
from pgagents.importer.action_names import name_operations
from pgagents.importer.alternatives import with_alternatives
from pgagents.importer.catalogue import Choice, Converted, convert, list_fitting, without_collector
from pgagents.importer.default_surfaces import find_default_surfaces
from pgagents.importer.document import References, read
from pgagents.importer.inference.inference import SECOND, add_second_role
from pgagents.importer.invalid_parts import remove_invalid_parts, without_wrong_examples
from pgagents.importer.names import Notes
from pgagents.importer.operations import Operation, list_calls, operations
from pgagents.importer.overlay.document_overlays import Applied, apply_overlays, read_overlays
from pgagents.importer.overlay.merge import Merged, Misfit, is_unit, merge
from pgagents.importer.overlay.names import find_facts, index_operations, resolve
from pgagents.importer.overlay.options import KEY, DocumentOptions, is_overlay, read_options
from pgagents.importer.overlay.patterns import keep_common, spread
from pgagents.importer.overlay.source import Evidence, OverlaySource
from pgagents.importer.places import DocumentSource, open_source
from pgagents.importer.servers import find_host, list_bases, list_hosts, parse_base
from pgagents.importer.surfaces import GROUP

Fetch = Callable[[str], bytes]
"""A function that returns the content of a path or URL. Raises PgagentsError."""
_MAPPINGS = ("actions", "groups", "surfaces", "schemas", "resources", "errors", "auth", "workflows")


@dataclass(frozen=True, slots=True)
class Opened:
    """A short catalogue before it is loaded: the two files, the converted document and the author's part."""

    source: OverlaySource
    converted: Converted
    base: dict[str, Any]
    over: dict[str, Any]
    facts: frozenset[Pointer]
    """Parts of the author's that the conversion knew, so that the document's part says them too."""
    validators: Validators
    """Those of the document's schemas, so that none is compiled twice."""

    def merge(self) -> tuple[OverlaySource, Merged]:
        """Return the source with the merged data, after the document's part changed."""
        merged = merge(self.base, self.over)
        patterns, keys = self.source.patterns, self.source.keys
        alone: set[Pointer] = {("actions", name) for name, key in keys.items() if key in patterns.alone}
        idle = [at for at in merged.idle if at not in self.facts]
        source = replace(
            self.source,
            data=merged.data,
            stated=frozenset(merged.stated - alone),
            replaced=frozenset(merged.replaced),
            removed=tuple(merged.removed),
            items=merged.items,
            idle=tuple(keep_common(idle, patterns, keys)),
            notes=tuple(self.converted.notes.made),
            evidence=_find_evidence(self.converted),
        )
        return source, merged


def load_overlay(source: Source, fetch: Fetch, misfits: list[Diagnostic] | None = None) -> Model:
    """Load a short catalogue that was read as `source`; `fetch` reads its document.

    With `misfits`, the author's lines that fit nothing are added there, and count as if not written.
    The model's source is an `OverlaySource`. Raises InputError with every line of the author's that fits
    nothing in the document, or with all problems of the merged catalogue. Raises PgagentsError for a document
    that cannot be converted.
    """
    with without_collector():
        opened = open_overlay(source, fetch, misfits)
        merged = _merge(opened, misfits)
        model, problems = load(merged, known=opened.validators)
        if model is None and _is_of_document(problems, merged):
            _repair(opened)
            merged = _merge(opened, [])
            model, problems = load(merged)
        for _ in range(MOST_DROPPED):
            if model is not None:
                break
            blaming = replace(merged, blames=True)
            problems = load(blaming)[1]
            if misfits is None or not _drop(opened.over, problems, blaming):
                raise InputError(problems, blaming)
            misfits.extend(problems)
            merged = _merge(opened, [])
            model, problems = load(merged)
    if model is None:
        raise InputError(problems, merged)
    stated = merged.stated | merged.replaced
    return replace(model, document=opened.converted.hold_schemas(stated))


MOST_DROPPED = 50
"""Times that lines which fit nothing are left out of a comparison, before it is given up."""


def _drop(over: dict[str, Any], problems: Sequence[Diagnostic], source: OverlaySource) -> bool:
    """Take the author's lines at which problems are told out of the author's part. Return False without any.

    A part of a call or of an example goes with the whole of it.
    """
    written: dict[Pointer, list[Pointer]] = {}
    for stated in source.stated:
        if (own := source.find_own(stated)) is not None:
            written.setdefault(own, []).append(stated)
    author = Source(source.file, source.text, None, source.root)
    places: dict[str, Pointer] = {}
    for pointer in author.pointers():
        for at_value in (False, True):
            places.setdefault(author.locate(pointer, at_value=at_value).position, pointer)
    found: dict[Pointer, None] = {}
    for problem in problems:
        own = places.get(problem.span.position, ())
        length = next((n for n in range(len(own), 1, -1) if own[:n] in written), 0)
        for at in written.get(own[:length], ()):
            inside = isinstance(value_at(over, at), list) and not is_unit(at)
            found[(*at, *own[length : length + 1]) if inside else at] = None
    ordered = sorted(found, key=lambda at: [str(step).rjust(9) for step in at], reverse=True)
    return sum(_leave_out(over, at) for at in ordered) > 0


def _leave_out(over: dict[str, Any], at: Pointer) -> bool:
    """Remove a part, or the unit in which it lies. Return False if it is gone already."""
    end = next((length for length in range(2, len(at)) if is_unit(at[:length])), len(at))
    holder, step = value_at(over, at[: end - 1]), at[end - 1]
    within = isinstance(holder, list) and isinstance(step, int) and step < len(holder)
    if within or (isinstance(holder, dict) and step in holder):
        del holder[step]
        return True
    return False


def open_overlay(source: Source, fetch: Fetch, misfits: list[Diagnostic] | None) -> Opened:
    """Read the document of a short catalogue and convert it; see `load_overlay`.

    Raises InputError and PgagentsError.
    """
    if source.problems:
        raise InputError(load(source)[1], source)
    _check_sections(source)
    options = read_options(source)
    references, digest, applied = _read_document(source, options, fetch, misfits)
    bases = [parse_base(options.base)] if options.base else list_bases(references.root())
    notes = Notes()
    every = list(operations(references, notes))
    choice = Choice(options.include, options.tags, options.most, options.auth, options.base)
    hosts = list_hosts(references.root(), every)
    choice = replace(choice, host=_choose_host(source.data, hosts))
    called = name_operations(every)
    index = index_operations(every, bases, called)
    chosen = list_fitting(hosts[choice.host] if choice.host else every, choice)[: choice.most]
    entries = spread(source.data.get("actions") or {}, chosen, index, bases)
    facts = find_facts(entries.entries, index, entries.alone, called)
    choice = replace(choice, reads=facts.reads, acts=facts.acts, names=facts.names)
    try:
        named = None if choice.names else called
        converted = convert(references, choice, listed=(every, notes), named=named)
    except InputError:
        raise
    except PgagentsError as error:
        raise _refuse(source, "document", error.message, error.help or "choose another part of it") from None
    validators = without_wrong_examples(converted.data, converted.notes)
    resolved = resolve(entries.entries, converted.made, facts.claimed, entries.alone)
    unused = entries.list_unused(resolved.keys.values())
    over = {key: value for key, value in source.data.items() if key != KEY} | {"actions": resolved.entries}
    without = _offer(converted, over)
    _add_other_customer(converted.data, over)
    _refer_to_own(converted.data, over)
    made = OverlaySource(
        source.file,
        source.text,
        None,
        source.root,
        [],
        source.folder,
        document=_show_document(options.name(source), references, converted, applied),
        keys=resolved.keys,
        patterns=entries,
        hosts={host: [op.label for op in found] for host, found in hosts.items()},
        host=choice.host,
        overlays=applied.files if applied is not None else (),
        options=options,
        digest=digest,
        without=without,
    )
    unfit = (*entries.misfits, *unused, *facts.misfits, *resolved.misfits)
    problems = [_describe(source, misfit) for misfit in unfit]
    _refuse_misfits([*problems, *(applied.problems if applied is not None else [])], made, misfits)
    known = _list_known(resolved.entries, choice)
    return Opened(made, converted, converted.data, over, known, validators)


def _show_document(
    name: str, references: References, converted: Converted, applied: Applied | None
) -> DocumentSource:
    """Return the document as the source of what it says, with the places that overlays moved."""
    document = open_source(
        references.first.text,
        name,
        converted.data,
        converted.find_places(),
        (),
        converted.bases,
        parsed=converted.root.document.data,
    )
    document.names = converted.list_names()
    if applied is not None:
        document.relocate = applied.relocate
        document.parsed = None if applied.items else document.parsed
    document.always_points = True
    return document


def _list_known(entries: Iterable[str], choice: Choice) -> frozenset[Pointer]:
    """Return the parts of the author's that the conversion knew."""
    effects = (("actions", name, "effect") for name in entries)
    server: list[Pointer] = [("api", "server")] if choice.host else []
    return frozenset((("pgagents",), *effects, *server))


def _choose_host(written: Mapping[str, Any], hosts: Mapping[str, Sequence[Operation]]) -> str:
    """Return the host of `api.server` if the document's operations are at it and at others; else nothing.

    Whoever writes `api.servers` speaks of all.
    """
    api = written.get("api")
    api = api if isinstance(api, Mapping) and "servers" not in api else {}
    server = api.get("server")
    server = server.get("url") if isinstance(server, Mapping) else server
    host = find_host(server) if isinstance(server, str) else ""
    return host if host in hosts and len(hosts) > 1 else ""


def _find_evidence(converted: Converted) -> Evidence:
    """Return from what the import concluded the parts that the document does not say."""
    made = converted.notes.made
    reasons = {note.at: note.message for note in made if note.kind == "inferred"}
    reasons |= {note.at: f"a question: {note.message}" for note in made if note.at == ("api", "server")}
    errors = (
        {answer.status for answer in action.operation.answers if answer.status[:1] in ("4", "5")}
        for action in converted.made
    )
    return Evidence(reasons, Counter(status for statuses in errors for status in statuses))


def _check_sections(source: Source) -> None:
    """Refuse a section that is not a mapping, because nothing can be merged with it."""
    found = [
        Diagnostic(
            source.locate((section,), at_value=True),
            "catalogue/type",
            "error",
            f"`{section}` is a mapping, also over a document",
            f"write `{section}: {{NAME: …, OTHER: …}}`, or leave it out to take the document's",
        )
        for section in _MAPPINGS
        if section in source.data and not isinstance(source.data[section], Mapping)
    ]
    if found:
        raise InputError(found, source)


def _read_document(
    source: Source, options: DocumentOptions, fetch: Fetch, misfits: list[Diagnostic] | None
) -> tuple[References, str, Applied | None]:
    """Return the document with its references, its SHA-256, and what its overlays changed.

    A problem is told at the key `openapi`.
    """
    name = options.name(source)
    if source.folder is None and not options.is_remote:
        what = "this catalogue is in no folder of yours, so it may name no file of yours"
        raise _refuse(source, "document-missing", what, "save both beside each other, and name that file")
    if source.folder is None and options.overlays:
        what = "this catalogue is in no folder, so there is none beside it where an overlay could be"
        raise _refuse(source, "document-missing", what, "save it in a folder", key="overlays")
    try:
        raw = fetch(options.locate(source))
    except InputError:
        raise
    except PgagentsError as error:
        help = error.help or "correct the path, which begins at the catalogue's folder"
        raise _refuse(source, "document-missing", error.message, help) from None
    try:
        overlays = read_overlays(options.list_overlays(source), fetch)
    except InputError:
        raise
    except PgagentsError as error:
        raise _refuse(source, "document-missing", error.message, error.help, key="overlays") from None
    digest = hashlib.sha256(raw).hexdigest()
    if overlays:
        digest = hashlib.sha256(
            b"".join(hashlib.sha256(part).digest() for part in (raw, *(o[1] for o in overlays)))
        ).hexdigest()
    if options.sha256 and digest != options.sha256:
        what = f"the document's SHA-256 is {digest[:12]}…, and {options.sha256[:12]}… stands here"
        help = f"see what changed with `pgagents diff`, then write sha256: {digest}"
        at = source.locate((KEY, "sha256"), at_value=True)
        changed = Diagnostic(at, "overlay/document-changed", "error", what, help)
        if misfits is None:
            raise InputError([changed], source)
        misfits.append(changed)
    try:
        document = read(raw, options.locate(source), name)
    except InputError as error:
        if options.stands_beside(source):
            raise
        # an error would show a line of any file that a stranger's catalogue names
        at = error.diagnostics[0].span
        what = f"{name} cannot be read at line {at.line}, column {at.column}; it stands outside this folder"
        help = f"`pgagents import {name} --out -` shows what is wrong there"
        raise _refuse(source, "no-document", what, help) from None
    if is_overlay(document.data) or "pgagents" in document.data:
        what = f"{name} is a catalogue itself, and a catalogue lies over an OpenAPI document alone"
        raise _refuse(source, "no-document", what, f"name the document that {name} is about")
    applied = apply_overlays(document.data, [overlay for overlay, _ in overlays]) if overlays else None
    if applied is not None:
        document = replace(document, data=applied.data)
    references = with_alternatives(References(document, fetch, allowed=options.allow_remote))
    return references, digest, applied


def _refuse(source: Source, id: str, message: str, help: str, *, key: str = "document") -> InputError:
    at = source.locate((KEY, key) if source.has((KEY, key)) else (KEY,), at_value=True)
    return InputError([Diagnostic(at, f"overlay/{id}", "error", brief(message, 300), help)], source)


def _offer(converted: Converted, over: Mapping[str, Any]) -> dict[str, str]:
    """Add the surfaces that a catalogue has without a word of its author's. Return those that are left out.

    Where the author names the group `agents`, it changes the list of all actions, and assistants are offered
    that group. The author's lines about the server, keys and actions decide too.
    """
    data = converted.data
    written = over.get("groups")
    group = GROUP if isinstance(written, Mapping) and GROUP in written else ""
    if group:
        data["groups"] = {GROUP: list(data["actions"])}
    defaults = find_default_surfaces(merge(data, over).data, group)
    named = over.get("surfaces")
    named = named if isinstance(named, Mapping) else {}
    # an author who removes a surface may do so before it could be there
    unwanted: dict[str, Any] = {
        name: {} for name in defaults.left_out if name in named and named[name] is None
    }
    data["surfaces"] |= {**defaults.surfaces, **unwanted}
    return {name: why for name, why in defaults.left_out.items() if name not in named}


def _add_other_customer(data: dict[str, Any], over: Mapping[str, Any]) -> None:
    """Add the identities `main` and `second` where the author says `tenant: true` and names none himself, or
    names the second alone.
    """
    resources = over.get("resources")
    entries = resources.values() if isinstance(resources, Mapping) else ()
    keyed = value_at(data, ("auth", "schemes")) or value_at(over, ("auth", "schemes"))
    named = value_at(over, ("auth", "roles"))
    owned = any(isinstance(one, Mapping) and one.get("tenant") is True for one in entries)
    alone = isinstance(named, Mapping) and SECOND in named and "main" not in named
    if alone or (keyed and not named and owned):
        data.setdefault("auth", {})
        add_second_role(data)


def _refer_to_own(data: dict[str, Any], over: Mapping[str, Any]) -> None:
    """Let what a path names refer to a resource of the author's, whose own calls fill in its id there.

    Import does so for what it concludes. Without it a run does not know that a call removes the instance.
    """
    for resource, argument, path in _list_own_paths(data, over):
        for name, action in data["actions"].items():
            taken = value_at(action, ("input", argument))
            written = value_at(over, ("actions", name, "input", argument, "refers_to"))
            if not isinstance(taken, dict) or written or not f"{_path_of(action)}/".startswith(path):
                continue
            if taken.get("refers_to") in (None, resource.partition(".")[0]):
                taken["refers_to"] = resource


def _list_own_paths(data: Mapping[str, Any], over: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield what the author's reads and removals fill in: his resource, or the member of its id; the argument
    of a path; and the path with it.
    """
    resources = over.get("resources")
    for name, resource in resources.items() if isinstance(resources, Mapping) else ():
        if not isinstance(resource, Mapping):
            continue
        written = resource.get("id", value_at(data, ("resources", name, "id")) or "id")
        ids = written if isinstance(written, list) else [written]
        for call in (*list_calls(resource.get("read_by")), *list_calls(resource.get("undone_by"))):
            path = _path_of(value_at(data, ("actions", str(call.get("action")))))
            filled = call.get("input")
            for argument, value in filled.items() if isinstance(filled, Mapping) else ():
                member = value.removeprefix("=resource.") if isinstance(value, str) else ""
                before, step, _ = path.partition(f"{{{argument}}}")
                if step and member != value and member in ids:
                    yield name if len(ids) == 1 else f"{name}.{member}", argument, f"{before}{step}/"


def _path_of(action: Any) -> str:
    return action["http"].partition(" ")[2] if isinstance(action, Mapping) else ""


def _merge(opened: Opened, misfits: list[Diagnostic] | None) -> OverlaySource:
    """Return the merged source. Raises InputError if a line of the author's fits nothing."""
    source, merged = opened.merge()
    found = {
        (*misfit.at, *([] if misfit.item is None else [misfit.item])): misfit for misfit in merged.misfits
    }
    common = keep_common(found, source.patterns, source.keys)
    _refuse_misfits([_describe(source, found[at]) for at in common], source, misfits)
    return source


def _refuse_misfits(
    found: Sequence[Diagnostic], source: OverlaySource, misfits: list[Diagnostic] | None
) -> None:
    """Keep lines that fit nothing, or raise InputError if nobody keeps them."""
    if misfits is None and found:
        raise InputError(in_order(found), source)
    if misfits is not None:
        misfits.extend(in_order(found))


def _is_of_document(problems: Sequence[Diagnostic], source: OverlaySource) -> bool:
    """True if a problem lies in a part that only the document says."""
    at_key = [source.locate((KEY,), at_value=at_value) for at_value in (False, True)]
    return any(problem.span.file != source.file or problem.span in at_key for problem in problems)


def _repair(opened: Opened) -> None:
    """Take out of the converted document what no catalogue can hold, as an import does.

    Groups and their surfaces are put aside meanwhile: an action that is taken out leaves its group, and does
    not make it invalid.
    """
    base = opened.base
    groups = base.pop("groups", {})
    every = base["surfaces"]
    base["surfaces"] = {name: settings for name, settings in every.items() if not _is_of(settings, groups)}
    remove_invalid_parts(base, opened.converted.notes)
    if groups:
        base["groups"] = {
            group: [name for name in names if name in base["actions"]] for group, names in groups.items()
        }
        base["surfaces"] |= {name: every[name] for name in every if _is_of(every[name], groups)}


def _is_of(surface: Mapping[str, Any], groups: Mapping[str, Any]) -> bool:
    """True if a surface offers one of the groups; a dispatcher lists its actions itself."""
    named = surface.get("actions")
    return isinstance(named, str) and named in groups


def _describe(source: Source, misfit: Misfit) -> Diagnostic:
    span = source.locate(misfit.at)
    if misfit.item is not None and isinstance(source, OverlaySource):
        span = Source.locate(source, source.to_written((*misfit.at, misfit.item)))
    return Diagnostic(span, f"overlay/{misfit.id}", "error", misfit.message, misfit.help)
