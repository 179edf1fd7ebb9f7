"""Check the described answers, and the schema keywords that contain schemas: each must have an effect."""

from __future__ import annotations

from pgagents.base.http import media_type_of
from pgagents.base.places import Pointer
from pgagents.base.text import did_you_mean
from pgagents.catalogue.checks.checker import Checker, children
from pgagents.catalogue.decoding.medium import find
from pgagents.catalogue.encoding.medium import ANY
from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.basics import Output, Schema
from pgagents.catalogue.language.schemas import schema_nodes

SHAPED = ("application/xml", "application/yaml", "application/x-yaml", "application/x-ndjson")
"""Media types of texts that may have a schema, although no check compares it with answers."""
_MOST_REFS = 20


def check_answers(checker: Checker) -> None:
    """Record schemas that no body of the media type satisfies, and keys without an effect on it."""
    for base, actions in checker.blocks():
        for name, action in actions.items():
            for status, output in action.output.items():
                if output is not None:
                    _output(checker, (*base, name, "output", status), output)
            _examples(checker, (*base, name), action)
    for name, surface in checker.written.surfaces.items():
        if surface.http:
            members = surface.actions if isinstance(surface.actions, list) else None
            _dispatched(checker, name, members)


def _output(checker: Checker, pointer: Pointer, output: Output) -> None:
    if not checker.sound(pointer):
        return
    media = output.content_type or "application/json"
    kind = find(media).name
    _report_idle(checker, pointer, output, media, kind)
    if kind == "event_stream" and output.events and output.ends_within_s is None:
        checker.report(
            (*pointer, "events"),
            "answer",
            "nothing says when the stream ends, so nobody can read it to its end",
            "add `ends_within_s`, or leave `events` out: then the stream is one text",
            at_value=False,
        )
    _check_shape(checker, pointer, output, media, kind)


def _report_idle(checker: Checker, pointer: Pointer, output: Output, media: str, kind: str) -> None:
    """Record the keys that have no effect on an answer of this media type."""
    if output.max_bytes is not None and kind == "json":
        checker.report(
            (*pointer, "max_bytes"),
            "idle",
            "`max_bytes` does nothing here: it limits texts, CSV and files",
            "give `maxItems` and `maxLength` to what grows",
            at_value=False,
        )
    if output.media is not None and media != ANY:
        checker.report(
            (*pointer, "media"),
            "idle",
            f"`media` does nothing here: the answer is {media}",
            f"leave it out, or write `content_type: {ANY}` for a file of one of several types",
            at_value=False,
        )
    if kind != "event_stream":
        for key in [key for key in ("events", "ends_within_s") if getattr(output, key) is not None]:
            checker.report(
                (*pointer, key),
                "idle",
                f"`{key}` does nothing here: the answer is not an event stream",
                "write `content_type: text/event-stream`, or leave it out",
                at_value=False,
            )


def _check_shape(checker: Checker, pointer: Pointer, output: Output, media: str, kind: str) -> None:
    """Record a schema that no body of the media type can satisfy."""
    shape = _shape(checker, output)
    if kind == "event_stream" and output.events and shape:
        _wrong(checker, pointer, media, "its `events`", "the data of each event under `events` alone")
        return
    if kind == "json" or shape in ("", "string"):
        return
    if kind == "csv" and shape == "array":
        _rows(checker, pointer, output)
    elif kind == "csv":
        _wrong(checker, pointer, media, "rows", "`type: array` with the columns under `items`")
    elif not (media_type_of(media) in SHAPED or media_type_of(media).endswith("+xml")):
        noun = "one text" if kind == "text" else "bytes"
        _wrong(checker, pointer, media, noun, "`type: string`, or leave the schema out")


def _wrong(checker: Checker, pointer: Pointer, media: str, noun: str, help: str) -> None:
    message = f"an answer of {media} is {noun}, which this schema refuses"
    checker.report(pointer, "answer", message, f"write {help}", at_value=False)


def _rows(checker: Checker, pointer: Pointer, output: Output) -> None:
    """Check that no column of CSV is a list or an object, which a cell cannot hold."""
    rows = _followed(checker, output)
    item = _followed(checker, rows.items) if rows is not None and rows.items is not None else None
    for name, member in (item.properties or {}).items() if item is not None else ():
        shape = _shape(checker, member)
        if shape in ("array", "object"):
            message = (
                f"column `{name}` is {'a list' if shape == 'array' else 'an object'}; a cell is one value"
            )
            checker.report(pointer, "answer", message, "make it a text", at_value=False)


def _followed(checker: Checker, schema: Schema) -> Schema | None:
    here: Schema | None = schema
    for _ in range(_MOST_REFS):
        if here is None or here.ref is None:
            return here
        here = checker.written.schemas.get(here.ref)
    return None


def _shape(checker: Checker, schema: Schema) -> str:
    """Return the one type of a schema without null; empty if it has several, or states none."""
    found = _followed(checker, schema)
    if found is None:
        return ""
    kinds = [found.type] if isinstance(found.type, str) else found.type or []
    kinds = [kind for kind in kinds if kind != "null"]
    if not kinds and found.properties is not None:
        return "object"
    return kinds[0] if len(kinds) == 1 else ""


def _examples(checker: Checker, pointer: Pointer, action: Action) -> None:
    first = next((s for s in action.output if 200 <= s < 300), None)
    for name, example in action.examples.items():
        output = action.output.get(example.status or first or 0)
        if output is None or example.output is None or find(output.content_type or "").name != "file":
            continue
        checker.report(
            (*pointer, "examples", name, "output"),
            "example",
            "an example cannot hold the bytes of a file",
            "leave `output` out; `status` says that it succeeds",
            at_value=False,
        )


def _dispatched(checker: Checker, name: str, members: list[str] | None) -> None:
    """Check that a dispatcher offers no action that answers a file, because its own answers are JSON."""
    for action_name, action in checker.written.actions.items():
        if members is not None and action_name not in members:
            continue
        for status, output in action.output.items():
            if output is not None and 200 <= status < 300 and find(output.content_type or "").name == "file":
                checker.report(
                    ("actions", action_name, "output", status, "content_type"),
                    "answer",
                    f"`{action_name}` answers a file, and the dispatcher `{name}` answers JSON",
                    "leave the action out of the dispatcher's `actions`",
                )


# -- keywords


_OF_LISTS = ("prefixItems", "contains", "minContains", "maxContains", "unevaluatedItems")
_OF_OBJECTS = (
    *("patternProperties", "propertyNames", "dependentRequired", "dependentSchemas"),
    "unevaluatedProperties",
)
_NEEDS = {
    "then": "if", "else": "if", "minContains": "contains", "maxContains": "contains",
}  # fmt: skip


def check_keywords(checker: Checker) -> None:
    """Record keywords without an effect, and dangling references inside them."""
    found: list[tuple[Pointer, Schema]] = [
        (("schemas", name), schema) for name, schema in checker.written.schemas.items()
    ]
    for base, actions in checker.blocks():
        for name, action in actions.items():
            found += [((*base, name, "input", n), param) for n, param in action.input.items()]
            found += [((*base, name, "output", s), o) for s, o in action.output.items() if o is not None]
    while found:
        pointer, schema = found.pop()
        if checker.sound(pointer):
            _schema(checker, pointer, schema)
        found += [((*pointer, *key), child) for key, child in children(schema)]
    _endless(checker)


def _endless(checker: Checker) -> None:
    """Record named schemas to which no value can be held in bounded time."""
    from pgagents.base.jsonschema.schema import TOO_MANY_TRIES, list_endless

    for name in list_endless(schema_nodes(checker.written, checker.data)[0]):
        says = f"a value is held to more than {TOO_MANY_TRIES:,} schemas here, the same ones again and again"
        _report(checker, ("schemas", name), says, "name each alternative and each condition once")


def _schema(checker: Checker, pointer: Pointer, schema: Schema) -> None:
    fields = type(schema).model_fields
    given = {fields[name].alias or name for name in schema.model_fields_set}
    kinds = {schema.type} if isinstance(schema.type, str) else set(schema.type or ())
    for words, kind, noun in ((_OF_LISTS, "array", "a list"), (_OF_OBJECTS, "object", "an object")):
        for word in words if kinds and kind not in kinds else ():
            if word in given:
                says = f"`{word}` does nothing here: the value is not {noun}"
                _report(checker, (*pointer, word), says, f"leave it out, or write `type: {kind}`")
    for word, other in _NEEDS.items():
        if word in given and other not in given:
            _report(checker, (*pointer, word), f"`{word}` does nothing without `{other}`", f"add `{other}`")
    if "if" in given and not {"then", "else"} & given:
        _report(checker, (*pointer, "if"), "`if` does nothing without `then` or `else`", "add one of them")
    least, most = schema.min_contains, schema.max_contains
    if least is not None and most is not None and least > most:
        _report(checker, (*pointer, "minContains"), f"no list has at least {least} and at most {most}", "")
    if schema.not_ is not None and not schema.not_.model_fields_set:
        _report(checker, (*pointer, "not"), "`not: {}` refuses every value", "say what is refused")
    _dependent(checker, pointer, schema)
    _patterns(checker, pointer, schema)
    if schema.discriminator is not None:
        _discriminator(checker, pointer, schema)


def _dependent(checker: Checker, pointer: Pointer, schema: Schema) -> None:
    """Check that dependent members are members of the object, if it names its members."""
    if not schema.properties or schema.additional_properties is not False:
        return
    for trigger, names in (schema.dependent_required or {}).items():
        places = [((*pointer, "dependentRequired", trigger), trigger)]
        places += [((*pointer, "dependentRequired", trigger, n), name) for n, name in enumerate(names)]
        for place, name in places:
            if name not in schema.properties:
                help = did_you_mean(name, schema.properties)
                _report(checker, place, f"`{name}` is not a property of this object", help)


def _patterns(checker: Checker, pointer: Pointer, schema: Schema) -> None:
    from pgagents.base.jsonschema.schema import find_pattern_error, list_problems

    for pattern in schema.pattern_properties or ():
        if list_problems({"pattern": pattern}):
            _report(
                checker,
                (*pointer, "patternProperties", pattern),
                "it is not a regular expression (ECMA-262)",
                "",
            )
        elif why := find_pattern_error(pattern):
            says = f"the pattern cannot be matched in bounded time and memory: {why}"
            _report(checker, (*pointer, "patternProperties", pattern), says, "write it shorter")


def _discriminator(checker: Checker, pointer: Pointer, schema: Schema) -> None:
    """Check that every alternative of a discriminated schema requires the discriminating member."""
    found = schema.discriminator
    assert found is not None
    at = (*pointer, "discriminator")
    branches = schema.one_of or schema.any_of
    if not branches:
        _report(
            checker, at, "`discriminator` does nothing without `oneOf` or `anyOf`", "add the alternatives"
        )
        return
    names = [branch.ref for branch in branches]
    for value, mapped in (found.mapping or {}).items():
        if mapped not in names:
            help = did_you_mean(mapped, [n for n in names if n])
            _report(checker, (*at, "mapping", value), f"`{mapped}` is none of the alternatives", help)
    for index, branch in enumerate(branches):
        name = branch.ref
        target = checker.written.schemas.get(name) if name else None
        if target is None:
            if name is None:
                key = "oneOf" if schema.one_of else "anyOf"
                says = "beside a `discriminator` each alternative is a named schema"
                _report(checker, (*pointer, key, index), says, "put it under `schemas`, and write `$ref`")
            continue
        if not _requires(checker, target, found.property_name):
            says = f"`{name}` does not require `{found.property_name}`, which is to tell it apart"
            _report(checker, (*at, "propertyName"), says, "list it under `required` of each alternative")
            return


def _requires(checker: Checker, schema: Schema, member: str) -> bool:
    stack, met = [schema], 0
    while stack and met < 100:
        met += 1
        here = stack.pop()
        if isinstance(here.required, list) and member in here.required:
            return True
        named = checker.written.schemas.get(here.ref) if here.ref else None
        stack += [*(here.all_of or ()), *([named] if named else [])]
    return False


def _report(checker: Checker, pointer: Pointer, message: str, help: str) -> None:
    checker.report(pointer, "schema", message, help, at_value=False)
