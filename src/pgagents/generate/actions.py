"""Say what a format has no member for: an action's former names, the job that it starts, the pages of its
list.

A list of functions offers a former name as a second function, and a dispatcher's selector as a second
value. An OpenAPI document cannot offer one, because a method and path have one operation. A name is
offered until it is removed from the catalogue; the current date plays no part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from pgagents.base.places import Text
from pgagents.catalogue.model.action import Action, Former, Texts
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Dispatcher, Surface
from pgagents.generate.target import Loss, Went

MOST = 900
"""Longest part of the current description that a former name's description repeats, in characters.

It keeps the whole within vendors' limits.
"""


def find_name(surface: Surface, action: Action) -> Text:
    """Return the action's name on the surface."""
    own = action.texts.get(surface.name)
    return (
        Text(own.name, (*action.origin, "texts", surface.name, "name")) if own and own.name else action.name
    )


def list_offered(surface: Surface) -> tuple[Action, ...]:
    """Return the surface's actions, each followed by its aliases under former names."""
    if not any(action.formerly for action in surface.actions):
        return surface.actions
    return tuple(one for action in surface.actions for one in (action, *_aliases(surface, action)))


def index_actions(surface: Surface) -> dict[str, Action]:
    """Return the surface's actions by every name it offers, current names first."""
    found = {str(find_name(surface, action)): action for action in surface.actions}
    for alias in list_offered(surface):
        if alias.alias_of is not None:
            found.setdefault(str(alias.name), alias.alias_of)
    return found


def actions_by_name(dispatcher: Dispatcher) -> dict[str, Action]:
    """Return the actions by every value of the dispatcher's selector, former names after the current one."""
    return {
        name: action
        for action in dispatcher.actions
        for name in (action.name, *(f.name for f in action.formerly))
    }


def list_lost_ids(actions: Iterable[Action]) -> Iterator[Loss]:
    """Yield a loss for each former operationId, because an OpenAPI document has no place for it.

    An operation whose id did not change has no loss.
    """
    for action in actions:
        for former in action.formerly:
            if former.operation_id != action.operation_id:
                said = f"a path has one operation: the old name `{former.operation_id}` is not offered here"
                yield Loss(former.origin, f"former name {former.name} until {former.until}", "dropped", said)


def describe_deprecation(former: Former, new: str) -> str:
    """Return the first sentence of a former name's description."""
    return f"Deprecated until {former.until}: use {new}."


def describe_former_names(actions: Iterable[Action], *, operations: bool = False) -> list[str]:
    """Return a sentence for each former name and its new name.

    With `operations`, the names are operationIds.
    """
    found = []
    for action in actions:
        for former in action.formerly:
            old, new = (
                (former.operation_id, action.operation_id) if operations else (former.name, action.name)
            )
            if old != new:
                found.append(f"{old} is the old name of {new}, good until {former.until}")
    return found


def _aliases(surface: Surface, action: Action) -> Iterator[Action]:
    """Yield the action under each former name, except names that the surface uses for a current action."""
    new = find_name(surface, action)
    for former in action.formerly:
        if former.name != new:
            title, text = surface.text(action, "title"), surface.text(action, "description")
            own = replace(action.texts.get(surface.name, Texts()), name=None, title=None, description=None)
            yield replace(
                action,
                name=former.name,
                operation_id=Text(former.operation_id, former.origin),
                title=Text(f"{title} (old name)", former.origin),
                description=Text(f"{describe_deprecation(former, new)} {_short(text)}", former.origin),
                texts={**action.texts, surface.name: own},
                formerly=(),
                deprecated=False,
                alias_of=action,
            )


def _short(text: str) -> str:
    return text if len(text) <= MOST else f"{text[: MOST - 1].rstrip()}…"


# -- jobs that an action starts


def describe_job(action: Action, offered: Iterable[Action], name_of: Callable[[Action], str]) -> str:
    """Return the sentence about the action that reports the job's progress.

    Empty if there is no job, or if that action is not offered.
    """
    job = action.job
    reader = next((a for a in offered if job is not None and a.name == job.read_by), None)
    if job is None or reader is None:
        return ""
    ends = " or ".join(f"`{state}`" for state in job.ends)
    why = f"; then `{job.reason}` says why it failed" if job.reason else ""
    return (
        f"This starts a job: call `{name_of(reader)}` again and again until `{job.state}` is {ends}, for "
        f"at most {job.within_s:g} s{why}."
    )


def list_lost_jobs(actions: Iterable[Action]) -> Iterator[Loss]:
    """Yield a loss for each job that a model cannot follow, and for each that only a description mentions."""
    offered = list(actions)
    for action in offered:
        if action.job is not None:
            told = any(a.name == action.job.read_by for a in offered)
            yield Loss(
                action.job.origin,
                f"the job of {action.name}",
                "description" if told else "dropped",
                "who calls must look again and again"
                if told
                else f"{action.job.read_by} is not offered here",
            )


# -- calls whose answer was lost


@dataclass(frozen=True, slots=True)
class Recovery:
    """Advice for a caller whose call got no answer. It is empty if nothing shows what the call did.

    `look` is the tool that shows whether the call had its effect. `key` is the argument with which a
    repeated call has no second effect; `optional` is true if a call may leave it out.
    """

    look: str
    key: str
    optional: bool


def find_recovery(model: Model, surface: Surface, action: Action) -> Recovery | None:
    """Return what to do after a call without an answer; None if it may simply be repeated."""
    key = surface.key_param(action)
    if key is None and (action.only_reads or action.hints.idempotent.value):
        return None
    optional = key is not None and not key.required and action.equal_calls_s is None
    return Recovery(
        _find_look(model, surface, action), str(key.name) if key is not None else "", optional=optional
    )


def say_after_loss(recovery: Recovery | None) -> str:
    """Return the sentence for a tool's description; empty if there is nothing to say."""
    look = recovery.look if recovery is not None else ""
    if recovery is not None and recovery.key:
        first = f"look with {look}, then " if look else ""
        return f"When a call got no answer, {first}repeat it with the same {recovery.key}."
    return f"When a call got no answer, look with {look} before you call again." if look else ""


def _find_look(model: Model, surface: Surface, action: Action) -> str:
    """Return the name of the tool that shows whether the action had its effect; empty if there is none.

    A list of its own kind shows an instance that was made, if its arguments need no member of the answer. A
    read by id shows one that was changed: the one that moves, or the last one in the path. A POST may add to
    one that holds others, and then a read of it shows nothing.
    """
    offered = {str(one.name): one for one in surface.actions}
    resources = model.resources.values()
    made = [r for r in resources if r.made_by is not None and r.made_by.action.name == action.name]
    named = [param.refers_to for param in action.params if param.place == "path" and param.refers_to]
    moved = [r for r in resources if any(move.action.name == action.name for move in r.moves)]
    last = [model.resources[name] for name in named[-1:] if name in model.resources and not made]
    holding = (
        {above for r in resources for above in (r.within, *r.placed_by)} if action.method == "POST" else ()
    )
    sent = {str(param.name) for param in action.params}
    calls = [call for r in made for call in r.listed_by if call.asks_only(sent)]
    calls += [call for r in moved for call in (*r.read_by, *r.listed_by)]
    calls += [call for r in last if r.name not in holding for call in r.read_by]
    for call in calls:
        if not call.inferred and call.action.only_reads and str(call.action.name) in offered:
            return str(find_name(surface, offered[str(call.action.name)]))
    return ""


# -- pages of a list


def list_hidden_pages(actions: Iterable[Action], went: Went, detail: str) -> Iterator[Loss]:
    """Yield a loss for each next page that only a header announces, because models see no headers."""
    for action in actions:
        if action.pages is not None and "headers" in action.pages.next.names:
            constraint = f"next page of {action.name}"
            yield Loss((*action.pages.origin, "next"), constraint, went, detail)
