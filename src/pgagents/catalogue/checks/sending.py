"""Check how arguments are sent: the media type of a body, and the text form of lists and objects."""

from __future__ import annotations

from collections.abc import Set

from pgagents.catalogue.checks.checker import PLACEHOLDER, Checker
from pgagents.catalogue.checks.shapes.styles import (
    check_idle_style,
    check_json,
    check_reserved,
    check_spread,
    check_style,
    item_types_of,
    list_parts,
    types_of,
)
from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.basics import Param
from pgagents.encoding.file import ANY
from pgagents.encoding.medium import JSON, Medium, medium_of
from pgagents.encoding.request import COOKIE_NAME
from pgagents.encoding.style import FORM
from pgagents.model.argument import PlaceIn
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

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


def run(checker: Checker) -> None:
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
        return f"`{brief(wire)}` is no name of a cookie", "write `wire:` with letters, digits, `-` and `_`"
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
