"""Check the text form of lists and objects that are not sent as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.basics import Param, Schema
from pgagents.encoding.style import DEEP, FORM, PIPES, SPACES
from pgagents.model.argument import PlaceIn
from pgagents.source.source import Pointer

_BRACKETS = "`style: deepObject` sends `{0}[member]=…`, `style: form` sends `member=…`"


def check_reserved(
    checker: Checker, at: Pointer, name: str, param: Param, place: PlaceIn, action: Action
) -> None:
    """Record `allow_reserved` on an argument that can contain no reserved characters."""
    if not param.allow_reserved or place == "query":
        return
    if place != "path":
        said = "`allow_reserved` does nothing here: it is for the query and for the end of a path"
        checker.report((*at, "allow_reserved"), "idle", said, "leave it out")
    elif not (action.http or "").endswith("/{" + name + "}"):
        said = f"a `/` in `{name}` would be taken for one of the path's own"
        checker.report((*at, "allow_reserved"), "idle", said, "only the last part of a path may have several")


def check_json(checker: Checker, at: Pointer, param: Param, place: PlaceIn) -> bool:
    """Record what does nothing beside a `content_type`. Return True if the argument has one."""
    if param.content_type is None:
        return False
    if place != "query":
        message = "`content_type` does nothing here: it is for an argument in the query"
        checker.report((*at, "content_type"), "idle", message, "leave it out")
    for key in ("style", "explode", "allow_reserved"):
        if getattr(param, key) is not None:
            message = f"`{key}` does nothing here: the value is one JSON text"
            checker.report((*at, key), "idle", message, "leave it out")
    return True


def check_idle_style(checker: Checker, at: Pointer, param: Param, kinds: set[str], styled: bool) -> bool:
    """Record a style without an effect. Return True if the argument has a style."""
    for key in ("style", "explode"):
        if getattr(param, key) is None:
            continue
        if not styled:
            message = f"`{key}` does nothing here: it is for lists and objects in the query or in a form"
        elif kinds and not kinds & {"object", "array"}:
            message = f"`{key}` does nothing here: it is for lists and objects, and this is a single value"
        else:
            continue
        checker.report((*at, key), "idle", message, "leave it out")
        return True
    return False


def check_style(checker: Checker, at: Pointer, name: str, param: Param, kinds: set[str], where: str) -> None:
    """Record a list or an object whose style does not determine its text form."""
    if "object" in kinds and param.style is None:
        message = f"argument `{name}` is an object, so the {where} needs its `style`"
        checker.report(at, "style", message, _BRACKETS.format(name), at_value=False)
    elif "object" in kinds and param.style in (SPACES, PIPES):
        message = f"`{param.style}` is for lists, and `{name}` is an object"
        checker.report((*at, "style"), "style", message, _BRACKETS.format(name))
    elif param.style != DEEP and _holds_nested(checker, param, kinds):
        message = f"argument `{name}` holds lists or objects inside, for which only brackets have a form"
        checker.report(at, "style", message, f"write `style: {DEEP}`", at_value=False)
    elif param.explode is False and param.style == DEEP:
        message = f"`explode: false` contradicts `{DEEP}`, which sends each member by itself"
        checker.report((*at, "explode"), "style", message, "leave it out")
    elif param.explode and param.style in (SPACES, PIPES):
        message = f"`explode: true` leaves nothing for `{param.style}` to separate"
        checker.report((*at, "explode"), "style", message, "leave it out, or write `style: form`")


def check_spread(checker: Checker, at: Pointer, name: str, param: Param, action: Action) -> None:
    """Check that an object's members, sent under their own names, have no other argument's name."""
    members = {member for part in list_parts(checker, param) for member in part.properties or ()}
    if not members:
        message = f"the members of `{name}` are sent under their own names, which no schema gives"
        checker.report(
            at, "style", message, f"name them under `properties`, or write `style: {DEEP}`", at_value=False
        )
    for other, also in action.input.items():
        if other != name and (also.wire or other) in members:
            message = (
                f"the member `{also.wire or other}` of `{name}` is sent under its own name, as `{other}` is"
            )
            checker.report((*at, "style"), "style", message, f"write `style: {DEEP}`")


def list_parts(checker: Checker, schema: Schema | None) -> Iterator[Schema]:
    """Yield the schemas that describe a value, through references, alternatives and parts, each once."""
    waiting, seen = [schema], set[str]()
    while waiting:
        part = waiting.pop()
        if part is not None and part.ref is not None:
            if part.ref not in seen:
                seen.add(part.ref)
                waiting.append(checker.written.schemas.get(part.ref))
        elif part is not None:
            yield part
            waiting += (*(part.one_of or ()), *(part.any_of or ()), *(part.all_of or ()))


def types_of(checker: Checker, schema: Schema | None) -> set[str]:
    """Return the JSON types that a schema names. Keywords of objects and arrays count as naming them."""
    found: set[str] = set()
    for part in list_parts(checker, schema):
        found |= {part.type} if isinstance(part.type, str) else set(part.type or ())
        if part.properties is not None:
            found.add("object")
        if part.items is not None:
            found.add("array")
    return found


def holds_object(checker: Checker, schema: Schema) -> bool:
    """True if a value may be an object."""
    return "object" in types_of(checker, schema)


def is_in_parts(checker: Checker, param: Param) -> bool:
    """True if the value is always sent under other names than the argument's, such as `address[city]`."""
    kinds = types_of(checker, param) - {"null"}
    if param.style == DEEP:
        return bool(kinds) and kinds <= {"object", "array"}
    return kinds == {"object"} and param.style == FORM and param.explode is not False


def item_types_of(checker: Checker, schema: Schema) -> set[str]:
    """Return the types of the items of lists inside a schema, at any depth."""
    found, seen = set[str](), set[int]()
    waiting = [schema]
    while waiting:
        for part in list_parts(checker, waiting.pop()):
            if part.items is not None and id(part.items) not in seen:
                seen.add(id(part.items))
                waiting.append(part.items)
                found |= types_of(checker, part.items)
    return found


def _holds_nested(checker: Checker, param: Param, kinds: set[str]) -> bool:
    """True if an item or member is a list or an object."""
    inside = item_types_of(checker, param)
    if "object" in kinds:
        for part in list_parts(checker, param):
            for member in (part.properties or {}).values():
                inside |= types_of(checker, member)
    return bool(inside & {"object", "array"})
