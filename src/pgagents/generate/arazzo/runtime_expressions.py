"""Rewrite the values of a workflow as runtime expressions of Arazzo.

https://spec.openapis.org/arazzo/v1.0.1.html#runtime-expressions, read 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pgagents.cel.criteria import FirstFitting, Place, parse_kept, path_through, pointer
from pgagents.cel.expression import Expression, ExpressionError
from pgagents.cel.scope import Scope
from pgagents.generate.target import Loss
from pgagents.model.model import Model
from pgagents.model.workflow import Step
from pgagents.source.origin import Node, Text, plain
from pgagents.source.source import Pointer
from pgagents.text.wording import short

_NO_KEY = re.compile(r"[^A-Za-z0-9._-]")
"""Matches characters that are not allowed in a key of an Arazzo document."""
Read = tuple[str, str, tuple[str | int, ...]]
"""A step, a value that it keeps, and the member of the value that a later step reads."""


class RuntimeExpressions:
    """The values of one workflow. Its inputs and outputs are declared while values are rewritten."""

    def __init__(
        self, model: Model, steps: tuple[Step, ...], losses: dict[Loss, None], read: dict[Read, None]
    ) -> None:
        self.model, self.steps, self.losses, self.read = model, steps, losses, read
        self.inputs: dict[str, Node] = {}
        self.outputs: dict[str, dict[str, str]] = {step.name: {} for step in steps}
        self.chosen: dict[str, dict[str, Place]] = {step.name: {} for step in steps}

    def lose(self, origin: Pointer, constraint: str, went: Any, detail: str) -> None:
        """Record what the document cannot say."""
        self.losses[Loss(origin, short(constraint), went, detail)] = None

    def write(self, value: Any, step: Step, origin: Pointer) -> Any:
        """Return an argument of a step as the document has it, with runtime expressions for expressions."""
        if isinstance(value, Expression):
            path = path_through(value.tree)
            said = self.write_path(path, step) if path else None
            return Text(said or self._ask_client(value.wording, step, origin), origin)
        if isinstance(value, str) and (
            "{$" in value or value.startswith("$")
        ):  # it would be parsed as an expression
            return Text(self._declare_input([step.name, str(origin[-1])], value, origin), origin)
        if isinstance(value, Mapping):
            return {key: self.write(member, step, (*origin, key)) for key, member in value.items()}
        if isinstance(value, list | tuple):
            return [self.write(item, step, (*origin, index)) for index, item in enumerate(value)]
        return Text(value, origin) if isinstance(value, str) else value

    def path_in_message(self, step: Step, path: Place) -> Place:
        """Return the path inside a JSON-RPC message, which has the action's own answer under `result`."""
        dispatcher = None if step.action.on_rest else self.model.find_dispatcher(step.action)
        return ("result", *path) if dispatcher is not None and dispatcher.json_rpc else path

    def write_path(self, path: Place, step: Step) -> str | None:
        """Rewrite a path that an expression of `step` reads as a runtime expression, or None."""
        first, *rest = path
        if first == "response":
            return pointer(self.path_in_message(step, path[1:]))
        if first == "env":
            value: Any = self.model.env
            for name in rest:
                value = value.get(name) if isinstance(value, Mapping) else None
            return self._declare_input(rest, value, ("env", *rest))
        if first in self.outputs and rest:
            return self.declare_output(str(first), str(rest[0]), path[2:])
        return None

    def declare_output(self, name: str, member: str, rest: Place) -> str | None:
        """Declare a value that an earlier step kept as an output of that step; return its expression, or
        None.
        """
        step = next(s for s in self.steps if s.name == name)
        found = parse_kept(step.keep[member].tree) if member in step.keep else None
        if found is None:
            return None
        base = self._place(step, member, found) if isinstance(found, FirstFitting) else found
        self.read[name, member, rest] = None
        output = _NO_KEY.sub("_", "_".join(map(str, [member, *rest])))
        self.outputs[name][output] = pointer(self.path_in_message(step, (*base, *rest)))
        return f"$steps.{name}.outputs.{output}"

    def _place(self, step: Step, member: str, choice: FirstFitting) -> Place:
        """Return the path of a list item to use for a chosen item, because Arazzo cannot choose.

        Use the item chosen in the documented answer to this call, otherwise the next item in the list.
        """
        chosen = self.chosen[step.name]
        if member not in chosen:
            documented = self._find_index(step, member, choice)
            index = (
                documented
                if documented is not None
                else sum(place[:-1] == choice.items for place in chosen.values())
            )
            chosen[member] = (*choice.items, index)
            as_where = ", as in the documented answer" if documented is not None else ""
            detail = (
                f"item {index + 1} of the list is taken{as_where}; the step fails where that is not as asked"
            )
            self.lose((*step.origin, "keep", member), step.keep[member].wording, "narrowed", detail)
        return chosen[member]

    def _find_index(self, step: Step, member: str, choice: FirstFitting) -> int | None:
        """Return the index of the chosen item in an example of the same call, or None."""
        call = {name: self._set(value) for name, value in step.input.items()}
        example = next(
            (e for e in step.action.examples if e.status == step.status and plain(e.input) == call), None
        )
        if example is None:
            return None
        try:
            found = Scope({"response": plain(example.output)}).evaluate(step.keep[member])
        except ExpressionError:
            return None
        items: Any = plain(example.output)
        for name in choice.items:
            items = items[name]
        return next((index for index, item in enumerate(items) if item == found), None)

    def _set(self, value: Any) -> Any:
        """Return a literal unchanged, or the catalogue's value of an environment variable."""
        if not isinstance(value, Expression):
            return plain(value)
        first, *rest = path_through(value.tree) or ("",)
        found: Any = self.model.env if first == "env" else None
        for name in rest:
            found = found.get(name) if isinstance(found, Mapping) else None
        return plain(found)

    def _ask_client(self, text: str, step: Step, origin: Pointer) -> str:
        """Declare an input for a value that Arazzo cannot compute. The workflow's user provides it."""
        self.lose(origin, text, "client", "whoever runs the workflow gives this value")
        return self._declare_input([step.name, str(origin[-1])], None, origin)

    def _declare_input(self, path: list[str | int], default: Any, origin: Pointer) -> str:
        """Declare an input of the workflow, and return its expression."""
        name = "_".join(map(str, path))
        kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
        kind = next((said for known, said in kinds.items() if isinstance(default, known)), "object")
        self.inputs[name] = Node(
            {"type": kind, "default": default} if default is not None else {}, origin=origin
        )
        return f"$inputs.{name}"
