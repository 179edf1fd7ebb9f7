"""Describe an action as a function that a model can call, in one schema dialect."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pgagents.base.places import Node, Text
from pgagents.catalogue.decoding.medium import kind_of
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.generate.actions import (
    describe_job,
    find_name,
    find_recovery,
    list_hidden_pages,
    list_lost_jobs,
    list_offered,
    say_after_loss,
)
from pgagents.generate.dialect import Dialect
from pgagents.generate.examples import add_examples, choose_examples
from pgagents.generate.lower import lower
from pgagents.generate.target import Function, Loss

MOST_CHARACTERS = 1_024
"""Most characters of a description to which a sentence about another tool is added.

Copilot ignores what is behind them (schemas/requirements/microsoft.yaml); no other vendor has a lower limit.
"""


def functions(
    model: Model, surface: Surface, dialect: Dialect, *, answers: bool
) -> tuple[tuple[Function, ...], tuple[Loss, ...]]:
    """Describe the surface's actions, each followed by its former names; return them and all losses.

    `answers` is true if the format has a place for the answer's schema.
    """
    losses: dict[Loss, None] = {}
    made = []
    for action in list_offered(surface):
        found, lost = function(model, surface, action, dialect, answers=answers)
        made.append(found)
        losses.update(dict.fromkeys(lost))
    losses.update(dict.fromkeys(list_lost_jobs(surface.actions)))
    return tuple(made), tuple(losses)


def function(
    model: Model, surface: Surface, action: Action, dialect: Dialect, *, answers: bool
) -> tuple[Function, list[Loss]]:
    """Describe one action; return it and its losses."""
    losses: list[Loss] = []
    offered = _arguments(surface, action, losses)
    if dialect.examples != "none":
        offered = add_examples(model, surface, action, offered)
    parameters, lost = lower(offered, model.schemas, dialect, sent=True)
    losses += lost
    losses += _list_gone(action, offered, parameters, lost, dialect)
    losses += list_hidden_pages([action], "client", "a model sees no headers; who makes the call tells it")
    response = None
    answer = action.success
    in_json = kind_of(answer).name == "json"
    losses += [
        Loss(
            h.origin, f"header {h.name} of answer {o.status}", "client", "a model sees no headers of answers"
        )
        for o in action.outputs
        for h in o.headers
    ]
    if answer.schema is not None and not (answers and in_json):
        why = (
            "the format has no place for it"
            if in_json or not answers
            else f"it is {' or '.join(answer.types)}, no JSON"
        )
        losses.append(Loss(answer.origin, f"answer {answer.status}", "dropped", why))
    elif answer.schema is not None:
        response, lost = lower(answer.schema, model.schemas, dialect)
        losses += lost
    return Function(
        find_name(surface, action),
        _description(model, surface, action, losses),
        parameters,
        response,
        examples=choose_examples(surface, action, parameters) if dialect.whole_examples else (),
    ), losses


def _list_gone(
    action: Action, offered: Node, parameters: Node, lost: Sequence[Loss], dialect: Dialect
) -> Iterator[Loss]:
    """Yield a loss for each argument that the function lacks: its own losses only tell of a part of it.

    One whose name the vendor takes in no schema stands in the description.
    """
    for param in action.params:
        asked = param.name in offered["properties"] and param.name not in parameters.get("properties", {})
        if asked and (not dialect.names or re.fullmatch(dialect.names, param.name)):
            inner = [loss for loss in lost if loss.origin[: len(param.origin)] == param.origin]
            why = inner[-1].detail if inner else ""
            why = why or f"{dialect.name} has no schema for it"
            yield Loss(param.origin, f"argument {param.name}", "dropped", why, gone="schema")


def _arguments(surface: Surface, action: Action, losses: list[Loss]) -> Node:
    """Return the schema of the arguments that a model fills in, without headers, which the client fills
    in.
    """
    offered = surface.params(action)
    names = {param.catalogue_name for param in offered}
    for param in action.params:
        if param.name not in names:
            losses.append(
                Loss(param.origin, f"argument {param.name}", "dropped", f"surfaces.{surface.name}.omit")
            )
        elif param.place == "header" and not surface.takes_key(action, param):
            losses.append(
                Loss(
                    param.origin,
                    f"header {param.wire}",
                    "client",
                    "a model fills in no headers; who makes the call sends it",
                )
            )
    schema = action.input_schema(params=offered)
    members: dict[str, Any] = schema["properties"]
    for param in offered:
        text = surface.param_text(action, param)
        if param.name in members and text != param.description:
            members[param.name] = Node(
                {**members[param.name], "description": text}, origin=members[param.name].origin
            )
    return schema


def _description(model: Model, surface: Surface, action: Action, losses: list[Loss]) -> Text:
    text = surface.text(action, "description")
    said = [str(text)]
    if action.deprecated:
        said.insert(0, "Deprecated.")
        losses.append(Loss((*action.origin, "deprecated"), "deprecated", "description"))
    if action.either:
        why = "an object whose members exclude each other is taken by few vendors"
        losses.append(Loss((*action.origin, "either"), "one group of arguments", "description", why))
    if action.confirm_body is not None:
        said.append(f"Ask the user before calling: {action.confirm_body}")
        losses.append(
            Loss(
                (*action.origin, "confirm"), "confirmation", "description", "the format has no member for it"
            )
        )
    if job := describe_job(action, surface.actions, lambda reader: find_name(surface, reader)):
        said.append(job)
    said += _compare_siblings(model, surface, action, len(" ".join(said)))
    if surface.mcp_server is not None and (advice := say_after_loss(find_recovery(model, surface, action))):
        said.append(advice)
    return Text(" ".join(said), text.origin)


def _compare_siblings(model: Model, surface: Surface, action: Action, length: int) -> Iterator[str]:
    """Yield the sentence that says when another tool of this surface is the one to call.

    There is one where exactly two tools list the instances of a resource, and their arguments differ. The
    arguments that choose a page are not compared. `length` is that of the description so far. A sentence that
    would make it too long is left out.
    """
    if not action.only_reads or action.alias_of is not None:
        return
    offered = {str(one.name): one for one in surface.actions}
    for resource in model.resources.values():
        calls = [call for call in resource.listed_by if not call.inferred and call.action.only_reads]
        names = dict.fromkeys(str(call.action.name) for call in calls if str(call.action.name) in offered)
        if len(names) != 2 or action.name not in names:
            continue
        (other,) = (offered[name] for name in names if name != action.name)
        own, others = _index_choices(surface, action), _index_choices(surface, other)
        only_other = {name: param for name, param in others.items() if name not in own}
        needed = [str(param.name) for param in only_other.values() if param.required]
        missing = [str(p.name) for name, p in own.items() if p.required and name not in others]
        optional = [str(param.name) for param in only_other.values()]
        when = ""
        if needed:
            when = f"To look by {' and '.join(needed)}"
        elif optional:
            when = f"To look by {' or '.join(optional)}"
        elif missing:
            when = f"Without {' and '.join(missing)}"
        sentence = f"{when}, use {find_name(surface, other)}."
        if when and length + 1 + len(sentence) <= MOST_CHARACTERS:
            yield sentence
            return


def _index_choices(surface: Surface, action: Action) -> dict[str, Param]:
    """Return the arguments that choose what a list holds, by their names in the catalogue."""
    pages = (action.pages.argument, action.pages.size) if action.pages is not None else ()
    return {
        param.catalogue_name: param
        for param in surface.params(action)
        if param.place != "header" and param.catalogue_name not in pages
    }
