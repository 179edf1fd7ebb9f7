"""Find the argument because of which a run cannot make an instance: no value of it is surely accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.jsonschema.schema import REF, resolve
from pgagents.model.action import Action
from pgagents.model.model import Model
from pgagents.model.resource import Resource
from pgagents.model.values.sure_values import find_unsure


def say_unmade(model: Model, resource: Resource) -> str:
    """Return why nothing makes an instance of an inferred resource; empty if no argument is the reason."""
    if not resource.inferred or resource.made_by is not None:
        return ""
    create = next((a for a in model.actions if _is_create(a, resource)), None)
    return say_unsure(model, create) if create is not None else ""


def say_unsure_create(model: Model, action: Action) -> str:
    """Return why a call may not make an instance of an inferred resource; empty if no argument is the
    reason.
    """
    lacking = (r for r in model.resources.values() if r.inferred and r.made_by is None)
    return say_unsure(model, action) if any(_is_create(action, r) for r in lacking) else ""


def say_unsure(model: Model, action: Action) -> str:
    """Return that a value must be guessed for some required arguments; empty if a value is known for each."""
    shown: dict[str, Any] = next((dict(e.input) for e in action.examples), {})
    named: Mapping[str, Any] = {f"{REF}{name}": schema for name, schema in model.schemas.items()}
    unsure = [
        find_unsure(resolve(p.schema, model.schemas), named, shown, str(p.name))
        for p in action.params
        if p.required and not p.refers_to
    ]
    names = " and ".join(f"`{path}`" for path in unsure if path)
    return f"no value of {names} is sure, and an example would show one" if names else ""


def _is_create(action: Action, resource: Resource) -> bool:
    """True if an action is a POST to the collection from whose path the resource was inferred."""
    heads = {str(call.action.path).rpartition("/")[0] for call in resource.read_by}
    return action.method == "POST" and str(action.path).rstrip("/") in heads
