"""Convert a whole document into a catalogue: choose operations, convert each part, collect notes."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.base.places import Pointer
from pgagents.base.text import brief, did_you_mean, fits
from pgagents.catalogue.model.action import WithheldGet, WithheldGets
from pgagents.catalogue.model.model import Model
from pgagents.importer.action_names import ActionName, name_operations
from pgagents.importer.actions import Actions
from pgagents.importer.alternatives import with_alternatives
from pgagents.importer.document import Found, References
from pgagents.importer.errors import Errors
from pgagents.importer.inference.inference import add_second_caller, infer
from pgagents.importer.invalid_parts import (
    add_ignores,
    nothing_left,
    remove_invalid_parts,
    without_wrong_examples,
)
from pgagents.importer.names import Note, Notes, cut, is_name, unique
from pgagents.importer.nature import ActingGets, find_acting
from pgagents.importer.operations import JSON, ImportedAction, Operation, operations, version
from pgagents.importer.own_schemas import OwnSchemas
from pgagents.importer.places import Places, find_places
from pgagents.importer.response_headers import Headers
from pgagents.importer.schemas import Schemas
from pgagents.importer.security import Security, list_described, parse_scheme, with_scheme
from pgagents.importer.servers import (
    Servers,
    api,
    describe_by_lists,
    describe_main,
    find_usual_url,
    list_bases,
    list_hosts,
)
from pgagents.importer.surfaces import Offer, offer
from pgagents.lint.rule import Hit, rules

MAX_OPERATIONS = 4_000


@dataclass(frozen=True, slots=True)
class Choice:
    """The operations to import: those that match any of `include` and have any of `tags`, at most `most`.

    An entry of `include` is an operationId or `GET /path`, in which `*` matches anything. `auth` is the key
    of a document that declares none, as `--auth` takes it. `base` is the path before all others, `/` for
    none. Without it, the path of the document's first server counts. `reads` and `acts` are entries like
    those of `include`. By the author's word, a POST or GET that fits one of `reads` only reads. A GET that
    fits one of `acts` does not. `names` are the author's names of actions, by the label of their operations.
    """

    include: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    most: int | None = None
    auth: str = ""
    base: str = ""
    reads: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Names that the author gives to actions, by the operation's `GET /path`."""
    host: str = ""
    """Scheme and host of the one server whose operations are read, where a document has several."""
    second: bool = False
    """True if the caller has the key of another customer, who must not see what the first one makes."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A document as the data of a catalogue that nobody has loaded yet. It has the surface `rest` alone."""

    data: dict[str, Any]
    made: list[ImportedAction]
    notes: Notes
    root: Found
    operations: int
    """Number of operations in the document."""
    references: References
    bases: tuple[str, ...]
    """Paths of the document's servers. The first one is the beginning of the catalogue's paths."""
    withheld: WithheldGets
    """The GETs of the document that act by their words."""
    schemas: Schemas
    decided: Mapping[str, str] = field(default_factory=dict)
    """The effect of operations as `--reads` and `--acts` state it, by label."""

    def find_places(self) -> Places:
        """Return the pointers of the catalogue, each with the pointer of its source in the document."""
        return find_places(self.made, self.schemas, self.root.document, self.data.get("resources", {}))

    def hold_schemas(self, stated: Iterable[Pointer] = ()) -> OwnSchemas:
        """Return the document's own schemas; what an author states at these pointers replaces them."""
        return OwnSchemas(self.references, self.made, self.schemas, stated)

    def list_schemes(self) -> tuple[str, ...]:
        """Return the security schemes that the document describes, as `--auth` takes them."""
        return tuple(list_described(self.references))

    def list_names(self) -> dict[str, tuple[str, ...]]:
        """Return the names of each action's operation: its operationId, its label and its path."""
        return {m.name: (m.operation.id, m.operation.label, m.operation.path) for m in self.made}


@dataclass(frozen=True, slots=True)
class Imported:
    """The catalogue as data, as text and loaded, with notes on losses and open decisions."""

    data: dict[str, Any]
    text: str
    model: Model
    notes: tuple[Note, ...]
    operations: int
    """Number of operations in the document."""
    without: Mapping[str, str] = field(default_factory=dict)
    """Surfaces that were left out because their vendors would refuse the catalogue, each with the reason."""
    places: Places = field(default_factory=dict)
    """Pointers of the catalogue, each with the pointer of its source in the document."""
    document: str = ""
    """The text of the document."""
    chosen: str = ""
    """A description of the actions chosen for vendors with a limit; empty if all actions are offered."""
    schemes: tuple[str, ...] = ()
    """Security schemes that the document describes, as `--auth` takes them."""
    withheld: WithheldGets = field(default_factory=WithheldGets)
    """The GETs of the document that act by their words."""
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The names of each action's operation in the document: its operationId, its label and its path."""
    bases: tuple[str, ...] = ("",)
    """Paths of the document's servers. The first one is the beginning of the catalogue's paths."""

    @property
    def left_out(self) -> int:
        """Number of operations that are not in the catalogue."""
        return sum(note.count for note in self.notes if note.kind == "left out")


def catalogue(
    references: References, choice: Choice | None = None, *, offering: bool = True, comparing: bool = False
) -> Imported:
    """Convert a document.

    With `offering`, surfaces whose vendors would accept the catalogue are added. With `comparing`, operations
    that no manifest could express exactly (a form, another kind of key) are converted as closely as possible.
    Such a result only serves to compare two editions, and is never written. Raises InputError or
    PgagentsError if the document is not OpenAPI.
    """
    with without_collector():
        return _catalogue(references, choice or Choice(), offering, comparing)


def _catalogue(references: References, choice: Choice, offering: bool, comparing: bool) -> Imported:
    converted = convert(references, choice, comparing=comparing)
    data, made, notes = converted.data, converted.made, converted.notes
    offered, text, model = _offer_and_load(data, made, notes, offering)
    model = replace(model, document=converted.hold_schemas())
    return Imported(
        data,
        text,
        model,
        tuple(notes.made),
        converted.operations,
        offered.without,
        converted.find_places(),
        converted.root.document.text,
        bases=converted.bases,
        schemes=converted.list_schemes(),
        chosen=offered.chosen,
        withheld=converted.withheld,
        names=converted.list_names(),
    )


def convert(
    references: References,
    choice: Choice,
    *,
    comparing: bool = False,
    listed: tuple[Sequence[Operation], Notes] | None = None,
    named: Mapping[str, ActionName] | None = None,
) -> Converted:
    """Convert a document without loading the result, and without a choice for vendors; see `catalogue`.

    `listed` are its operations if they were listed before, with the notes on those that were not. Then the
    references are those `with_alternatives`. `named` are the names of their actions by label, if they were
    made before.
    """
    edition, scheme, why = version(references.root()), "", ""
    if listed is None:
        references = with_alternatives(references)
    if choice.auth:
        references, scheme, why = with_scheme(references, parse_scheme(choice.auth))
        listed = None  # the scheme of the choice is in no operation yet
    root = references.root()
    notes = listed[1] if listed is not None else Notes()
    every = list(listed[0] if listed is not None else operations(references, notes))
    if choice.host:
        chosen = _choose_operations(list_hosts(root, every).get(choice.host, []), choice, notes)
    else:
        chosen = _choose_operations(every, choice, notes)
    schemas = Schemas(references, notes, modern=edition == "3.1")
    described = api(root, notes, find_usual_url(chosen))
    described["server"] = choice.host or described["server"]
    security = Security(references, notes, chosen, scheme, why)
    servers = Servers(root, described["server"], notes, choice.base)
    reads, acts = _find_decided(chosen, choice)
    acting = find_acting(every, reads, acts)
    actions = Actions(
        schemas,
        notes,
        servers,
        security.find_own,
        named if named is not None else name_operations(every, choice.names),
        reads=reads,
        acting=acting.why,
        comparing=comparing,
    )
    taken = (security.without_key(op) for op in chosen if comparing or security.takes(op))
    made = [action for op in taken if (action := actions.make(op))]
    if not made:
        raise nothing_left(notes)
    describe_by_lists(described, (one.name for one in made))
    made, spoken = dispatchers(made, notes)
    told, on_answers = _convert_answers(made, schemas, security, references, notes)
    if not comparing and (fixed := take_constant_headers(made, notes)):
        described["request_headers"] = fixed
    inferred = infer(made, schemas.named, references, told, notes) if not comparing else {}
    if not choice.host:
        described["server"] = describe_main(root, described["server"], notes)
    if servers.written:
        described["servers"] = servers.written
    data = _assemble(described, *security.section(), told, on_answers, schemas, made)
    data["surfaces"] |= spoken
    data |= inferred
    if choice.second:
        add_second_caller(data, notes)
    _beyond(references, notes)
    return Converted(
        data,
        made,
        notes,
        root,
        len(every),
        references,
        tuple(dict.fromkeys((servers.base, *list_bases(root)))),
        _list_withheld(every, acting, servers, made),
        schemas,
        dict.fromkeys(sorted(reads), "read") | dict.fromkeys(sorted(acts), "write"),
    )


def _list_withheld(
    every: Sequence[Operation], acting: ActingGets, servers: Servers, made: Sequence[ImportedAction]
) -> WithheldGets:
    """Return the GETs that act, also those of which no action could be made."""
    actions = {m.operation.label: m for m in made}
    gets = []
    for op in every:
        if op.label not in acting.why:
            continue
        action = actions.get(op.label)
        path = str(action.action["http"]).partition(" ")[2] if action else servers.find_base(op) + op.path
        gets.append(WithheldGet(op.label, path, acting.why[op.label], action.name if action else ""))
    return WithheldGets(tuple(gets), acting.total, acting.of_actions)


def _convert_answers(
    made: Sequence[ImportedAction],
    schemas: Schemas,
    security: Security,
    references: References,
    notes: Notes,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the catalogue's `errors` and `headers`, which all actions share; then finish the schemas."""
    security.keep(made)
    errors, headers = Errors(schemas, notes, made), Headers(schemas, notes, references)
    for action in made:
        errors.take(action)
        headers.take(action)
        security.take(action)
    told = errors.section()
    on_answers = headers.section(frozenset(errors.edge))
    schemas.finish()
    for action in made:
        schemas.relax(action.action)
    return told, on_answers


def _offer_and_load(
    data: dict[str, Any], made: Sequence[ImportedAction], notes: Notes, offering: bool
) -> tuple[Offer, str, Model]:
    """Add surfaces to a catalogue, remove what the loader refuses, and return it as text and loaded."""
    known = without_wrong_examples(data, notes)
    offered = offer(data, made, notes, known) if offering else Offer()
    if offered.model is not None:
        ask_about_findings(offered.model, notes)
        add_ignores(offered.model, notes)
    join_questions(notes)
    text, model = remove_invalid_parts(data, notes, known)
    if offered.model is None and add_ignores(model, notes):
        text, model = remove_invalid_parts(data, notes, known)
    return offered, text, model


def _choose_operations(every: list[Operation], choice: Choice, notes: Notes) -> list[Operation]:
    if not every:
        raise PgagentsError("the document has no operations", "an OpenAPI document lists them under `paths`")
    found = list_fitting(every, choice)
    if not found:
        names = [op.id or op.label for op in every]
        wanted = ", ".join([*choice.include, *(f"tag {t}" for t in choice.tags)])
        tags = sorted({t for op in every for t in op.tags})
        help = (
            did_you_mean(choice.include[0], names) if choice.include else did_you_mean(choice.tags[0], tags)
        )
        raise PgagentsError(f"none of the document's {len(every)} operations fits {wanted}", help)
    if choice.most is not None and len(found) > choice.most:
        first = ", ".join(o.label for o in found[choice.most :][:8])
        beyond = len(found) - choice.most
        notes.add_left_out(
            f"{beyond} more that fit, as --max is {choice.most}: {first}{', …' if beyond > 8 else ''}",
            count=beyond,
        )
        found = found[: choice.most]
    if len(found) > MAX_OPERATIONS:
        raise PgagentsError(
            f"{len(found):,} operations are too many; at most {MAX_OPERATIONS:,} become a catalogue",
            "choose: --tag, --include, --max",
        )
    return found


def _find_decided(chosen: Sequence[Operation], choice: Choice) -> tuple[frozenset[str], frozenset[str]]:
    """Return the labels of the operations that by the author's word only read, and of those that act.

    An entry without `*` outweighs one with it. Raises PgagentsError for an entry that nothing fits, and for
    an operation that both options name alike. PUT, PATCH and DELETE always write.
    """
    able = {"--reads": ("POST", "GET"), "--acts": ("GET",)}
    fitting: dict[str, dict[str, bool]] = {}
    for flag, patterns in (("--reads", choice.reads), ("--acts", choice.acts)):
        operations = [op for op in chosen if op.method in able[flag]]
        fitting[flag] = {}
        for pattern in patterns:
            found = [op.label for op in operations if fits(pattern, (op.id, op.label, op.path))]
            if not found:
                methods, names = " or ".join(able[flag]), [op.id or op.label for op in operations]
                names += [op.label for op in operations] if " " in pattern else []
                near = (
                    did_you_mean(pattern, names) or "name an operationId, or write 'GET /path'; * is anything"
                )
                raise PgagentsError(f"{flag} {brief(pattern)}: no {methods} fits it", near)
            for label in found:
                fitting[flag][label] = fitting[flag].get(label, False) or "*" not in pattern
    reads, acts = fitting["--reads"], fitting["--acts"]
    for label in reads.keys() & acts.keys():
        if reads[label] == acts[label]:
            raise PgagentsError(f"{brief(label)} fits both --reads and --acts", "name it in one of them")
    return (
        frozenset(label for label, exact in reads.items() if label not in acts or exact),
        frozenset(label for label, exact in acts.items() if label not in reads or exact),
    )


def list_fitting(every: Iterable[Operation], choice: Choice) -> list[Operation]:
    """Return the operations that fit a choice, also those beyond its number."""
    return [op for op in every if _fits(op, choice)]


def _fits(op: Operation, choice: Choice) -> bool:
    tagged = not choice.tags or any(t.lower() == tag.lower() for t in choice.tags for tag in op.tags)
    return tagged and (
        not choice.include or any(fits(pattern, (op.id, op.label, op.path)) for pattern in choice.include)
    )


def _assemble(
    described: dict[str, Any],
    security: list[dict[str, list[str]]],
    auth: dict[str, Any],
    errors: dict[str, Any],
    headers: dict[str, Any],
    schemas: Schemas,
    made: Sequence[ImportedAction],
) -> dict[str, Any]:
    data: dict[str, Any] = {"pgagents": 1, "api": described, "security": security}
    data |= {"auth": auth} if auth else {}
    data["errors"] = errors
    if headers:
        data["headers"] = headers
    data["behaviour"] = {"literal_path": "wins"}  # OpenAPI prefers paths without placeholders
    sending = [m.action for m in made if m.operation.body]
    if sending and all(a.get("unknown") == "refused" for a in sending):
        data["behaviour"]["unknown_member"] = "refused"
        for action in sending:
            del action["unknown"]
    if not security:
        for one in made:
            one.action.pop("security", None)
    actions = {m.name: _sort_keys(m.action) for m in made}
    needed = _find_needed(schemas.named, [actions, errors, headers])
    data["schemas"] = {name: schemas.named[name] for name in sorted(needed, key=list(schemas.named).index)}
    data["actions"] = actions
    data["surfaces"] = {"rest": {"actions": "all"}}
    return data


_ORDER = (
    "title", "description", "http", "server", "operation_id", "effect",
    "costs", "may_cost", "sends", "may_send", "destructive",
    "idempotent", "open_world", "confirm", "security",
    "idempotency",
    "content_type",
    "input", "either",
    "unknown", "output", "other_statuses", "etag", "if_match", "pages", "errors",
    "examples", "tags", "deprecated",
)  # fmt: skip


def _sort_keys(action: dict[str, Any]) -> dict[str, Any]:
    """Return an action with its keys in the order of `_ORDER`, and all others behind them."""
    return {key: action[key] for key in _ORDER if key in action} | action


def _find_needed(named: dict[str, Any], users: list[Any]) -> set[str]:
    """Return the names of schemas that are used, directly or not."""
    found: set[str] = set()
    stack: list[Any] = list(users)
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            names = [node.get("$ref"), node.get("envelope")]
            for name in names:
                if isinstance(name, str) and name in named and name not in found:
                    found.add(name)
                    stack.append(named[name])
            stack.extend(node.values())
    return found


def _beyond(references: References, notes: Notes) -> None:
    """Record parts of the document that no action can express."""
    root = references.root()
    for document in references.documents.values():
        if lines := document.list_keys():
            shown = ", ".join(map(str, dict.fromkeys(lines[:8])))
            said = (
                f"{len(lines)} of the texts of {document.name} hold a key, which is not carried: line {shown}"
            )
            notes.add_lost(("api",), said)
    ordered = [
        tag.text("name") for tag in root.at("tags").items() if {"parent", "kind"} & tag.mapping().keys()
    ]
    if ordered:
        told = f"the order of tags (`parent`, `kind`) is not carried: {', '.join(map(brief, ordered[:8]))}"
        notes.add_lost(("actions",), told, root.at("tags").place)
    if events := list(root.at("webhooks").members()):
        notes.add_lost(
            ("surfaces",), f"webhooks are not carried: {', '.join(events[:8])}", root.at("webhooks").place
        )


# -- dispatchers


def dispatchers(made: Sequence[ImportedAction], notes: Notes) -> tuple[list[ImportedAction], dict[str, Any]]:
    """Return the real actions, and a surface for each dispatcher among them."""
    names = {one.name for one in made}
    found: dict[str, Any] = {}
    proper: list[ImportedAction] = []
    refusing: set[str] = set()
    for one in made:
        surface = _surface(one, names - {one.name})
        if surface is None:
            proper.append(one)
            continue
        name = unique("dispatcher", found)
        found[name] = surface
        if one.action.get("unknown") == "refused":
            refusing |= set(surface["actions"])
        notes.decide(
            ("surfaces", name),
            f"{one.operation.label} takes an action's name and its arguments, so it is a surface here",
            one.operation.whole.place,
        )
    for one in proper:
        if one.name in refusing:
            one.action["unknown"] = "refused"
    return proper, found


def _surface(one: ImportedAction, names: set[str]) -> dict[str, Any] | None:
    arguments = one.action.get("input", {})
    if (
        one.operation.method != "POST"
        or len(arguments) != 2
        or any(p.get("in", "body") != "body" for p in arguments.values())
    ):
        return None
    selector = next((n for n, p in arguments.items() if p.get("required") is True and _names(p, names)), None)
    inner = next((n for n in arguments if n != selector), None)
    if selector is None or inner is None or arguments[inner].get("type") != "object":
        return None
    said = {
        int(a.status): cut(a.description)
        for a in one.operation.answers
        if a.status.isdecimal() and a.description and a.media == JSON
    }
    made = {
        "title": one.action["title"],
        "description": one.action["description"],
        "http": one.action["http"],
        "selector": selector,
        "arguments": inner,
        "actions": list(arguments[selector]["enum"]),
        "responses": said,
    }
    if is_name(one.operation.id):
        made["operation_id"] = one.operation.id
    return made


def _names(param: dict[str, Any], names: set[str]) -> bool:
    """True if an argument's values are restricted to names of actions."""
    values = param.get("enum")
    return (
        isinstance(values, list)
        and len(values) > 1
        and all(isinstance(v, str) and v in names for v in values)
    )


# -- constant headers


def take_constant_headers(every: Sequence[ImportedAction], notes: Notes) -> dict[str, str]:
    """Remove arguments that are the same constant header in every action; return these headers."""
    each = [_list_constants(made) for made in every]
    if len(each) < 2:
        return {}
    common = set.intersection(*(set(found.items()) for found in each))
    for made in every:
        for name, _ in common:
            argument = made.wires.pop((name, "header"))
            made.action["input"].pop(argument)
            for example in made.action.get("examples", {}).values():
                example.get("input", {}).pop(argument, None)
            if not made.action["input"]:
                del made.action["input"]
    for name, _ in sorted(common):
        notes.infer(("api", "request_headers", name), "as every operation requires this one value")
    return dict(sorted(common))


def _list_constants(made: ImportedAction) -> dict[str, str]:
    """Return the required headers of an action that have only one possible value."""
    found: dict[str, str] = {}
    for (wire, place), argument in made.wires.items():
        schema = made.action.get("input", {}).get(argument, {}) if place == "header" else {}
        value = _only_value(schema)
        if isinstance(value, str) and value and schema.get("required"):
            found[wire] = value
    return found


def _only_value(schema: dict[str, Any]) -> Any:
    """Return the only value that a schema allows, or None."""
    values = [schema["const"]] if "const" in schema else schema.get("enum") or []
    return values[0] if len(values) == 1 else None


# -- questions to the author


_ANSWERED = frozenset(("catalogue/same-argument", "catalogue/unconfirmed-write"))
"""Rules whose findings an import resolves by itself."""
_SHORT = {
    "catalogue/thin-description": "say what this does, when to call it and what comes back",
    "catalogue/undescribed-argument": "describe {names}",
    "catalogue/speaks-to-user": "say in the third person, about the call and not to a user: {names}",
    "catalogue/unsaid-unit": "in which unit is {names}?",
    "catalogue/unsaid-format": "in which form is {names}?",
}
"""One request for all findings of a rule in an action."""
_MOST_NAMES = 8


def ask_about_findings(model: Model, notes: Notes) -> None:
    """Add a question for each action with findings of lint worse than notes, and for other places."""
    found: dict[Pointer, dict[str, list[Hit]]] = {}
    for id, rule in rules().items():
        if id in _ANSWERED or (rule.surface is not None and rule.surface not in model.surfaces):
            continue
        for hit in rule.find(model):
            if (hit.severity or rule.severity) != "note":
                at = hit.origin[:2] if hit.origin[:1] in (("actions",), ("schemas",)) else hit.origin
                found.setdefault(at, {}).setdefault(id, []).append(hit)
    asked = {note.at for note in notes.made if note.kind == "decide"}
    for at, by_rule in found.items():
        if at[:1] == ("actions",) or at not in asked:
            said = [_word(id, hits) for id, hits in by_rule.items() if not _is_asked(id, at, asked)]
            if any(said):
                notes.decide(at, "; ".join(filter(None, said)))


def _is_asked(id: str, at: Pointer, asked: Iterable[Pointer]) -> bool:
    """True for a finding about which the importer asks a question of its own."""
    return id == "catalogue/writing-get" and at in asked


def _word(id: str, hits: list[Hit]) -> str:
    """Return one request for the findings of a rule, or an empty text."""
    names = list(dict.fromkeys(_name(hit.origin) for hit in hits if hit.origin[2:3] != ("texts",)))
    if not names:
        return ""  # the question about the common text covers the surface's own text
    shown = ", ".join(names[:_MOST_NAMES]) + (
        f" and {len(names) - _MOST_NAMES} more" if names[_MOST_NAMES:] else ""
    )
    if id in _SHORT and all(hit.origin[:1] == ("actions",) for hit in hits):
        return _SHORT[id].format(names=shown)
    return f"{hits[0].message}: {hits[0].help}"


def _name(at: Pointer) -> str:
    """Return the name of the argument or part of an action that a finding is about."""
    inside = at[3:] if at[2:3] == ("input",) else at[2:]
    steps = [str(step) for step in inside if step not in ("properties", "items", "description")]
    return f"`{'.'.join(steps)}`" if steps else "its description"


def join_questions(notes: Notes) -> None:
    """Replace all questions about one action by a single one above the action."""
    several: dict[Pointer, list[Note]] = {}
    for note in notes.made:
        if note.kind == "decide" and note.at[:1] == ("actions",) and len(note.at) > 1:
            several.setdefault(note.at[:2], []).append(note)
    notes.made = dict.fromkeys(_joined(notes.made, several))


def _joined(every: Iterable[Note], several: Mapping[Pointer, list[Note]]) -> Iterable[Note]:
    done: set[Pointer] = set()
    for note in every:
        at = note.at[:2]
        if note.kind != "decide" or at not in several:
            yield note
        elif at not in done:
            done.add(at)
            said = "; ".join(dict.fromkeys(one.message for one in several[at]))
            yield Note("decide", at, said, several[at][0].source)


# -- the garbage collector


@contextmanager
def without_collector() -> Iterator[None]:
    """Disable Python's garbage collector inside the block, and restore its state afterwards.

    A build, a lint and an import keep almost all they create. Scanning it takes a fifth to a third of their
    time.
    """
    ran = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if ran:
            gc.enable()
