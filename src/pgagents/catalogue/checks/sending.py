"""Check how calls are sent: methods and paths, media types of bodies, and the text form of arguments."""

from __future__ import annotations

from collections.abc import Iterator, Set

from pgagents.base.places import Pointer
from pgagents.base.text import brief, match_placeholders, split
from pgagents.catalogue.checks.checker import PLACEHOLDER, Checker
from pgagents.catalogue.encoding.medium import ANY, JSON, Medium, medium_of
from pgagents.catalogue.encoding.request import COOKIE_NAME, DEEP, FORM, PIPES, SPACES
from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.basics import Param, Schema
from pgagents.catalogue.model.action import PlaceIn

IN_BODY = ("body", "whole_body")
STYLED = ("query", "body")
"""Places where lists and objects have a style."""
_OWN_HEADERS = frozenset(
    ("accept", "authorization", "connection", "content-length", "content-type", "cookie", "host", "origin")
)
_TYPES = (
    f"write `{JSON}`, another `+json`, `application/x-www-form-urlencoded`, `multipart/form-data`, "
    "`text/plain` or the type of a file"
)


def place_of(name: str, param: Param, http: str | None) -> PlaceIn:
    """Return the place in which an argument is sent."""
    method, _, path = (http or "").partition(" ")
    if param.in_ is not None:
        return param.in_
    return "path" if name in PLACEHOLDER.findall(path) else "query" if method in ("GET", "DELETE") else "body"


def check_sending(checker: Checker) -> None:
    """Record media types that cannot be encoded, and lists and objects whose place has no form for them."""
    _request_headers(checker)
    _wrong_media(checker)
    for base, actions in checker.blocks():
        for name, action in actions.items():
            _action(checker, (*base, name), action)


def _action(checker: Checker, pointer: Pointer, action: Action) -> None:
    places = {name: place_of(name, param, action.http) for name, param in action.input.items()}
    medium = medium_of(action.content_type or JSON)
    _content_type(checker, pointer, action, medium, places)
    _whole(checker, pointer, action, medium, places)
    _body_limit(checker, pointer, action, places)
    for name, param in action.input.items():
        place = places[name]
        in_text = place not in IN_BODY or (medium is not None and not medium.typed)
        if check_json(checker, (*pointer, "input", name), param, place):
            continue
        where = "form" if place in IN_BODY else place
        styled = place in STYLED and in_text
        at = (*pointer, "input", name)
        if place in IN_BODY and in_text:
            _empty(checker, at, param)
        _file(checker, at, param, medium if place in IN_BODY else None)
        check_reserved(checker, at, name, param, place, action)
        kinds = types_of(checker, param)
        if check_idle_style(checker, at, param, kinds, styled) or not in_text:
            continue
        if styled:
            check_style(checker, at, name, param, kinds, where)
            if "object" in kinds and param.style == FORM and param.explode is not False:
                check_spread(checker, at, name, param, action)
        elif place == "cookie" and (problem := find_cookie_problem(param.wire or name, kinds)):
            checker.report(
                at,
                "cookie",
                f"argument `{name}` cannot be a cookie: {problem[0]}",
                problem[1],
                at_value=False,
            )
        elif "object" in kinds or item_types_of(checker, param) & {"object"}:
            message = f"argument `{name}` is an object, which has no form in the {where}"
            help = "make its members arguments of their own, or send it in the body"
            checker.report(at, "idle", message, help, at_value=False)


def find_cookie_problem(wire: str, kinds: Set[str]) -> tuple[str, str] | None:
    """Return why an argument cannot be a cookie, with advice; None if it can."""
    if kinds & {"array", "object"}:
        return "it is a list or an object, which servers read in many ways", "send it in the query"
    if not COOKIE_NAME.fullmatch(wire):
        return f"`{brief(wire)}` is not a name of a cookie", "write `wire:` with letters, digits, `-` and `_`"
    return None


def _request_headers(checker: Checker) -> None:
    """Record constant headers that are also set by the request itself, a credential, or an argument."""
    own = {scheme.name.lower() for scheme in checker.written.auth.schemes.values() if scheme.name is not None}
    for header in checker.written.api.request_headers:
        at, small = ("api", "request_headers", header), header.lower()
        argument = next(
            (
                name
                for action in checker.actions.values()
                for name, param in action.input.items()
                if param.in_ == "header" and (param.wire or name).lower() == small
            ),
            None,
        )
        why = (
            "each request sets it itself"
            if small in _OWN_HEADERS
            else "it carries the key"
            if small in own
            else f"the argument `{argument}` is that header"
            if argument is not None
            else ""
        )
        if why:
            message = f"`{header}` cannot be a constant header: {why}"
            checker.report(at, "sending", message, "leave it out", at_value=False)


def _wrong_media(checker: Checker) -> None:
    """Record a code for files of a wrong type, if no argument lists types."""
    listed = any(
        p.media and p.in_ != "whole_body"
        for _, actions in checker.blocks()
        for action in actions.values()
        for p in action.input.values()
    )
    if checker.written.errors.framework.wrong_media is not None and not listed:
        message = "`wrong_media` does nothing: no argument in a form lists the types of a file"
        checker.report(("errors", "framework", "wrong_media"), "idle", message, "leave it out")


def _content_type(
    checker: Checker, pointer: Pointer, action: Action, medium: Medium | None, places: dict[str, PlaceIn]
) -> None:
    if action.content_type is None:
        return
    at = (*pointer, "content_type")
    if medium is None:
        message = f"no call can send a body of type `{action.content_type}`"
        checker.report(at, "sending", message, _TYPES)
    elif action.http is None or not any(place in IN_BODY for place in places.values()):
        message = "`content_type` does nothing: no argument of this action is sent in the body"
        checker.report(at, "idle", message, "leave it out, or give an argument `in: body`")


def _body_limit(checker: Checker, pointer: Pointer, action: Action, places: dict[str, PlaceIn]) -> None:
    """Record a size limit of an action without a body, or one above the limit for all bodies."""
    own, shared = action.max_body_bytes, checker.written.limits.max_body_bytes
    at = (*pointer, "max_body_bytes")
    if own is None:
        return
    if action.http is None or not any(place in IN_BODY for place in places.values()):
        message = "`max_body_bytes` does nothing: no argument of this action is sent in the body"
        checker.report(at, "idle", message, "leave it out")
    elif shared is not None and own >= shared:
        message = f"`limits.max_body_bytes` allows no body {'larger' if own == shared else 'so large'}"
        checker.report(at, "idle", message, f"write less than {shared}, or raise the limit of all")


def _whole(
    checker: Checker, pointer: Pointer, action: Action, medium: Medium | None, places: dict[str, PlaceIn]
) -> None:
    """Record problems of whole-body arguments, and arguments that the body's media type cannot express."""
    in_body = [name for name, place in places.items() if place in IN_BODY]
    whole = [name for name in in_body if places[name] == "whole_body"]
    for name in whole:
        at = (*pointer, "input", name)
        other = next((n for n in in_body if n != name), None)
        if other is not None:
            message = f"`{name}` is the whole body, and `{other}` is sent in the body too"
            checker.report(
                (*at, "in"), "sending", message, "keep one of them, or make both members of the body"
            )
            return
        if action.input[name].wire is not None:
            checker.report(
                (*at, "wire"), "idle", "`wire` does nothing here: a whole body has no name", "leave it out"
            )
        if medium is not None and medium.members and not medium.typed:
            message = f"{medium.says} has named members, so no argument is the whole of it"
            checker.report((*at, "in"), "sending", message, "leave `in` out")
        if action.input[name].media is not None and action.content_type != ANY:
            message = "`media` does nothing here: the action's `content_type` is the type of the file"
            help = f"leave it out, or write `content_type: {ANY}` for a file of several types"
            checker.report((*at, "media"), "idle", message, help)
    if medium is None or medium.members:
        return
    for name in in_body:
        at, param = (*pointer, "input", name), action.input[name]
        if places[name] != "whole_body":
            message = f"a body of {action.content_type} has no members, and `{name}` would be one"
            checker.report(at, "sending", message, "write `in: whole_body`", at_value=False)
        elif medium.files and param.format != "binary":
            message = f"the bytes of {action.content_type} are a file, and `{name}` is none"
            checker.report(at, "sending", message, "write `{type: string, format: binary}`", at_value=False)


def _file(checker: Checker, at: Pointer, param: Param, medium: Medium | None) -> None:
    """Record a file argument where bytes cannot be sent, and a file's keys on any other argument."""
    if param.format != "binary":
        for key in ("media", "max_bytes"):
            if getattr(param, key) is not None:
                message = f"`{key}` does nothing here: it is for files"
                checker.report(
                    (*at, key), "idle", message, "write `format: binary` for a file, or leave it out"
                )
        return
    if medium is None or not medium.files:
        where = medium.says if medium is not None else "text"
        message = f"`format: binary` does nothing here: {where} holds no bytes"
        help = (
            "write `content_type: multipart/form-data` at the action, or `format: byte` for Base64 in a text"
        )
        checker.report((*at, "format"), "idle", message, help)
    for key in ("pattern", "min_length", "max_length", "enum", "const", "default"):
        if getattr(param, key) is not None:
            alias = {"min_length": "minLength", "max_length": "maxLength"}.get(key, key)
            message = f"`{alias}` does nothing on a file"
            checker.report(
                (*at, alias), "idle", message, "leave it out; `max_bytes` and `media` limit a file"
            )


def _empty(checker: Checker, at: Pointer, param: Param) -> None:
    """Record an argument of a form that allows both null and empty text, because both are sent alike."""
    for part in list_parts(checker, param):
        kinds = {part.type} if isinstance(part.type, str) else set(part.type or ())
        narrow = (part.min_length, part.pattern, part.format, part.enum, part.const)
        if {"null", "string"} <= kinds and not any(narrow):
            message = "in a form null is an empty value, so this argument cannot be an empty text as well"
            checker.report((*at, "type"), "sending", message, "write `minLength: 1`")


# -- lists and objects as text


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


# -- methods and paths


def camel(name: str) -> str:
    """Convert a name to camelCase: `find_book` becomes `findBook`."""
    head, *tail = [part for part in name.split("_") if part] or [name]
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


def check_paths(checker: Checker) -> None:
    """Record placeholders without arguments, duplicate routes, one path with two names of a placeholder,
    unreachable literal paths, duplicate operation ids.
    """
    routes: dict[tuple[str, str], tuple[str, Pointer]] = {}
    operations: dict[str, Pointer] = {}
    entries: list[tuple[str, str, str, Pointer]] = []
    unclear: set[Pointer] = set()
    for base, actions in checker.blocks():
        for name, action in actions.items():
            pointer = (*base, name)
            if action.http is None:
                continue
            method, path = action.http.split(" ", 1)
            entries.append((name, method, path, (*pointer, "http")))
            may = {n for n, p in action.input.items() if p.in_ in (None, "path")}
            if not may.issuperset(PLACEHOLDER.findall(path)):
                unclear.add((*pointer, "http"))
            _placeholders(
                checker, pointer, path, may, {n for n, p in action.input.items() if p.in_ == "path"}
            )
            _operation(checker, operations, action.operation_id or camel(name), (*pointer, "operation_id"))
    for name, surface in checker.written.surfaces.items():
        if surface.http:
            method, path = surface.http.split(" ", 1)
            entries.append((name, method, path, ("surfaces", name, "http")))
            _operation(
                checker, operations, surface.operation_id or camel(name), ("surfaces", name, "operation_id")
            )
    met: list[tuple[str, str, Pointer]] = []
    for name, method, path, pointer in entries:
        key = (method, PLACEHOLDER.sub("{}", path))
        if key in routes:
            other, at = routes[key]
            checker.report(
                pointer,
                "same-route",
                f"`{name}` has the same method and path as `{other}` (line {checker.source.locate(at).line})",
                "change one of the two",
            )
        else:
            routes[key] = (name, pointer)
            met.append((name, path, pointer))
    _check_names(checker, [one for one in met if one[2][0] != "operator" and one[2] not in unclear])
    _hidden(checker, entries)


def _check_names(checker: Checker, entries: list[tuple[str, str, Pointer]]) -> None:
    """Record paths that differ only in the names of their placeholders.

    In OpenAPI they are one path, which a document must not have twice. No document has an operator's actions.
    """
    first: dict[str, tuple[str, str, Pointer]] = {}
    for name, path, pointer in entries:
        other, written, at = first.setdefault(PLACEHOLDER.sub("{}", path), (name, path, pointer))
        if path == written:
            continue
        names = zip(PLACEHOLDER.findall(path), PLACEHOLDER.findall(written), strict=True)
        own, theirs = next((own, theirs) for own, theirs in names if own != theirs)
        checker.report(
            pointer,
            "same-path",
            (
                f"`{name}` calls a placeholder `{{{brief(own)}}}` that `{other}` "
                f"(line {checker.source.locate(at).line}) calls `{{{brief(theirs)}}}`"
            ),
            f"rename the placeholder and its argument: write {brief(written)} in both",
        )


def _operation(checker: Checker, operations: dict[str, Pointer], id: str, pointer: Pointer) -> None:
    if id.lower() in operations:
        line = checker.source.locate(operations[id.lower()]).line
        checker.report(
            pointer,
            "same-operation",
            f"operation id `{id}` is also that of line {line}; ids must differ in more than case",
            "set `operation_id`",
            at_value=False,
        )
    else:
        operations[id.lower()] = pointer


def _placeholders(checker: Checker, pointer: Pointer, path: str, may: set[str], must: set[str]) -> None:
    names = PLACEHOLDER.findall(path)
    if path.count("{") != len(names) or path.count("}") != len(names):
        help = "write each placeholder as `{name}`"
        checker.report((*pointer, "http"), "path", "the braces of the path do not pair", help)
    for name in names:
        if names.count(name) > 1:
            message = f"placeholder `{{{brief(name)}}}` stands in the path twice"
            checker.report((*pointer, "http"), "path", message, "give one of the two another name")
        if (
            name not in may
            and checker.sound((*pointer, "input"))
            and not checker.is_incomplete((*pointer, "input"))
        ):
            message = f"the path has `{{{brief(name)}}}`, but no argument has that name"
            checker.report((*pointer, "http"), "path", message, f"add `{brief(name)}` under `input`")
    for name in sorted(must - set(names)) if (*pointer, "http") not in checker.dropped else ():
        checker.report(
            (*pointer, "input", name),
            "path",
            f"argument `{name}` travels in the path, but the path does not name it",
            f"write `{{{name}}}` in the path, or remove `in: path`",
            at_value=False,
        )


def _hidden(checker: Checker, entries: list[tuple[str, str, str, Pointer]]) -> None:
    """Record literal paths that a template of the same method matches, unless the server prefers literal
    paths.
    """
    if checker.written.behaviour.literal_path == "wins":
        return
    tree = _Tree()
    for name, method, path, _ in entries:
        if "{" in path:
            tree.add((method, *path.split("/")), (name, path))
    for name, method, path, pointer in entries:
        match = None if "{" in path else tree.find((method, *path.split("/")))
        if match:
            other, template = match
            checker.report(
                pointer,
                "hidden-path",
                f"`{name}` at {brief(path)} is hidden by `{other}` at {brief(template)}",
                (
                    "change the path, or set `behaviour: {literal_path: wins}` if the server tries literal "
                    "paths first"
                ),
            )


class _Tree:
    """Path templates as a tree of segments, so that a path is compared with few of them."""

    def __init__(self) -> None:
        self.literal: dict[str, _Tree] = {}
        self.pattern: dict[tuple[str, ...], _Tree] = {}
        self.end: tuple[str, str] | None = None

    def add(self, segments: tuple[str, ...], what: tuple[str, str]) -> None:
        node = self
        for segment in segments:
            if "{" not in segment:
                node = node.literal.setdefault(segment, _Tree())
                continue
            node = node.pattern.setdefault(tuple(split(segment)[0]), _Tree())
        node.end = node.end or what

    def find(self, segments: tuple[str, ...]) -> tuple[str, str] | None:
        """Return the name and path of the first template that the path matches, or None."""
        nodes = [self]
        for segment in segments:
            after = [node.literal[segment] for node in nodes if segment in node.literal]
            after += [
                child
                for node in nodes
                for literals, child in node.pattern.items()
                if match_placeholders(literals, segment) is not None
            ]
            nodes = after
        return next((node.end for node in nodes if node.end), None)
