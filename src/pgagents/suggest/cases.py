"""Propose a store's test cases from the workflows and examples of a catalogue. Every prompt is a draft.

Positive cases are the first steps of workflows that the tools can do, then examples of tools. Negative cases
use ids that do not exist, destructive tools, and tasks outside all tools.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from pgagents.base.cel.expression import Expression
from pgagents.base.cel.rewrite import transform
from pgagents.base.cel.syntax import Member, Name, Node, print_node
from pgagents.base.text import find_word
from pgagents.catalogue.model.action import Action, Example
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Step, Workflow
from pgagents.generate.actions import find_name

POSITIVE, NEGATIVE = 5, 3
"""Numbers of cases for ChatGPT's directory, the only store that requires any."""
MOST_EXAMPLES = 2
"""Most examples of one tool that become cases."""
OF_THE_CALL = frozenset(("response", "input"))
READABLE = OF_THE_CALL | {"env"}
ELSEWHERE = {
    "weather": ("What will the weather be tomorrow?", ["weather", "forecast"]),
    "flight": ("Book me a flight to Lisbon.", ["flight"]),
    "translation": ("Translate this page into French.", ["translate", "translation"]),
}
"""Tasks that few APIs offer, each with its prompt and its keywords."""


def propose_cases(model: Model) -> dict[str, Any]:
    """Return `cases` in the catalogue's form: at most five positive and three negative ones.

    There are fewer if the catalogue has too few workflows and examples; the author adds the missing ones.
    """
    positive: dict[str, Any] = {}
    for name, case in (*_from_workflows(model), *_from_examples(model)):
        if len(positive) < POSITIVE:
            positive.setdefault(name, case)
    negative: dict[str, Any] = {}
    for kind in (_not_offered(model), _refused(model), _asks_first(model)):
        for name, case in kind:
            if len(negative) < NEGATIVE and name not in positive:
                negative.setdefault(name, case)
                break
    return {"positive": positive, "negative": negative}


def _draft(prompt: str, **more: Any) -> dict[str, Any]:
    return {"prompt": prompt, "draft": True, **more}


def _from_workflows(model: Model) -> Iterator[tuple[str, dict[str, Any]]]:
    tools = {str(action.name) for action in model.surfaces["mcp"].actions}
    for workflow in model.workflows:
        steps = list(takewhile(lambda step: _may_be_called(step, tools), workflow.steps))
        if not workflow.only_verify and steps:
            yield workflow.name.replace("-", "_"), _of_workflow(workflow, steps)


def _may_be_called(step: Step, tools: set[str]) -> bool:
    plain = step.role == "main" and step.key is None and not step.via and not step.headers
    return plain and str(step.action.name) in tools and step.status == step.action.success.status


def _of_workflow(workflow: Workflow, steps: Sequence[Step]) -> dict[str, Any]:
    """Return a case for the first steps of a workflow."""
    kept: dict[str, Mapping[str, Node]] = {}
    calls = []
    for step in steps:
        given = {name: _rewritten(value, kept) for name, value in step.input.items()}
        calls.append({"tool": str(step.action.name), "name": step.name, "arguments": given})
        own = {name: _as_own(expression.tree, step.name) for name, expression in step.keep.items()}
        kept[step.name] = {name: _without_steps(tree, kept) for name, tree in own.items()}
    last = steps[-1]
    expect = [_write(_without_steps(e.tree, kept)) for e in last.expect] or _conditions(last.action)
    about = str(workflow.description or workflow.title)
    return _draft(str(workflow.title), calls=calls, expect=expect, outcome=about)


def _write(tree: Node) -> str:
    """Return a condition as a catalogue writes it."""
    return print_node(tree)


def _as_own(tree: Node, step: str) -> Node:
    """Change an expression about one call's answer into one about the answers of all calls."""

    def change(node: Node, bound: frozenset[str]) -> Node | None:
        if isinstance(node, Name) and node.name in OF_THE_CALL and node.name not in bound:
            return Member(Name(step), node.name)
        return None

    return transform(tree, change)


def _without_steps(tree: Node, kept: Mapping[str, Mapping[str, Node]]) -> Node:
    """Return an expression that reads a step's answer directly instead of the values the step kept."""

    def change(node: Node, bound: frozenset[str]) -> Node | None:
        if not isinstance(node, Member) or not isinstance(node.base, Name) or node.base.name in bound:
            return None
        return kept.get(node.base.name, {}).get(node.name)

    return transform(tree, change)


def _rewritten(value: Any, kept: Mapping[str, Mapping[str, Node]]) -> Any:
    """Return an argument as a catalogue writes it."""
    if isinstance(value, Expression):
        return f"={print_node(_without_steps(value.tree, kept))}"
    if isinstance(value, Mapping):
        return {name: _rewritten(inner, kept) for name, inner in value.items()}
    return [_rewritten(inner, kept) for inner in value] if isinstance(value, list) else value


def _from_examples(model: Model) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield examples of tools, reads first. The reviewer's account may lack the data for a write."""
    for action in sorted(model.surfaces["mcp"].actions, key=lambda one: one.effect == "write"):
        if _changes_others(model, action):
            continue
        good = [one for one in action.examples if one.status == action.success.status]
        for example in good[:MOST_EXAMPLES]:
            yield f"{action.name}_{example.name.replace('-', '_')}"[:64], _of_example(action, example)


def _changes_others(model: Model, action: Action) -> bool:
    """True if a write names another's instance, which a second call would find changed."""
    named = (model.resources.get(param.refers_to or "") for param in action.params)
    return action.effect == "write" and any(r is not None and r.made_by is not None for r in named)


def _of_example(action: Action, example: Example) -> dict[str, Any]:
    call = {"tool": str(action.name), "arguments": dict(example.input)}
    told = example.title if example.title not in ("", example.name) else action.title
    title = str(told or action.name)
    return _draft(title, calls=[call], expect=_conditions(action), outcome=str(action.title or title))


def _conditions(action: Action) -> list[str]:
    """Return a law of the action as a condition; without a law, the condition that there is an answer."""
    laws = (law.that for law in action.laws if law.when is None)
    own = [_write(law.tree) for law in laws if law.names <= READABLE]
    return own[:1] or ["response == null" if action.success.schema is None else "response != null"]


def _refused(model: Model) -> Iterator[tuple[str, dict[str, Any]]]:
    for action in model.surfaces["mcp"].actions:
        for param in action.params:
            resource = model.resources.get(param.refers_to or "")
            code = resource.missing_for(param) if resource is not None else None
            absent = resource.find_absent_value(param) if resource is not None else None
            others = [p for p in action.params if p.required and p.name != param.name]
            if action.effect == "read" and code is not None and absent is not None and not others:
                prompt = f"{action.title}: {absent}"
                call = {"tool": str(action.name), "arguments": {str(param.name): absent}, "code": code.name}
                yield f"no_such_{param.refers_to}", _draft(prompt, refused=call)


def _asks_first(model: Model) -> Iterator[tuple[str, dict[str, Any]]]:
    for action in model.surfaces["mcp"].actions:
        if action.hints.destructive.value:
            yield f"unasked_{action.name}"[:64], _draft(str(action.title), asks_first=str(action.name))


def _not_offered(model: Model) -> Iterator[tuple[str, dict[str, Any]]]:
    surface = model.surfaces["mcp"]
    texts = [
        text
        for action in surface.actions
        for text in (find_name(surface, action), action.title, action.description)
    ]
    for name, (prompt, words) in ELSEWHERE.items():
        if not any(find_word(word, text) for word in words for text in texts):
            yield name, _draft(prompt, not_offered=words)
