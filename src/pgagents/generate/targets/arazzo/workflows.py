"""The catalogue's workflows as an Arazzo 1.0.1 description over the whole OpenAPI contract.

https://spec.openapis.org/arazzo/v1.0.1.html, read 2026-11-20. A value that a step keeps becomes an output of
that step for each member that a later step reads. Values of the test environment, and keys, become inputs of
the workflow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.cel.rewrite import FirstFitting, Place, criteria, parse_kept, path_through, pointer
from pgagents.base.cel.syntax import ExpressionError
from pgagents.base.places import Node, Pointer, Text, plain
from pgagents.base.text import short
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import ErrorSign
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Step, Workflow
from pgagents.catalogue.model.surface import Dispatcher
from pgagents.generate.addresses import find_hosted_url
from pgagents.generate.target import DESCRIBED_WORKFLOWS, Loss, Target, View


def view(model: Model) -> View:
    """Return the Arazzo Description."""
    losses: dict[Loss, None] = {}
    read: dict[Read, None] = {}
    told = model.described_workflows
    for workflow in told:
        WorkflowObject(model, workflow, {}, read).render_node()
    # Redocly treats steps of one name in several workflows as one step. So each of them gets all outputs that
    # any of them needs.
    for workflow in model.workflows:
        if workflow.only_verify:
            losses[Loss(workflow.origin, f"workflow {workflow.name}", "dropped", "verify alone runs it")] = (
                None
            )
    workflows = [WorkflowObject(model, workflow, losses, dict(read)).render_node() for workflow in told]
    document = "openapi/openapi.json"
    url = (
        find_hosted_url(model, Text(document, ("api", "hosted")))
        if document in model.api.hosted
        else Text(f"../{document}", ("api",))
    )
    return View(
        {
            "arazzo": Text("1.0.1", ("workflows",)),
            "info": Node(
                {
                    "title": model.text("api", "title"),
                    "summary": model.text("api", "for_people"),
                    "version": model.text("api", "version"),
                },
                origin=("api",),
            ),
            "source": Node({"name": model.text("api", "id"), "url": url, "type": "openapi"}, origin=("api",)),
            "workflows": workflows,
        },
        tuple(losses),
    )


TARGET = Target(
    "Arazzo 1.0.1 workflows",
    ("arazzo/workflows.arazzo.yaml", "arazzo/workflows.arazzo.json"),
    view,
    part=DESCRIBED_WORKFLOWS,
)


# -- one workflow


RETRY_S = 2
"""Seconds after which a step that follows a job is repeated."""


def format_wait(after_s: float | Expression) -> str:
    """Return the duration of a step's wait in words: seconds, or the text of an expression."""
    return after_s.wording if isinstance(after_s, Expression) else f"{after_s:g}"


class WorkflowObject:
    """One workflow of the description. Its inputs and outputs are collected while values are rewritten."""

    def __init__(
        self, model: Model, workflow: Workflow, losses: dict[Loss, None], read: dict[Read, None]
    ) -> None:
        self.model = model
        self.read = read
        self.workflow = workflow
        self.steps = tuple(
            s for s in workflow.steps if s.action in model.actions and _has_operation(model, s.action)
        )
        self.values = RuntimeExpressions(model, self.steps, losses, read)
        for step in workflow.steps:
            if step not in self.steps:
                why = (
                    "only the MCP server has the action"
                    if step.action in model.actions
                    else "the contract does not have the operator's own operations"
                )
                self.values.lose(step.origin, f"step {step.name}", "dropped", why)

    def render_node(self) -> Node:
        """Return the Workflow Object, whose outputs are those that are read so far."""
        for name, member, rest in tuple(self.read):
            if name in self.values.outputs:
                self.values.declare_output(name, member, rest)
        made = [self._step(step) for step in self.steps]
        for step, node in zip(self.steps, made, strict=True):
            node["successCriteria"] += list(self._as_chosen(step))
            if self.values.outputs[step.name]:
                node["outputs"] = Node(
                    dict(sorted(self.values.outputs[step.name].items())), origin=(*step.origin, "keep")
                )
        members: dict[str, Any] = {
            "workflowId": Text(self.workflow.name, self.workflow.origin),
            "summary": self.workflow.title,
        }
        if self.workflow.description:
            members["description"] = self.workflow.description
        if self.values.inputs:
            inputs: dict[str, Any] = {
                "type": "object",
                "properties": dict(sorted(self.values.inputs.items())),
            }
            if required := [
                name for name, schema in sorted(self.values.inputs.items()) if "default" not in schema
            ]:
                inputs["required"] = required
            members["inputs"] = Node(inputs, origin=self.workflow.origin)
        return Node({**members, "steps": made}, origin=self.workflow.origin)

    def _step(self, step: Step) -> Node:
        dispatcher = None if step.action.on_rest else self.model.find_dispatcher(step.action)
        members: dict[str, Any] = {
            "stepId": Text(step.name, step.origin),
            "description": step.action.title,
            "operationId": dispatcher.operation_id if dispatcher else step.action.operation_id,
        }
        if parameters := list(self._parameters(step)):
            members["parameters"] = parameters
        if body := self._request_body(step, dispatcher):
            members["requestBody"] = body
        members["successCriteria"] = list(self._criteria(step))
        if step.within_s:
            members["onFailure"] = [self._look_again(step)]
        if step.after_s:
            self.values.lose(
                (*step.origin, "after_s"),
                f"after_s {format_wait(step.after_s)}",
                "dropped",
                "no step can wait before it is taken",
            )
        return Node(members, origin=step.origin)

    def _request_body(self, step: Step, dispatcher: Dispatcher | None) -> Node | None:
        """Return the Request Body Object of a step; None if its call has no body."""
        sent = {
            p.wire: step.input[p.name]
            for p in step.action.params
            if p.place == "body" and p.name in step.input and p.file is None
        }
        for param in step.action.params:
            if param.file is not None and param.name in step.input:
                at = (*step.origin, "input", str(param.name))
                self.values.lose(at, f"file {param.name}", "client", "a payload holds no bytes")
        whole = next((p for p in step.action.params if p.place == "whole_body" and p.file is None), None)
        if whole is not None and whole.name in step.input:
            at = (*step.origin, "input")
            value = self.values.write(step.input[whole.name], step, (*at, str(whole.name)))
            return Node({"contentType": step.action.content_type, "payload": value}, origin=at)
        if sent or dispatcher:
            payload = {
                wire: self.values.write(value, step, (*step.origin, "input", wire))
                for wire, value in sent.items()
            }
            if dispatcher:
                payload = dispatcher.make_message(step.action, payload)
            at = (*step.origin, "input")
            return Node(
                {"contentType": step.action.content_type, "payload": Node(payload, origin=at)}, origin=at
            )
        return None

    def _parameters(self, step: Step) -> Iterator[Node]:
        for name, value in step.action.headers:
            place = ("api", "request_headers", name)
            yield Node({"name": name, "in": "header", "value": Text(value, place)}, origin=place)
        for param in step.action.params:
            if not param.in_body and param.name in step.input:
                at = (*step.origin, "input", param.name)
                yield Node(
                    {
                        "name": param.wire,
                        "in": param.place,
                        "value": self.values.write(step.input[param.name], step, at),
                    },
                    origin=at,
                )
        for scheme in next((one for one in step.action.security if one), ()):
            yield self._proof(step, self.model.credentials[scheme])

    def _proof(self, step: Step, credential: Credential) -> Node:
        """Return the parameter that carries a key. Its value is an input of the workflow."""
        first = credential is self.model.credential
        name = "token" if first else credential.name
        name = name if step.role == "main" else f"{step.role}_{name}"
        role = ("auth", "roles", step.role)
        described = _describe_input(credential, self.model.text(*role, "description"))
        self.values.inputs[name] = Node(
            {
                "type": "string",
                "format": "password",
                "description": described if first else f"{described} ({credential.name})",
            },
            origin=role,
        )
        value = Text(credential.wrap(f"{{$inputs.{name}}}"), role)
        return Node({"name": credential.wire, "in": credential.place, "value": value}, origin=role)

    def _as_chosen(self, step: Step) -> Iterator[Node]:
        """Yield criteria that test the condition of a choice on the item that was used for it."""
        for member, place in self.values.chosen[step.name].items():
            choice = parse_kept(step.keep[member].tree)
            if not isinstance(choice, FirstFitting):
                continue
            at = (*step.origin, "keep", member)

            def render_node(path: Place, item: str = choice.item, place: Place = place) -> str | None:
                there = self.values.path_in_message(step, (*place, *path[1:]))
                return pointer(there) if path[0] == item and len(path) > 1 else None

            answer = self.values.path_in_message(step, ())
            for part, criterion in criteria(choice.condition, render_node, answer):
                if criterion is None:
                    self.values.lose(at, part, "dropped", "no criterion says this")
                else:
                    yield Node({"condition": Text(criterion.condition, at)}, origin=at)

    def _look_again(self, step: Step) -> Node:
        """Return the action that repeats a step until the job has ended."""
        again = {"name": "look-again", "type": "retry", "retryAfter": RETRY_S}
        return Node({**again, "retryLimit": max(1, round(step.within_s / RETRY_S))}, origin=step.origin)

    def _criteria(self, step: Step) -> Iterator[Node]:
        status = Text(f"$statusCode == {step.status}", (*step.origin, "status"))
        yield Node({"condition": status}, origin=step.origin)
        sign = self.model.error_reader.sign
        if sign is not None and any(code.status == step.status for code in step.action.errors):
            yield Node({"condition": Text(_negate(sign), sign.origin)}, origin=step.origin)

        def render_node(path: Place) -> str | None:
            return self.values.write_path(path, step)

        answer = self.values.path_in_message(step, ())
        for index, expression in enumerate(step.expect):
            at = (*step.origin, "expect", index)
            for part, criterion in criteria(expression.tree, render_node, answer):
                if criterion is None:
                    self.values.lose(at, part, "dropped", "no criterion says this")
                elif criterion.jsonpath:
                    query = {
                        "context": "$response.body",
                        "condition": Text(criterion.condition, at),
                        "type": "jsonpath",
                    }
                    yield Node(query, origin=at)
                else:
                    yield Node({"condition": Text(criterion.condition, at)}, origin=at)
        for index, expression in enumerate(step.expect_timed):
            at = (*step.origin, "expect_timed", index)
            self.values.lose(
                at, expression.wording, "dropped", "it holds only after a wait, and no step can wait"
            )


def _negate(sign: ErrorSign) -> str:
    """Return the criterion that a 2xx answer has no error sign."""
    if sign.comparison == "has":
        return f"{pointer(sign.path)} == null"
    value = sign.value
    text = "'" + value.replace("'", "''") + "'" if isinstance(value, str) else json.dumps(value)
    return f"{pointer(sign.path)} {'!=' if sign.comparison == '==' else '=='} {text}"


def _has_operation(model: Model, action: Action) -> bool:
    """True if an operation of the OpenAPI document calls the action: its own, or a dispatcher's."""
    return action.on_rest or model.find_dispatcher(action) is not None


def _describe_input(credential: Credential, role: str) -> str:
    """Describe an input for a key. Runtime expressions cannot encode, so the user gives the encoded form."""
    described = role or "A key"
    if credential.exchange is not None:
        return f"{described}: an access token by client credentials"
    if credential.by_users:
        return f"{described}: an access token of a user"
    return f"{described}: the Base64 of user:password" if credential.encoded else described


# -- values as runtime expressions
#
# https://spec.openapis.org/arazzo/v1.0.1.html#runtime-expressions, read 2026-11-20.


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
