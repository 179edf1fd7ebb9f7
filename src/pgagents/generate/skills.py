"""The skills of a package: one about all tools of the MCP server, and one for each task of a user.

https://agentskills.io/specification, read 2026-11-21: a folder's name is the skill's name, the description
has at most 1,024 characters and says when to use it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgagents.base.cel.expression import Expression
from pgagents.base.places import Pointer, Text, plain
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.listing import Listing
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Step, Workflow
from pgagents.catalogue.model.surface import Surface
from pgagents.generate.actions import Recovery, describe_job, find_name, find_recovery
from pgagents.generate.addresses import SKILL_FILES
from pgagents.generate.target import BoundTarget, Loss, Note, Target, View

# -- the steps of a workflow


_MOST = 80
"""Longest example value, in characters."""


@dataclass(frozen=True, slots=True)
class StepText:
    """One step: its number, its tool, the arguments with their sources, and the members of the answer to
    keep.
    """

    number: int
    tool: str
    title: str
    arguments: tuple[tuple[str, str], ...]
    keep: tuple[tuple[str, str], ...]


def describe_step(surface: Surface, step: Step, numbers: Mapping[str, int]) -> StepText:
    """Return the text of a step. `numbers` are the numbers of the steps by name."""
    action = next(a for a in surface.actions if a.name == step.action.name)
    return StepText(
        numbers[step.name],
        str(find_name(surface, action)),
        str(surface.text(action, "title")),
        tuple(_arguments(surface, step, numbers)),
        tuple((name, f"{kept.wording}") for name, kept in step.keep.items()),
    )


def _arguments(surface: Surface, step: Step, numbers: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield each argument of the step under the surface's name, with the source of its value."""
    action = next(a for a in surface.actions if a.name == step.action.name)
    for param in surface.params(action):
        if param.catalogue_name not in step.input or param.place == "header":
            continue
        value = step.input[param.catalogue_name]
        source = _find_step(value, numbers)
        if source is not None:
            yield str(param.name), source
        else:
            told = surface.param_text(action, param).rstrip(".")
            yield str(param.name), f"{told}{_show(value)}"


def _find_step(value: Any, numbers: Mapping[str, int]) -> str | None:
    """Name the step whose answer has a value; None if the user gives it."""
    if not isinstance(value, Expression):
        return None
    known = sorted({numbers[name] for name in value.names if name in numbers})
    if not known:
        return None
    if value.path and len(value.path) > 1 and value.path[0] in numbers:
        *above, last = value.path[1:]
        whole = f" of {'.'.join(above)}" if above else ""
        return f"{last}{whole}, from step {known[0]}"
    return f"{value.wording}, from step {' and '.join(map(str, known))}"


def _show(value: Any) -> str:
    """Return an example value in brackets; empty for a value from the test environment."""
    if isinstance(value, Expression) or _holds_expression(value):
        return ""
    text = json.dumps(plain(value), ensure_ascii=False)
    return f" (for example {text})" if len(text) <= _MOST else ""


def _holds_expression(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_expression, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_holds_expression, value))
    return isinstance(value, Expression)


MOST_NAME, MOST_DESCRIPTION, MOST_LINES = 64, 1024, 500
_MAIN = "main"


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool in a skill: its name, its title, and the arguments that each call gives."""

    name: str
    title: str
    needs: tuple[tuple[str, str], ...]
    job: str


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill. `ask` is the question to the user before a call; `errors` are codes with their meanings.

    `lost` says what to do after calls without an answer: tools with the same advice.
    """

    name: str
    title: Text
    description: Text
    says: Text
    tools: tuple[Tool, ...]
    steps: tuple[StepText, ...]
    ask: tuple[tuple[str, str], ...]
    lost: tuple[tuple[tuple[str, ...], Recovery], ...]
    errors: tuple[Code, ...]
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Skills:
    """The skills of a package, the one about all tools first, and their losses."""

    skills: tuple[Skill, ...]
    losses: tuple[Loss, ...]
    notes: tuple[Note, ...]

    @property
    def contexts(self) -> dict[str, dict[str, Any]]:
        """The values for the template, by the skill's name."""
        return {skill.name: {"skill": skill} for skill in self.skills}


@dataclass(frozen=True, slots=True)
class Heading:
    """The name and the texts of the skills where no store has a listing: those of the API."""

    id: Text
    name: Text
    summary: Text
    skills: tuple[Text, ...] | None = None
    origin: Pointer = ()


MOST_LISTED = 5
"""The most skills that an MCP server lists. OpenAI imports up to five uniquely named ones, and an entry over
a limit leaves the draft's skills as they were.

https://developers.openai.com/plugins/build/mcp-server, read 2026-11-26. A further skill is served to clients
that have its address, as the specification allows.
"""
STORES = ("openai", "anthropic", "gemini")
"""The surfaces whose listing names the skills, the first one that has a listing."""


def find_heading(model: Model) -> Listing | Heading:
    """Return the listing by which a model's skills are named; without one, the API's own texts."""
    for store in STORES:
        listing = model.surfaces[store].listing if store in model.surfaces else None
        if listing is not None:
            return listing
    api = model.api
    slug = re.sub(r"[^a-z0-9]+", "-", str(api.id).lower()).strip("-") or "api"
    return Heading(
        Text(slug, ("api", "id")),
        Text(str(api.title), ("api", "title")),
        Text(str(api.for_people), ("api", "for_people")),
    )


def make_skills(model: Model, listing: Listing | Heading, offering: str = "mcp") -> Skills:
    """Return the skills for the tools of the surface `offering`."""
    surface = model.surfaces[offering]
    losses: list[Loss] = []
    made = [_make_general(model, surface, listing)]
    taken = {made[0].name}
    for workflow in _choose(model, surface, listing, losses):
        name = _find_free_name(workflow.name, listing.id, taken)
        taken.add(name)
        made.append(_make_task(model, surface, workflow, name, losses))
    return Skills(tuple(made), tuple(dict.fromkeys(losses)), tuple(_notes(made)))


def _make_general(model: Model, surface: Surface, listing: Listing | Heading) -> Skill:
    actions = surface.actions
    titles = [str(surface.text(action, "title")) for action in actions]
    names = {str(action.name): str(find_name(surface, action)) for action in actions}
    lead = f"{_cut(_end(listing.summary), MOST_DESCRIPTION // 2)} Use when the user wants one of these: "
    return Skill(
        _shorten(str(listing.id), MOST_NAME),
        listing.name,
        Text(lead + _list(titles, MOST_DESCRIPTION - len(lead)), listing.summary.origin),
        model.text("api", "for_models"),
        tuple(_describe_tool(model, surface, action, names) for action in actions),
        (),
        tuple(_ask(surface, actions)),
        _group_recoveries(model, surface, actions),
        tuple(_collect_errors(model, actions)),
        surface.origin,
    )


def _make_task(model: Model, surface: Surface, workflow: Workflow, name: str, losses: list[Loss]) -> Skill:
    steps = []
    for step in workflow.steps:
        if step.status >= 400:
            losses.append(Loss(step.origin, f"step {step.name}", "dropped", "it shows how a call is refused"))
        else:
            steps.append(step)
    actions = list(dict.fromkeys(step.action.name for step in steps))
    called = [next(a for a in surface.actions if a.name == one) for one in actions]
    numbers = {step.name: number for number, step in enumerate(steps, 1)}
    says = _end(f"{_end(workflow.title)} {workflow.description}".strip())
    when = "Use when the user asks for this, or for a part of it."
    description = f"{_cut(says, MOST_DESCRIPTION - len(when) - 1)} {when}"
    if any(step.expect or step.expect_timed for step in steps):
        why = "a skill says what to do; verify looks whether they hold"
        losses.append(Loss(workflow.origin, f"conditions of {workflow.name}", "dropped", why))
    return Skill(
        name,
        workflow.title,
        Text(description, workflow.title.origin),
        Text(says, workflow.title.origin),
        (),
        tuple(describe_step(surface, step, numbers) for step in steps),
        tuple(_ask(surface, called)),
        _group_recoveries(model, surface, called),
        tuple(_collect_errors(model, called)),
        workflow.origin,
    )


def _choose(
    model: Model, surface: Surface, listing: Listing | Heading, losses: list[Loss]
) -> Iterator[Workflow]:
    """Yield the workflows that become skills; record a loss for each other one."""
    offered = {str(action.name) for action in surface.actions}
    for workflow in model.workflows:
        reason = ""
        if workflow.only_verify:
            reason = "verify alone runs it"
        elif listing.skills is not None and workflow.name not in listing.skills:
            reason = "`skills` of the listing leaves it out"
        else:
            reason = next(_obstacles(workflow, offered), "")
        if reason:
            losses.append(Loss(workflow.origin, f"workflow {workflow.name}", "dropped", reason))
        else:
            yield workflow


def _obstacles(workflow: Workflow, offered: set[str]) -> Iterator[str]:
    """Yield the reasons why the tools cannot do a workflow."""
    called = [step for step in workflow.steps if step.status < 400]
    if not called:
        yield "all its calls are refused"
    for step in called:
        if str(step.action.name) not in offered:
            yield f"the MCP server does not offer {step.action.name}"
        if step.role != _MAIN or step.key is not None:
            yield f"step {step.name} is another caller's"


def _describe_tool(model: Model, surface: Surface, action: Action, names: Mapping[str, str]) -> Tool:
    needs = tuple(
        (
            str(param.name),
            _find_source(model, names, param.refers_to or "") or surface.param_text(action, param),
        )
        for param in surface.params(action)
        if param.required and param.place != "header"
    )
    job = describe_job(action, surface.actions, lambda reader: find_name(surface, reader))
    return Tool(str(find_name(surface, action)), str(surface.text(action, "title")), needs, job)


def _find_source(model: Model, names: Mapping[str, str], resource: str) -> str:
    """Return the text `comes from A or B`, with the tools whose answers contain the id.

    Empty if no tool's answer does.
    """
    found = model.resources.get(resource)
    if found is None:
        return ""
    calls = [found.found_by, *found.listed_by, found.made_by]
    actions = [call.action for call in calls if call]
    if found.made_by is not None and len(actions) == 1:  # a list below a parent is not a list of the resource
        actions = [*_find_lists(model, actions[0]), *actions]
    givers = [names[str(action.name)] for action in actions if str(action.name) in names]
    return f"comes from {' or '.join(dict.fromkeys(givers))}" if givers else ""


def _find_lists(model: Model, maker: Action) -> list[Action]:
    """Return what a GET at the path of a create reads."""
    return [one for one in model.actions if one.method == "GET" and one.on_rest and one.path == maker.path]


def _ask(surface: Surface, actions: Iterable[Action]) -> Iterator[tuple[str, str]]:
    """Yield the tools that need a user's consent, each with the question or the reason."""
    for action in actions:
        name = str(find_name(surface, action))
        if action.confirm_body is not None:
            yield name, str(action.confirm_body)
        elif not action.hints.read_only.value and action.hints.destructive.value:
            yield name, str(action.hints.destructive.reason)


def _group_recoveries(
    model: Model, surface: Surface, actions: Iterable[Action]
) -> tuple[tuple[tuple[str, ...], Recovery], ...]:
    """Return the tools whose calls may not simply be repeated, those with the same advice together."""
    groups: dict[Recovery, list[str]] = {}
    for action in actions:
        recovery = find_recovery(model, surface, action)
        if recovery is not None:
            kept = recovery if recovery.optional or not recovery.key else replace(recovery, look="")
            groups.setdefault(kept, []).append(str(find_name(surface, action)))
    return tuple((tuple(names), recovery) for recovery, names in groups.items())


def _collect_errors(model: Model, actions: Iterable[Action]) -> Iterator[Code]:
    codes = {code.name: code for code in (*model.always(), *(c for a in actions for c in a.errors))}
    yield from sorted(codes.values(), key=lambda code: (code.status, code.name))


def _find_free_name(workflow: str, package: str, taken: set[str]) -> str:
    """Return a free name for a workflow's skill.

    It is so short that `package:skill` has at most 64 characters.
    """
    most = MOST_NAME - len(package) - 1
    base = _shorten(re.sub(r"[^a-z0-9]+", "-", workflow.lower()).strip("-") or "task", most)
    name, number = base, 2
    while name in taken:
        name, number = f"{_shorten(base, most - len(str(number)) - 1)}-{number}", number + 1
    return name


def _shorten(name: str, most: int) -> str:
    return name[: max(most, 1)].strip("-")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _end(text: str) -> str:
    return text if text.endswith((".", "!", "?", "。")) else f"{text}."


def _list(items: list[str], room: int) -> str:
    """Return the first items that fit into `room` characters, and the number of items left over."""
    for count in range(len(items), 0, -1):
        more = f" and {len(items) - count} more" if count < len(items) else ""
        text = f"{'; '.join(items[:count])}{more}."
        if len(text) <= room:
            return text
    return f"{len(items)} tasks."[:room]


def _notes(skills: Iterable[Skill]) -> Iterator[Note]:
    for skill in skills:
        lines = len(skill.tools) + len(skill.steps) + len(skill.ask) + len(skill.lost) + len(skill.errors)
        if lines > MOST_LINES:
            message = f"skill {skill.name} has {lines:,} lines; agents are told to read at most {MOST_LINES}"
            yield Note(skill.origin, message, "offer fewer actions on `surfaces.mcp`")


# -- the target of a package's skills


def write_skills(model: Model) -> tuple[tuple[Skill, str], ...]:
    """Return the skills of the MCP server, each with the text of its SKILL.md.

    They are those of a package with the same listing.
    """
    # imported late, because most commands write no skills and need no Jinja
    from pgagents.generate.render import Renderer

    made = make_skills(model, find_heading(model))
    view = View({}, made.losses, made.notes, several=made.contexts)
    target = Target("Skills over MCP", (SKILL_FILES,), lambda _: view, template="agent_plugin/skills")
    rendered = Renderer().render(BoundTarget("mcp/skills", target, view))
    return tuple(zip(made.skills, rendered.several.values(), strict=True))


def skills_target(title: str, folder: str, store: str) -> Target:
    """Return the target that writes a package's skills into a folder.

    `store` is the surface with the listing.
    """

    def view(model: Model) -> View:
        listing = model.surfaces[store].listing
        assert listing is not None
        made = make_skills(model, listing)
        return View({}, made.losses, made.notes, several=made.contexts)

    return Target(
        title,
        (f"{folder}/skills/*/SKILL.md",),
        view,
        surface="mcp",
        part=f"surfaces.{store}.listing",
        lists_actions=False,
        template="agent_plugin/skills",
    )
