"""Turn pydantic's errors into diagnostics: the wrong value, the allowed ones, and the line."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from pgagents.catalogue.language.catalogue import Catalogue
from pgagents.source.diagnostics import Diagnostic
from pgagents.source.source import Pointer, Source
from pgagents.source.yaml_text import MAX_PROBLEMS
from pgagents.text.brief import brief
from pgagents.text.nearest import did_you_mean

MOVED: dict[Pointer, str] = {
    ("auth", "oauth"): (
        "it is a flow of a scheme: `auth.schemes.NAME: {type: oauth2, flows: {authorization_code: "
        "{authorization_url: …, token_url: …, scopes: …}}}`"
    )
}
"""Help for keys that are now in another place, by their old place."""
_KINDS = {
    dict: "a mapping",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "nothing",
}


def diagnostics(errors: Iterable[Any], source: Source) -> list[Diagnostic]:
    """Return one diagnostic for each place; errors of a union's branches are joined."""
    by_place: dict[Pointer, list[Any]] = {}
    for error in errors:
        by_place.setdefault(pointer_of(error, source.data), []).append(error)
    parents = {pointer[:n] for pointer in by_place for n in range(len(pointer))}
    found = []
    for pointer, group in by_place.items():
        for some in _by_message(group):
            if some[0]["type"] == "missing" and (*pointer, f"{some[0]['loc'][-1]}_") in by_place:
                continue  # the key exists in another spelling, which has its own message
            if not (pointer in parents and all(str(e["type"]).endswith("_type") for e in some)):
                found.append(_diagnostic(pointer, some, source))
            if len(found) >= MAX_PROBLEMS:
                return found
    return found


def _by_message(group: list[Any]) -> list[list[Any]]:
    """Group the errors of one place by message: one per missing key, and one for all branches of a union."""
    missing = [[e] for e in group if e["type"] == "missing"]
    others = [e for e in group if e["type"] != "missing"]
    return [*missing, *([others] if others else [])]


def pointer_of(error: Any, data: Any) -> Pointer:
    """Return the error's pointer, without the tags that pydantic inserts for unions and keys."""
    pointer: list[str | int] = []
    here = data
    for step in error["loc"]:
        inside = (
            step in here
            if isinstance(here, dict)
            else isinstance(here, list) and isinstance(step, int) and step < len(here)
        )
        if not inside:
            continue
        here = here[step]
        pointer.append(step)
    return tuple(pointer)


def _diagnostic(pointer: Pointer, group: list[Any], source: Source) -> Diagnostic:
    error = group[0]
    kind, name = error["type"], error["loc"][-1] if error["loc"] else ""
    span = source.locate(pointer)
    if kind == "extra_forbidden":
        known = _list_keys(pointer[:-1])
        return Diagnostic(
            span,
            "catalogue/unknown-key",
            "error",
            f"unknown key `{brief(str(name))}`",
            MOVED.get((*pointer[:-1], str(name)[:40])) or did_you_mean(str(name), known),
        )
    if kind == "missing":
        return Diagnostic(span, "catalogue/missing-key", "error", f"key `{name}` is missing{_of(pointer)}")
    if name == "[key]":
        key = brief(str(error["loc"][-2]))
        return Diagnostic(
            span,
            "catalogue/name",
            "error",
            f"`{key}` is no name that is allowed here: {_describe_allowed(error)}",
        )
    at_value = source.locate(pointer, at_value=True)
    if kind == "model_type" or kind == "model_attributes_type":
        return Diagnostic(
            at_value,
            "catalogue/type",
            "error",
            f"{_describe_input(error)} stands here; it should be a mapping",
        )
    allowed = " or ".join(dict.fromkeys(_describe_allowed(e) for e in group))
    help = ""
    if kind == "literal_error":
        known = [w.strip(" '") for w in allowed.replace(" or ", ",").split(",")]
        quoted = isinstance(error["input"], str) and error["input"] in known
        help = "write it without quotes" if quoted else did_you_mean(str(error["input"]), known)
    return Diagnostic(
        at_value,
        "catalogue/type" if str(kind).endswith("_type") else "catalogue/value",
        "error",
        f"{_describe_input(error)} stands here; it should be {allowed}",
        help,
    )


def _of(pointer: Pointer) -> str:
    return f" in `{brief('.'.join(map(str, pointer)), 100)}`" if pointer else ""


def _describe_input(error: Any) -> str:
    value = error["input"]
    if isinstance(value, str):
        return f"`{brief(value)}`" if value else "an empty text"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int | float):
        return f"the number {str(value)[:40]}"
    return _KINDS.get(type(value), "a value")


def _describe_allowed(error: Any) -> str:
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "literal_error":
        return str(context["expected"])
    if kind == "string_pattern_mismatch":
        return f"text that matches {context['pattern']}"
    named = {
        "string_type": "text", "bool_type": "true or false", "int_type": "a whole number",
        "float_type": "a number",
        "dict_type": "a mapping", "list_type": "a list", "model_type": "a mapping",
    }  # fmt: skip
    if kind in named:
        return named[kind]
    message = str(error["msg"])
    for lead in (
        "Input should be ",
        "Value should have ",
        "String should have ",
        "List should have ",
        "Dictionary should have ",
    ):
        if message.startswith(lead):
            rest = message[len(lead) :]
            return rest if lead.startswith("Input") else f"of {rest}"
    return message[:1].lower() + message[1:]


def _list_keys(pointer: Pointer) -> list[str]:
    """Return the keys that are allowed at this place."""
    kind: Any = Catalogue
    for step in pointer:
        kind = _inside(kind, step)
        if kind is None:
            return []
    model = next((c for c in candidates(kind) if isinstance(c, type) and issubclass(c, BaseModel)), None)
    return [f.alias or name for name, f in model.model_fields.items()] if model else []


def _inside(kind: Any, step: str | int) -> Any:
    for candidate in candidates(kind):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            for name, field in candidate.model_fields.items():
                if step in (name, field.alias):
                    return field.annotation
        origin = typing.get_origin(candidate)
        if origin is dict:
            return typing.get_args(candidate)[1]
        if origin is list:
            return typing.get_args(candidate)[0]
    return None


def candidates(kind: Any) -> list[Any]:
    """Return the types that a value of this annotation may have."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return candidates(typing.get_args(kind)[0])
    if origin in (typing.Union, types.UnionType):
        return [c for arg in typing.get_args(kind) for c in candidates(arg)]
    return [kind]
