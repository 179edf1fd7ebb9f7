"""Check the schema keywords that contain schemas: each must have an effect."""

from __future__ import annotations

from pgagents.catalogue.checks.checker import Checker, children
from pgagents.catalogue.language.basics import Schema
from pgagents.catalogue.language.schemas import schema_nodes
from pgagents.source.source import Pointer
from pgagents.text.nearest import did_you_mean

_OF_LISTS = ("prefixItems", "contains", "minContains", "maxContains", "unevaluatedItems")
_OF_OBJECTS = (
    *("patternProperties", "propertyNames", "dependentRequired", "dependentSchemas"),
    "unevaluatedProperties",
)
_NEEDS = {
    "then": "if", "else": "if", "minContains": "contains", "maxContains": "contains",
}  # fmt: skip


def run(checker: Checker) -> None:
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
    from pgagents.jsonschema.schema import TOO_MANY_TRIES, list_endless

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
                says = f"`{word}` does nothing here: the value is no {noun[2:].strip()}"
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
                _report(checker, place, f"`{name}` is no property of this object", help)


def _patterns(checker: Checker, pointer: Pointer, schema: Schema) -> None:
    from pgagents.jsonschema.schema import find_pattern_error, list_problems

    for pattern in schema.pattern_properties or ():
        if list_problems({"pattern": pattern}):
            _report(
                checker,
                (*pointer, "patternProperties", pattern),
                "it is no regular expression (ECMA-262)",
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
