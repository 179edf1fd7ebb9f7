"""A law, or a step of a workflow, reads a member of an answer, or of what it refers to, that no schema names.

Nothing promises such a member: a server that leaves it out keeps every contract, and the law is only
untested. Most often the name is misspelt, or the member is gone from the document that the catalogue was made
from. A member counts as named if any branch of the answer's schema has it. It may have any name where the
schema lists no members, or says `additionalProperties` or `patternProperties`. A law that asks `has(…)` first
may read it.

Bad:

    actions:
      search_products:
        laws: {counts: response.total == size(response.products)}
        examples: {one: {input: {q: kettle, limit: 5}, output: {products: [], total: 0}}}

Good:

    actions:
      search_products:
        output: {200: {properties: {total: {type: integer, description: Number of products found}}}}
        laws: {counts: response.total == size(response.products)}
        examples: {one: {input: {q: kettle, limit: 5}, output: {products: [], total: 0}}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from pgagents.base.cel.syntax import (
    Choice,
    FunctionCall,
    Index,
    Macro,
    Member,
    Name,
    Node,
    children,
    print_node,
)
from pgagents.base.jsonschema.schema import resolve
from pgagents.base.places import Pointer
from pgagents.base.text import brief, did_you_mean
from pgagents.catalogue.decoding.medium import find as find_medium
from pgagents.catalogue.model.action import Action, Law
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource, Step
from pgagents.lint.rule import Hit, Rule

Schema = Mapping[str, Any]
Form = tuple[Schema, ...]
"""Schemas that one value fits all together."""
Forms = tuple[Form, ...] | None
"""The forms of which a value has one; None if it may be anything."""
MOST_FORMS = 64
MOST_DEPTH = 12
REF = "ref"
REFUSED = 300
"""The lowest status that is not a success."""
_SHAPED = ("json", "csv")


def find(model: Model) -> Iterator[Hit]:
    for action in model.actions:
        known = _find_known(action, model) if action.laws else {}
        for law in action.laws:
            yield from _find_in(
                law.origin, f"the law `{law.name}` of `{action.name}`", _list_parts(law), known, model
            )
    for resource in model.resources.values():
        shown = _find_shown(resource, model) if resource.laws else None
        for law in resource.laws:
            told = f"the law `{law.name}` of `{resource.name}`"
            yield from _find_in(law.origin, told, _list_parts(law), {"created": shown, "read": shown}, model)
    for workflow in model.workflows:
        for step in workflow.steps:
            answer = _find_answers(step.action, model) if step.status < REFUSED else None
            told = f"the step `{step.name}` of `{workflow.name}`"
            yield from _find_in(step.origin, told, _list_texts(step), {"response": answer}, model)


def _list_parts(law: Law) -> list[tuple[Pointer, Node]]:
    """Return the expressions of a law, each with its place below the law."""
    both = (("when", law.when), ("that", law.that))
    return [((key,), text.tree) for key, text in both if text is not None]


def _find_known(action: Action, model: Model) -> dict[str, Forms]:
    """Return the forms of what the laws of an action read: its answer, and what its arguments refer to."""
    known = {"response": _find_answers(action, model)}
    for param in action.params:
        resource = model.resources.get((param.refers_to or "").partition(".")[0])
        if resource is not None:
            for name in (str(param.name), resource.name):
                known[f"{REF}.{name}"] = _find_shown(resource, model)
    return known


def _find_shown(resource: Resource, model: Model) -> Forms:
    """Return the forms in which calls show a resource; None if one of them may show anything."""
    forms: list[Form] = []
    items = Index(Name("list"), Name("item"))
    made = [(call, None) for call in (resource.made_by, *resource.read_by) if call is not None]
    for call, each in (*made, *((call, items) for call in (resource.found_by, *resource.listed_by) if call)):
        reader, known = _Reader(model), {"response": _find_answers(call.action, model)}
        found = reader.read(call.at.tree, known, frozenset()) if call.at is not None else known["response"]
        if each is not None:
            found = reader.read(each, {"list": found}, frozenset())
        if found is None or resource.body_at or call.id_at is not None:  # the run gives it other names
            return None
        forms += found
    return tuple(forms) or None


def _list_texts(step: Step) -> list[tuple[Pointer, Node]]:
    """Return the expressions over the answer of a step, each with its place below the step."""
    texts: list[tuple[Pointer, Node]] = [(("keep", name), text.tree) for name, text in step.keep.items()]
    for key in ("expect", "expect_timed", "expect_alone"):
        texts += [((key, index), text.tree) for index, text in enumerate(getattr(step, key))]
    return texts


def _find_answers(action: Action, model: Model) -> Forms:
    """Return the forms of a successful answer; None if a success has a body that no schema describes."""
    forms: list[Form] = []
    for output in action.outputs:
        if not 200 <= output.status < 300 or output.schema is None:
            continue
        if output.any_type or find_medium(output.content_type).name not in _SHAPED:
            return None
        expanded = _expand(output.schema, model)
        if expanded is None:
            return None
        forms += expanded
    return tuple(forms) or None


def _find_in(
    origin: Pointer,
    told: str,
    texts: Sequence[tuple[Pointer, Node]],
    known: Mapping[str, Forms],
    model: Model,
) -> Iterator[Hit]:
    guarded = frozenset(path for _, tree in texts for path in _list_guarded(tree))
    for key, tree in texts:
        reader = _Reader(model)
        reader.read(tree, known, guarded)
        for node, names in reader.unnamed.items():
            written = (*origin, *key)
            place: Pointer = written if model.source.has(written) else origin
            path = brief(print_node(node))
            said = f"{told} reads `{path}`, and no schema names it"
            help = did_you_mean(node.name, names)
            if node.name in ("length", "count") and not help.startswith("did"):
                help = f"`size({brief(print_node(node.base))})` is the length of a text or a list"
                yield Hit(origin, said, help, part=(place, node.start))
                continue
            if node.name in ("status_code", "statusCode", "status", "headers"):
                help = f"the answer's own is `{'headers' if node.name == 'headers' else 'status'}`"
            elif not help.startswith("did"):
                help = f"describe it under `output`, or ask `has({path})` first" + (
                    f"; {help}" if help else ""
                )
            yield Hit(origin, said, help, part=(place, node.start))


def _list_guarded(tree: Node) -> Iterator[str]:
    """Yield the members that an expression asks for by `has`."""
    stack: list[Node] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, FunctionCall) and node.name == "has":
            for argument in node.args:
                yield print_node(argument)
        stack.extend(children(node))


class _Reader:
    """Read an expression along the schemas of what it reads, and keep the members that none names."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.unnamed: dict[Member, Sequence[str]] = {}
        """The nodes, each with the names that its schemas have."""

    def read(self, node: Node, known: Mapping[str, Forms], guarded: frozenset[str]) -> Forms:
        """Return the forms of a node's value, after reading the nodes inside it."""
        match node:
            case Name(name):
                return known.get(name)
            case FunctionCall("has"):
                return None
            case Member(Name("ref"), name):
                return known.get(f"{REF}.{name}")
            case Member(base, name):
                return self._read_member(node, self.read(base, known, guarded), name, guarded)
            case Index(base, index):
                self.read(index, known, guarded)
                return self._items(self.read(base, known, guarded))
            case Macro():
                whole = self.read(node.of, known, guarded)
                inner = {**known, node.item: self._items(whole)}
                for argument in node.args:
                    self.read(argument, inner, guarded)
                return whole if node.name == "filter" else None
            case Choice():
                self.read(node.condition, known, guarded)
                then, otherwise = (self.read(n, known, guarded) for n in (node.then, node.otherwise))
                return (*then, *otherwise) if then is not None and otherwise is not None else None
        for part in children(node):
            self.read(part, known, guarded)
        return None

    def _read_member(self, node: Member, base: Forms, name: str, guarded: frozenset[str]) -> Forms:
        if base is None:
            return None
        found: list[Form] = []
        is_open = False
        for form in base:
            inside = [part["properties"][name] for part in form if name in (part.get("properties") or {})]
            if inside:
                expanded = _expand({"allOf": inside}, self._model)
                is_open = is_open or expanded is None
                found += expanded or ()
            elif _is_open(form):
                is_open = True
        if not found and not is_open:
            if print_node(node) not in guarded:
                names = dict.fromkeys(
                    n for form in base for part in form for n in part.get("properties") or ()
                )
                self.unnamed.setdefault(node, list(names))
            return None
        return None if is_open else tuple(found[:MOST_FORMS])

    def _items(self, base: Forms) -> Forms:
        """Return the forms of a list's items. A member of an object by a computed name may be anything."""
        if base is None:
            return None
        found: list[Form] = []
        for form in base:
            items = [part["items"] for part in form if isinstance(part.get("items"), Mapping)]
            expanded = _expand({"allOf": items}, self._model) if items else None
            if expanded is None:
                return None
            found += expanded
        return tuple(found[:MOST_FORMS]) or None


def _is_open(form: Form) -> bool:
    """True if a value of this form may have members of any name."""
    if any("object" not in part["type"] for part in form if part.get("type")):
        return False  # it is not an object, such as the null of an optional one
    if not any(part.get("properties") for part in form):
        return True
    return any(
        part.get("additionalProperties", False) is not False or part.get("patternProperties") for part in form
    )


def _expand(schema: Schema, model: Model, depth: int = 0) -> Forms:
    """Return the forms of a schema: one for each way through its unions. None if it says nothing."""
    if depth > MOST_DEPTH:
        return None
    whole = resolve(schema, model.schemas)
    own = {key: value for key, value in whole.items() if key not in ("allOf", "anyOf", "oneOf")}
    sets: list[Sequence[Form]] = [[(own,)]]
    for part in whole.get("allOf") or ():
        expanded = _expand(part, model, depth + 1)
        if expanded is None:
            return None
        sets.append(expanded)
    for key in ("anyOf", "oneOf"):
        branches = [_expand(branch, model, depth + 1) for branch in whole.get(key) or ()]
        if any(branch is None for branch in branches):
            return None
        if branches:
            sets.append([form for branch in branches for form in branch or ()])
    count = 1
    for each in sets:
        count *= len(each)
    if count > MOST_FORMS:
        return None
    return tuple(tuple(part for form in forms for part in form) for forms in product(*sets))


RULE = Rule("error", "catalogue.laws-read-named-members", find)
