"""Write values of parameters and headers as text, in OpenAPI's styles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pgagents.diff.named import Named
from pgagents.diff.view import view

STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
SAMPLES: dict[str, Any] = {"array": ["a", "b"], "object": {"k": "a", "l": "b"}, "plain": "a"}
_PLAIN = frozenset(("string", "number", "integer", "boolean"))


def style_of(item: Mapping[str, Any], place: str) -> tuple[str, bool]:
    """Return style and `explode`, with OpenAPI's defaults."""
    style = item.get("style")
    style = style if isinstance(style, str) else STYLES.get(place, "form")
    explode = item.get("explode")
    return style, explode if isinstance(explode, bool) else style in ("form", "cookie")


def forms(schema: Any, known: Named) -> list[str]:
    """Return the kinds of values that a schema accepts: `array`, `object`, `plain`."""
    made = view(schema, known)
    kinds: set[str] | None = None
    for fact in made.facts:
        if "type" in fact:
            said = {fact["type"]} if isinstance(fact["type"], str) else set(fact["type"])
            kinds = said if kinds is None else kinds & said
    if kinds is None:
        kinds = {"array"} if made.items else {"object"} if made.members else {"string"}
        branches = [
            branch for fact in made.rest for key in ("anyOf", "oneOf") for branch in fact.get(key, ())
        ]
        if branches:
            return sorted({form for branch in branches for form in forms(branch, known)})
    return [form for form in SAMPLES if form in kinds or (form == "plain" and kinds & _PLAIN)]


def serialize(name: str, style: str, explode: bool, value: Any) -> str:
    """Return the text of a value by OpenAPI's table of styles."""
    writer = _WRITERS.get(style)
    return writer(name, explode, value) if writer else f"{style}({name})"


def _flat(value: Any, between: str = ",") -> str:
    if isinstance(value, dict):
        return between.join(f"{k}{between}{v}" for k, v in value.items())
    return between.join(value) if isinstance(value, list) else str(value)


def _form(name: str, explode: bool, value: Any) -> str:
    if explode and isinstance(value, dict):
        return "&".join(f"{k}={v}" for k, v in value.items())
    if explode and isinstance(value, list):
        return "&".join(f"{name}={v}" for v in value)
    return f"{name}={_flat(value)}"


def _simple(_name: str, explode: bool, value: Any) -> str:
    if explode and isinstance(value, dict):
        return ",".join(f"{k}={v}" for k, v in value.items())
    return _flat(value)


def _label(_name: str, explode: bool, value: Any) -> str:
    if explode and isinstance(value, dict):
        return "." + ".".join(f"{k}={v}" for k, v in value.items())
    return "." + _flat(value, "." if explode and isinstance(value, list) else ",")


def _matrix(name: str, explode: bool, value: Any) -> str:
    if explode and isinstance(value, dict):
        return "".join(f";{k}={v}" for k, v in value.items())
    if explode and isinstance(value, list):
        return "".join(f";{name}={v}" for v in value)
    return f";{name}={_flat(value)}"


def _make_writer(between: str) -> Callable[[str, bool, Any], str]:
    def write(name: str, explode: bool, value: Any) -> str:
        if isinstance(value, str) or (explode and isinstance(value, list)):
            return _form(name, True, value)
        return f"{name}={_flat(value, between)}"

    return write


def _deep(name: str, _explode: bool, value: Any) -> str:
    if isinstance(value, dict):
        return "&".join(f"{name}[{k}]={v}" for k, v in value.items())
    return _form(name, True, value)


_WRITERS: dict[str, Callable[[str, bool, Any], str]] = {
    "form": _form, "simple": _simple, "label": _label, "matrix": _matrix, "deepObject": _deep,
    "spaceDelimited": _make_writer("%20"), "pipeDelimited": _make_writer("|"), "cookie": _form,
}  # fmt: skip
