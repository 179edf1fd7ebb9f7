"""Remove the parts of an imported catalogue that its loader would refuse, such as invalid examples.

The document is wrong in these places. Each is recorded in a note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pgagents.base.errors import Diagnostic, PgagentsError
from pgagents.base.jsonschema.direction import OneWay
from pgagents.base.jsonschema.schema import Validators
from pgagents.base.places import Pointer, Source
from pgagents.base.reading import MAX_VALUES, parse
from pgagents.base.text import brief
from pgagents.catalogue.language.schemas import argument_node, schema_node
from pgagents.catalogue.load import load
from pgagents.catalogue.model.model import Model
from pgagents.importer.names import Note, Notes
from pgagents.importer.text import render_yaml

MAX_ROUNDS = 12
_TOKENS_PATH = re.compile(r"\Athis is the path of the action `(\w+)`")
SAME_NAME = "the document has two arguments of this name, in different places"
ACTING_GET = "the document has it so, and says in words that it acts"


def make_comments(notes: Notes | tuple[Note, ...]) -> dict[Pointer, list[str]]:
    """Return the comments for the file, each by the pointer below it."""
    found: dict[Pointer, list[str]] = {}
    for note in notes.made if isinstance(notes, Notes) else notes:
        found.setdefault(note.at, []).append(str(note) if note.kind == "answered" else f"{note.kind}: {note}")
    return found


def remove_invalid_parts(
    data: dict[str, Any], notes: Notes, known: Validators | None = None
) -> tuple[str, Model]:
    """Return the catalogue as text and loaded, after changing `data` until it loads.

    `known` are validators of its schemas, so that none is compiled twice. Raises PgagentsError if no action
    is left, or if the catalogue is too large.
    """
    found: list[Diagnostic] = []
    for _ in range(MAX_ROUNDS):
        if not data["actions"]:
            raise nothing_left(notes)
        text = render_yaml(data, make_comments(notes))
        source = parse(text, "<import>")
        if source.problems and source.problems[0].id in ("too-many", "too-large", "too-deep"):
            if source.problems[0].id == "too-many" and _without_examples(data, notes):
                continue
            raise PgagentsError(
                f"the catalogue would be too large: {source.problems[0].message}",
                "choose a part: --include, --tag, --max",
            )
        model, found = load(source, any_key=True, known=known)
        if model is not None:
            return text, model
        places = _index(source)
        if not sum(_remove_part(data, d, places, notes) for d in found):
            break
    raise PgagentsError(
        f"what the document says here has no place in a catalogue: {found[0].message}",
        "choose a part: --include, --tag, --max; and please report this gap of pgagents",
    )


def add_ignores(model: Model, notes: Notes) -> bool:
    """Add ignore comments for what the document itself does wrong. Return True if there are any."""
    from pgagents.lint.rules.catalogue import same_argument, writing_get

    found = [(hit.origin, "catalogue/same-argument", SAME_NAME) for hit in same_argument.find(model)]
    found += [(hit.origin, "catalogue/writing-get", ACTING_GET) for hit in writing_get.find(model)]
    for ignored in found:
        notes.add_ignore(*ignored)
    return bool(found)


def nothing_left(notes: Notes) -> PgagentsError:
    """Return the error for a document whose operations all could not be converted, with the reasons."""
    said = [str(note) for note in notes.made if note.kind == "left out"]
    more = [f"… and {len(said) - 10} more"] if len(said) > 10 else []
    return PgagentsError(
        "no operation of the document can be carried over", "\n  ".join(["", *said[:10], *more]).strip()
    )


def _without_examples(data: dict[str, Any], notes: Notes) -> bool:
    """Remove all documented calls, if with them the catalogue has too many values."""
    found = [a.pop("examples") for a in data["actions"].values() if "examples" in a]
    if found:
        notes.add_lost(
            ("actions",),
            f"examples are not carried: with them the catalogue would hold more than {MAX_VALUES:,} values",
        )
    return bool(found)


def without_wrong_examples(data: dict[str, Any], notes: Notes) -> Validators:
    """Remove examples and defaults that violate their schemas, and return the validators for reuse.

    All are removed at once, because the loader reports at most 200 problems at a time.
    """
    named = {name: schema_node(schema, ("schemas", name)) for name, schema in data["schemas"].items()}
    sent, answered = OneWay(named, "sent"), OneWay(named, "answered")
    validators = Validators({**named, **sent.variants, **answered.variants})

    def judge_sent(node: Any) -> Any:
        return _find_validator(validators, sent.adapt(node))

    def judge_answered(node: Any) -> Any:
        return _find_validator(validators, answered.adapt(node))

    for name, action in data["actions"].items():
        at: Pointer = ("actions", name)
        arguments = action.get("input", {})
        judges = _Judges(arguments, at, judge_sent)
        for argument, param in arguments.items():
            if "default" in param and (why := _find_error(judges.get(argument), param["default"])):
                notes.add_lost(
                    (*at, "input", argument),
                    f"`default: {brief(str(param['default']))}` is not carried: {why}",
                )
                del param["default"]
        bodies: dict[int, Any] = {}
        for example, call in list(action.get("examples", {}).items()):
            why = _wrong(call, action, judges, bodies, judge_answered)
            if why:
                notes.add_lost(
                    (*at, "examples") if len(action["examples"]) > 1 else at,
                    f"example `{example}` is not carried: {why}",
                )
                del action["examples"][example]
        if not action.get("examples", True):
            del action["examples"]
    return validators


def _find_validator(validators: Validators, node: Any) -> Any:
    """Return a validator, or None for an invalid schema."""
    try:
        return validators.of(node)
    except ValueError:
        return None


class _Judges:
    """Validators of an action's arguments. Each is compiled at its first use, because most have no values."""

    def __init__(self, arguments: dict[str, Any], at: Pointer, judge: Callable[[Any], Any]) -> None:
        self.arguments, self.at, self.judge = arguments, at, judge
        self.made: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """Return the validator, or None for an unknown argument or an invalid schema."""
        if name not in self.made:
            param = self.arguments.get(name)
            self.made[name] = (
                None if param is None else self.judge(argument_node(param, (*self.at, "input", name)))
            )
        return self.made[name]


def _find_error(judge: Any, value: Any) -> str:
    error = next(iter(judge.iter_errors(value)), None) if judge else None
    return brief(error.message, 120) if error else ""


def _wrong(
    call: dict[str, Any],
    action: dict[str, Any],
    judges: _Judges,
    bodies: dict[int, Any],
    judge: Callable[[Any], Any],
) -> str:
    """Return why a documented call is invalid; empty if it is valid."""
    status = call.get("status") or next(s for s in action["output"] if 200 <= s < 300)
    if status < 300:
        for name, value in call.get("input", {}).items():
            if why := _find_error(judges.get(name), value):
                return f"argument `{name}`: {why}"
        missing = [
            n
            for n, p in action.get("input", {}).items()
            if p.get("required") is True and n not in call.get("input", {})
        ]
        if missing:
            return f"it does not give {', '.join(missing[:4])}"
    if call.get("output") is None:
        return ""
    if status not in bodies:
        written = action["output"].get(status)
        bodies[status] = judge(schema_node(written, ())) if written else None
    return _find_error(bodies[status], call["output"])


_KEYWORDS = frozenset((
    "type", "format", "enum", "const", "default", "examples", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "pattern", "items", "minItems", "maxItems", "uniqueItems", "required",
    "additionalProperties",
    "minProperties", "maxProperties", "oneOf", "anyOf", "allOf", "operation_id", "terms", "docs",
    "style", "explode",
    "other_servers", "refers_to",
))  # fmt: skip


def _remove_part(
    data: dict[str, Any], problem: Diagnostic, places: Mapping[tuple[int, int], Pointer], notes: Notes
) -> bool:
    """Remove the part of the catalogue at a problem's place. Return True if that was possible.

    This is a safety net: most errors of documents are found earlier.
    """
    pointer = places.get((problem.span.line, problem.span.column), ())
    if twin := _TOKENS_PATH.search(problem.message):
        pointer = ("actions", twin[1])  # a sign-in flow calls this operation, so agents need not
    elif len(pointer) > 2 and pointer[:2] == ("auth", "schemes"):
        return _block_scheme(data, str(pointer[2]), problem, notes)
    elif len(pointer) > 2 and pointer[0] == "actions" and pointer[2] == "pages":
        pointer = pointer[:3]  # the operation is called all the same, page by page if the caller says so
    elif len(pointer) > 3 and pointer[0] == "actions" and pointer[2] == "examples":
        pointer = pointer[:4]
    elif not (pointer and pointer[-1] in _KEYWORDS):
        pointer = pointer[:2]
    holder: Any = data
    for step in pointer[:-1]:
        if not isinstance(holder, dict | list) or (isinstance(holder, dict) and step not in holder):
            return False
        holder = holder[step]  # type: ignore[index]  # a list's step is a number: the pointer is of this data
    if not pointer or not isinstance(holder, dict) or pointer[-1] not in holder or len(pointer) < 2:
        return False
    if len(pointer) == 2 and pointer[0] == "schemas":
        holder[pointer[1]] = {"description": "Anything"}
        notes.add_lost(pointer, f"the schema is not carried: {problem.message}")
        return True
    taken = holder.pop(pointer[-1])
    if len(pointer) == 2 and pointer[0] == "actions":
        _forget(data, str(pointer[1]))
        call = brief(str(taken.get("http", "tool")))
        notes.add_left_out(
            f"{call}: a client gets its tokens there, so no agent calls it"
            if twin
            else f"{call}: as `{pointer[1]}` it would not load: {problem.message}"
        )
    else:
        notes.add_lost(pointer[:-1], f"`{pointer[-1]}` is not carried: {problem.message}")
    return True


def _block_scheme(data: dict[str, Any], name: str, problem: Diagnostic, notes: Notes) -> bool:
    """Put a scheme that no call can send in place of one that would not load. Return True if that helps.

    Without any scheme, calls would be taken for calls without a key.
    """
    schemes = data["auth"]["schemes"]
    if name not in schemes or schemes[name] == {"type": "unsendable"}:
        return False
    schemes[name] = {"type": "unsendable"}
    said = f"this key is not carried: {problem.message}: build, lint and verify stop here"
    notes.add_blocked(("auth", "schemes", name), said)
    return True


def _forget(data: dict[str, Any], action: str) -> None:
    """Remove an action's name from all parts that refer to it."""
    auth = data.get("auth", {})
    for scheme in (auth, *auth.get("schemes", {}).values()):
        for flow in scheme.get("flows", {}).values():
            for names in flow.get("needs", {}).values():
                if action in names:
                    names.remove(action)


def _index(source: Source) -> dict[tuple[int, int], Pointer]:
    """Return the shortest pointer whose key or value begins at each place, by line and column from 1."""
    found: dict[tuple[int, int], Pointer] = {}
    level: list[tuple[Pointer, Any]] = [((), source.root)]
    while level:
        for pointer, place in level:
            for line, column in (place.key, place.value):
                found.setdefault((line + 1, column + 1), pointer)
        level = [
            ((*pointer, step), child)
            for pointer, place in level
            for step, child in (place.children or {}).items()
        ]
    return found
