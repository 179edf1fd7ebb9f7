"""Check the parts that are not actions: their references, the settings of resources, and pages to try an
action.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pgagents.base.cel.reading import first_members
from pgagents.base.cel.syntax import Member, Name, print_node, walk_free
from pgagents.base.places import Pointer
from pgagents.base.text import brief, did_you_mean
from pgagents.catalogue.checks import refusals, surfaces
from pgagents.catalogue.checks.checker import ACTIONS, Checker
from pgagents.catalogue.checks.surfaces import members
from pgagents.catalogue.language import basics
from pgagents.catalogue.language.resources import Resource, Step
from pgagents.catalogue.language.surfaces import Page, Surface

if TYPE_CHECKING:
    from pgagents.catalogue.language.resources import CatalogueCall


def check_parts(checker: Checker) -> None:
    """Record dangling references in every part."""
    _auth(checker)
    refusals.check_limits(checker)
    refusals.check_errors(checker)
    refusals.check_argument_codes(checker)
    _headers(checker)
    _groups(checker)
    _webhooks(checker)
    _audit(checker)
    for name, surface in checker.written.surfaces.items():
        _surface(checker, ("surfaces", name), surface)
    for name, resource in checker.written.resources.items():
        _resource(checker, name, ("resources", name), resource)
    schemas = checker.at(("schemas",))
    for name, *others in _find_circles(schemas) if isinstance(schemas, dict) else ():
        said = f"`{name}` needs itself to say what it is: {' to '.join([name, *others, name])}"
        checker.report(("schemas", name), "reference", said, "say its `type` in one of them")
    for name, workflow in checker.written.workflows.items():
        steps = list(map(str, checker.in_file(("workflows", name, "steps"))))
        for index, role in enumerate(workflow.needs):
            checker.check_reference(("workflows", name, "needs", index), role, ("auth", "roles"), "role")
        for step_name, step in workflow.steps.items():
            _step(checker, ("workflows", name, "steps", step_name), step, steps[: steps.index(step_name)])
            if not workflow.only_verify:
                _check_manifest_members(checker, ("workflows", name, "steps", step_name), step)
    _check_kept(checker)
    operator = checker.written.operator
    if operator:
        clock, place = str(operator.clock), ("operator", "clock")
        if clock in checker.written.actions and clock not in operator.actions:
            moved = f"`actions: {{{clock}: null}}`, and under `operator.actions` what `show` prints of it"
            checker.report(
                place, "unknown-name", f"`{clock}` is an action for all callers", f"move it: {moved}"
            )
        else:
            checker.check_reference(place, operator.clock, ("operator", "actions"), "operator's action")
        for name in operator.actions:
            if name in checker.written.actions:
                checker.report(
                    ("operator", "actions", name),
                    "unknown-name",
                    f"`{name}` is also an action of the API",
                    "rename one of the two",
                    at_value=False,
                )


def _auth(checker: Checker) -> None:
    auth = checker.written.auth
    for plan, scopes in auth.plans.items():
        for index, name in enumerate(scopes):
            checker.check_reference(("auth", "plans", plan, index), name, ("auth", "scopes"), "scope")
    for name, role in auth.roles.items():
        checker.check_reference(("auth", "roles", name, "plan"), role.plan, ("auth", "plans"), "plan")
        checker.check_reference(("auth", "roles", name, "surface"), role.surface, ("surfaces",), "surface")
        for member in role.env:
            checker.check_reference(("auth", "roles", name, "env", member), member, ("env",), "value")
    for name, scheme in auth.schemes.items():
        flow = scheme.flows.authorization_code if scheme.flows else None
        origin = ("auth", "schemes", name, "flows", "authorization_code")
        for granted, actions in flow.needs.items() if flow else ():
            checker.check_reference((*origin, "needs", granted), granted, (*origin, "scopes"), "OAuth scope")
            for index, action in enumerate(actions):
                checker.check_reference((*origin, "needs", granted, index), action, ACTIONS, "action")


def _webhooks(checker: Checker) -> None:
    webhooks = checker.written.webhooks
    if webhooks is None:
        return
    checker.check_reference(("webhooks", "envelope"), webhooks.envelope, ("schemas",), "schema")
    checker.check_reference(("webhooks", "registered_by"), webhooks.registered_by, ACTIONS, "action")
    for name, event in webhooks.events.items():
        checker.check_reference(("webhooks", "events", name, "data"), event.data, ("schemas",), "schema")
        checker.check_reference(
            ("webhooks", "events", name, "about"), event.about, ("resources",), "resource"
        )
        for index, action in enumerate(event.by):
            checker.check_reference(("webhooks", "events", name, "by", index), action, ACTIONS, "action")


def _audit(checker: Checker) -> None:
    audit = checker.written.audit
    if audit is None:
        return
    checker.call(("audit", "listed_by"), audit.listed_by, basics.CALL)
    checker.check_reference(("audit", "as"), audit.as_, ("auth", "roles"), "role")
    for index, surface in enumerate(audit.reads_on):
        checker.check_reference(("audit", "reads_on", index), surface, ("surfaces",), "surface")
    for member, resource in audit.about.items():
        checker.check_reference(("audit", "about", member), resource, ("resources",), "resource")


def _headers(checker: Checker) -> None:
    for name, header in checker.written.headers.items():
        if header.schema_ is not None:
            checker.schema(("headers", name, "schema"), header.schema_)


def _groups(checker: Checker) -> None:
    for group, names in checker.written.groups.items():
        for index, name in enumerate(names):
            checker.check_reference(("groups", group, index), name, ("actions",), "action")


def _surface(checker: Checker, pointer: Pointer, surface: Surface) -> None:
    written = checker.written
    if isinstance(surface.actions, str):
        checker.check_reference((*pointer, "actions"), surface.actions, ("groups",), "group", also=["all"])
    else:
        for index, name in enumerate(surface.actions):
            checker.check_reference((*pointer, "actions", index), name, ("actions",), "action")
    for action, params in surface.omit.items():
        if not checker.check_reference((*pointer, "omit", action), action, ("actions",), "action"):
            continue
        for index, name in enumerate(params):
            at = (*pointer, "omit", action, index)
            if (
                checker.check_reference(at, name, ("actions", action, "input"), "argument")
                and written.actions[action].input[name].required
            ):
                message = f"`{name}` is required, so it cannot be left out here"
                checker.report(at, "omit", message, "remove it here, or `required: true` at the argument")
    checker.check_reference((*pointer, "scope"), surface.scope, ("auth", "scopes"), "scope")
    surfaces.check_dispatcher(checker, pointer, surface)
    named = surface.form == "json_rpc" or (surface.selector and surface.arguments)
    if surface.http and not named and checker.sound(pointer):
        message = "a dispatcher (`http`) needs `selector` and `arguments`"
        help = "add the members of its body that name the action and hold its arguments"
        checker.report(pointer, "surface", message, help, at_value=False)
    if (
        surface.dispatcher
        and not any(s.http for s in written.surfaces.values())
        and checker.sound(("surfaces",))
    ):
        message = "no surface of this catalogue is a dispatcher"
        help = "remove it, or give a surface `http: POST /path`"
        checker.report((*pointer, "dispatcher"), "surface", message, help)
    if surface.http:
        _one_schema_a_name(checker, pointer, surface)
    check_page(checker, pointer, surface)


def _one_schema_a_name(checker: Checker, pointer: Pointer, surface: Surface) -> None:
    """Check that arguments of a dispatcher with the same name have the same schema.

    The dispatcher's body is one object with the arguments of all actions.
    """
    written = checker.written
    names = (
        surface.actions
        if isinstance(surface.actions, list)
        else written.groups.get(surface.actions, list(written.actions))
    )
    first: dict[str, tuple[str, object]] = {}
    told = {"description", "title", "required", "in_", "default", "examples", "refers_to"}
    told |= {"style", "explode", "content_type"}
    for action in names:
        for name, param in (written.actions[action].input if action in written.actions else {}).items():
            narrowed = surface.narrow.get(action, {}).get(name)
            shape = param.model_dump(exclude=told, exclude_none=True)
            if narrowed is not None:
                shape |= narrowed.model_dump(exclude=told | {"as_"}, exclude_none=True)
            shown = narrowed.as_ or name if narrowed is not None else name
            other, known = first.setdefault(shown, (action, shape))
            if known != shape:
                checker.report(
                    ("actions", action, "input", name),
                    "one-schema",
                    (
                        f"argument `{name}` has another schema than in `{other}`, and both are actions of "
                        f"the dispatcher `{pointer[-1]}`"
                    ),
                    "give both one schema",
                    at_value=False,
                )


def _resource(checker: Checker, name: str, pointer: Pointer, resource: Resource) -> None:
    names = [*basics.CALL, *map(str, checker.in_file(("resources",)))]
    checker.call((*pointer, "found_by"), resource.found_by, names)
    checker.call((*pointer, "made_by"), resource.made_by, [*names, basics.FRESH])
    check_resource(checker, name, pointer, resource)
    checker.call((*pointer, "undone_by"), resource.undone_by, names)
    for key, calls in (("read_by", resource.read_by), ("listed_by", resource.listed_by)):
        short = isinstance((checker.data["resources"][name]).get(key), dict)
        for index, call in enumerate(calls):
            checker.call((*pointer, key) if short else (*pointer, key, index), call, names)
    _check_confirmed(checker, pointer, resource)
    checker.check_reference((*pointer, "missing"), resource.missing, ("errors", "codes"), "error code")
    if resource.takes:
        checker.check_reference((*pointer, "takes", "of"), resource.takes.of, ("resources",), "resource")
        checker.check_reference((*pointer, "takes", "read_by"), resource.takes.read_by, ACTIONS, "action")
    for part in resource.counts:
        if not checker.check_reference((*pointer, "counts", part), part, ("resources",), "resource"):
            continue
        made_by = checker.written.resources[part].made_by
        home = checker.written.resources[part].within
        path = str(checker.written.actions[made_by.action].http) if made_by is not None else ""
        if home != name and f"{{{name}" not in path:
            message = f"a `{part}` does not live in a `{name}`, so nothing is counted"
            checker.report((*pointer, "counts", part), "idle", message, f"write `within: {name}` at `{part}`")
    checker.check_reference((*pointer, "initial"), resource.initial, (*pointer, "states"), "state")
    for action, move in resource.moves.items():
        at = (*pointer, "moves", action)
        if checker.check_reference(at, action, ACTIONS, "action"):
            checker.arguments((*at, "input"), move.input, action)
        checker.values((*at, "input"), move.input, names)
        checker.check_reference((*at, "otherwise"), move.otherwise, ("errors", "codes"), "error code")
        _check_move(checker, name, resource, at, action)
        checker.check_reference((*at, "to"), move.to, (*pointer, "states"), "state")
        for part, code in move.has.items():
            if checker.check_reference((*at, "has", part), part, ("resources",), "resource"):
                checker.check_reference((*at, "has", part), code, ("errors", "codes"), "error code")
                refusals.check_listed(checker, (*at, "has", part), action, code)
        for index, state in enumerate(move.from_):
            checker.check_reference((*at, "from", index), state, (*pointer, "states"), "state")
    for law_name, law in resource.laws.items():
        checker.law((*pointer, "laws", law_name), law, basics.RESOURCE_LAW)


def _check_move(checker: Checker, name: str, resource: Resource, at: Pointer, action: str) -> None:
    """Record a transition whose call names no instance, or several, and one with an error that the action
    lacks.
    """
    move, written = resource.moves[action], checker.actions.get(action)
    if written is None:
        return
    others = [state for state in resource.states if state not in move.from_]
    if others and not checker.source.has((*at, "otherwise")):
        message = f"key `otherwise` is missing in `resources.{name}.moves.{action}`"
        help = f"write the error code that the action answers in another state, such as `{others[0]}`"
        checker.report(at, "missing-key", message, help, at_value=False)
    elif others and move.otherwise is not None:
        refusals.check_listed(checker, (*at, "otherwise"), action, move.otherwise)
    undone = resource.undone_by is not None and resource.undone_by.action == action
    if (
        move.to is None
        or undone
        or any(isinstance(value, str) and "resource" in value for value in move.input.values())
    ):
        return
    naming = [
        argument
        for argument, param in written.input.items()
        if (param.refers_to or "").partition(".")[0] == name and argument not in move.input
    ]
    whole = [argument for argument in naming if "." not in (written.input[argument].refers_to or "")]
    if len(whole) > 1 or not naming:
        named = f"each of {', '.join(whole)} names a {name}" if whole else f"no argument names the {name}"
        message = f"a call of `{action}` does not say which {name} it moves: {named}"
        help = "write `input: {ARGUMENT: =resource.MEMBER}`"
        checker.report(at, "unnamed", message, help + ("" if whole else f", or `refers_to: {name}` there"))


def _check_manifest_members(checker: Checker, pointer: Pointer, step: Step) -> None:
    """Refuse members of a step that no manifest can express, unless only verify runs the workflow."""
    nobody = ("as",) if step.as_ == basics.NOBODY not in checker.written.auth.roles else ()
    for member in ("key", "via", "headers", "expect_alone", "within_s", *nobody):
        if member in nobody or getattr(step, member):
            message = (
                f"{member} is no manifest's business: it may stand where the workflow has `only_verify: true`"
            )
            help = "add `only_verify: true` to the workflow, or remove it"
            checker.report((*pointer, member), "workflow", message, help)


def _through(checker: Checker, pointer: Pointer, step: Step) -> None:
    """Check that a step's surface dispatches its action or has headers to send."""
    surface = checker.written.surfaces.get(step.via or "")
    if surface is None:
        return
    offered = surface.http is not None and step.action in members(checker, str(step.via))
    if not offered and not surface.headers:
        checker.report(
            (*pointer, "via"),
            "workflow",
            f"{step.via} neither dispatches {step.action} nor has headers to send with it",
            "remove `via`, or name a surface that is a dispatcher and offers the action",
        )


_NO_ROLE = frozenset(("none", "no_one", "noone", "anonymous", "guest", "public", "unauthenticated", "no_key"))
"""What authors call a caller without a key."""


def _check_kept(checker: Checker) -> None:
    """Record where an expression of a workflow reads what the step that it names does not keep.

    An instance of a resource is not what a step kept under the resource's name.
    """
    for at, compiled in [*checker.expressions.items()]:
        steps = checker.written.workflows[str(at[1])].steps if at[:1] == ("workflows",) else {}
        for node, bound in walk_free(compiled.tree) if steps else ():
            if not (isinstance(node, Member) and isinstance(node.base, Name)):
                continue
            base, keeping = node.base.name, [name for name in steps if node.base.name in steps[name].keep]
            if base in steps.keys() - bound and node.name not in (kept := steps[base].keep):
                said = f"step `{base}` keeps no `{node.name}`"
                new = f"write `keep: {{{node.name}: response.{node.name}}}` at it"
                help = did_you_mean(node.name, kept) or new
                checker.report_in(at, node, "unknown-name", said, help)
            elif keeping and base not in bound and base not in steps:
                said = f"`{base}` is any instance of the resource, and step `{keeping[0]}` keeps one so named"
                help = f"write `={keeping[0]}.{base}.{node.name}`, or `keep` it under another name"
                checker.report_in(at, node, "unknown-name", said, help)


def _step(checker: Checker, pointer: Pointer, step: Step, earlier: Iterable[str]) -> None:
    before = {"env", *map(str, checker.in_file(("resources",))), *earlier}
    names = {*basics.STEP, *before}
    if checker.check_reference((*pointer, "action"), step.action, ACTIONS, "action"):
        checker.arguments((*pointer, "input"), step.input, step.action)
        _check_path(checker, pointer, step)
        _check_tag(checker, pointer, step)
    _check_caller(checker, pointer, step)
    if checker.check_reference((*pointer, "via"), step.via, ("surfaces",), "surface"):
        _through(checker, pointer, step)
    checker.compile((*pointer, "key"), step.key, names)
    checker.compile((*pointer, "after_s"), step.after_s if isinstance(step.after_s, str) else None, names)
    _check_wait(checker, pointer, step)
    checker.values((*pointer, "input"), step.input, {*before, basics.FRESH})
    check_fresh(checker, (*pointer, "input"))
    checker.values((*pointer, "headers"), step.headers, before)
    for key, text in step.keep.items():
        checker.compile((*pointer, "keep", key), text.removeprefix("="), names)
    for member in ("expect", "expect_timed", "expect_alone"):
        for index, text in enumerate(getattr(step, member)):
            checker.compile((*pointer, member, index), text, names)


def _check_caller(checker: Checker, pointer: Pointer, step: Step) -> None:
    """Check that a step names a role, or nobody."""
    if step.as_ in _NO_ROLE - checker.written.auth.roles.keys():
        said = f"`{step.as_}` is not a role of this catalogue"
        checker.report((*pointer, "as"), "unknown-name", said, f"`as: {basics.NOBODY}` sends no key")
    elif step.as_ != basics.NOBODY:
        checker.check_reference((*pointer, "as"), step.as_, ("auth", "roles"), "role")


def _check_path(checker: Checker, pointer: Pointer, step: Step) -> None:
    """Refuse a step that leaves out what its action's path needs, so that the call would be about nothing."""
    action = checker.actions[step.action]
    path = (action.http or "").partition("?")[0]
    dropped = any(one[: len(pointer)] == pointer for one in checker.dropped)
    misspelt = dropped or step.input.keys() - action.input.keys()
    for name, param in action.input.items() if not misspelt else ():
        if param.in_ not in (None, "path") or f"{{{param.wire or name}}}" not in path:
            continue
        if param.default is not None or not param.required or "*" in step.input:
            continue
        if step.input.get(name) is None:
            of = param.refers_to.partition(".")[0] if isinstance(param.refers_to, str) else "STEP"
            said, help = f"`{step.action}` needs `{name}`, which is in its path", f"write `{name}: ={of}.id`"
            checker.report((*pointer, "input"), "missing-key", said, help, at_value=False)


def _check_wait(checker: Checker, pointer: Pointer, step: Step) -> None:
    """Refuse a step that waits where nothing does, since its answer would be that of an earlier time."""
    operator, at = checker.written.operator, (*pointer, "after_s")
    stands_still = operator is None or operator.clock is None
    if step.after_s and stands_still and not step.expect_timed and checker.sound(at):
        said = "nothing waits: no call moves the time of the server"
        help = "name it: `operator: {clock: ACTION, actions: …}`; without one leave the step out, untested"
        checker.report(at, "idle", said, help, at_value=False)


def _check_tag(checker: Checker, pointer: Pointer, step: Step) -> None:
    """Refuse a step that wants its If-Match refused and leaves it out, since `*` goes out then."""
    action = checker.actions[step.action]
    name, status = action.if_match or "", step.status
    param = action.input.get(name)
    written = name in step.input or any(header.lower() == "if-match" for header in step.headers)
    if param is None or not param.required or written or status not in (412, 428):
        return
    said = f"`*` is sent as `{name}`, which every version matches, so that {status} cannot come"
    none, old = f"`{name}: null` under `input` sends none", f"`{name}: '\"old\"'` sends another tag"
    checker.report((*pointer, "status"), "if-match", said, none if status == 428 else old)


# -- settings of a resource


def check_resource(checker: Checker, name: str, pointer: Pointer, resource: Resource) -> None:
    """Record contradictions within one resource."""
    _check_absent(checker, pointer, resource)
    _within(checker, name, pointer, resource)
    _check_given(checker, name, pointer, resource)
    check_fresh(checker, (*pointer, "made_by", "input"))
    checker.compile((*pointer, "gone_when"), resource.gone_when, ("resource", name))
    if resource.gone_when is not None and not (resource.undone_by or resource.expires_by):
        said = f"nothing removes a `{name}`, so `gone_when` has no effect"
        checker.report((*pointer, "gone_when"), "gone-when", said, "add `undone_by`, or leave it out")
    for index, move in enumerate(resource.moves_by_time):
        for side, state in (("from", move.from_), ("to", move.to)):
            checker.check_reference(
                (*pointer, "moves_by_time", index, side), state, (*pointer, "states"), "state"
            )
        _check_shown(checker, (*pointer, "moves_by_time", index, "at"), move.at, resource)
    _check_members(checker, pointer, resource)
    if resource.laws and not resource.read_by:
        said = f"no call reads a `{name}` by its id, so nothing holds its laws"
        listing = next((call for call in (*resource.listed_by, resource.found_by) if call is not None), None)
        help = "add `read_by`"
        if listing is not None:
            law = f"laws: {{NAME: '{listing.at or 'response'}.all(one, CONDITION)'}}"
            help += f", or write a law of the list: `actions: {{{listing.action}: {{{law}}}}}`"
        checker.report((*pointer, "laws"), "resource", said, help, at_value=False)
    _check_unique(checker, pointer, resource)
    _check_ids(checker, pointer, resource)
    key = (
        checker.actions[resource.made_by.action].idempotency
        if resource.made_by and resource.made_by.action in checker.actions
        else None
    )
    if key is not None and resource.made_by is not None and key in resource.made_by.input:
        said = (
            f"`{key}` is the idempotency key: with one value for all, the server would answer the first "
            "one again"
        )
        help = "leave it out: each call gets one of its own"
        checker.report((*pointer, "made_by", "input", key), "idempotency", said, help, at_value=False)


def _check_confirmed(checker: Checker, pointer: Pointer, resource: Resource) -> None:
    """Check that each confirmed part is there, and was inferred."""
    for index, key in enumerate(resource.confirmed):
        at, part = (*pointer, "confirmed", index), getattr(resource, key)
        if not part:
            said = f"nothing concludes `{key}` of `{pointer[-1]}` any more, so there is nothing to confirm"
            checker.report(at, "resource", said, f"take it out, or write `{key}` yourself")
        elif not resource.inferred:
            said = f"`{key}` of `{pointer[-1]}` is not a guess, so that confirming it has no effect"
            checker.report(at, "resource", said, "leave it out")


def _check_ids(checker: Checker, pointer: Pointer, resource: Resource) -> None:
    """Check each call's own name for the id: it has an effect, and the answer shows such a member."""
    several = {"read_by": resource.read_by, "listed_by": resource.listed_by}
    calls: list[tuple[Pointer, CatalogueCall | None]] = [
        (("made_by",), resource.made_by),
        (("found_by",), resource.found_by),
        (("undone_by",), resource.undone_by),
    ]
    for key, listed in several.items():
        short = isinstance(checker.data["resources"][pointer[-1]].get(key), dict)
        calls += [((key,) if short else (key, index), call) for index, call in enumerate(listed)]
    for place, call in calls:
        if call is None or call.id is None:
            continue
        at = (*pointer, *place, "id")
        if place == ("undone_by",):
            said = "what `undone_by` answers is not a new instance, so its `id` has no effect"
            checker.report(at, "resource", said, "leave it out")
        elif not isinstance(resource.id, str):
            said = f"the id has {len(resource.id)} members, and one call's `id` is one member"
            checker.report(at, "resource", said, "leave it out")
        elif call.action in checker.actions:
            answers = [a for a in checker.actions[call.action].output.values() if a is not None]
            known, first = checker.list_members(answers), call.id.partition(".")[0]
            if known and first not in known:
                said = f"no answer of `{call.action}` shows `{brief(first)}`"
                checker.report(
                    at, "resource", said, did_you_mean(first, sorted(known)) or "name a member of it"
                )


def _check_unique(checker: Checker, pointer: Pointer, resource: Resource) -> None:
    maker = resource.made_by.action if resource.made_by else ""
    action = checker.actions.get(maker)
    for index, unique in enumerate(resource.unique):
        at = (*pointer, "unique", index)
        if action is None:
            said = "`unique` has no effect where nothing is made"
            checker.report(at, "unique", said, "add `made_by`, or leave `unique` out")
            continue
        for key, names in (("members", unique.members), ("overlaps", unique.overlaps)):
            for number, member in enumerate(names):
                if member not in action.input:
                    said = f"`{member}` is not an argument of `{maker}`, so no call can repeat it"
                    help = "name members that are arguments of the making call"
                    checker.report((*at, key, number), "unique", said, help)
        if checker.check_reference((*at, "otherwise"), unique.otherwise, ("errors", "codes"), "error code"):
            refusals.check_listed(checker, (*at, "otherwise"), maker, unique.otherwise)
        if unique.stays_taken and resource.undone_by is None:
            said = "`stays_taken` has no effect where nothing is removed"
            checker.report((*at, "stays_taken"), "unique", said, "add `undone_by`, or leave it out")


def _check_members(checker: Checker, pointer: Pointer, resource: Resource) -> None:
    """Record members of a resource that no answer shows, so that nothing could be known of them."""
    written: list[tuple[Pointer, str | None]] = [(("state",), resource.state)]
    written += [(("expires_by",), resource.expires_by)]
    written += [(("fixed", index), member) for index, member in enumerate(resource.fixed)]
    if (
        isinstance(resource.id, str)
        and "id" in resource.model_fields_set
        and not (resource.inferred or resource.given)
    ):
        written.append((("id",), resource.id.partition(".")[0]))
    for place, member in written:
        if member is not None:
            _check_shown(checker, (*pointer, *place), member, resource)


def _check_shown(checker: Checker, at: Pointer, member: str, resource: Resource) -> None:
    """Record a member that is in no answer of the resource's calls, if each of them says what it answers."""
    calls = (resource.made_by, resource.found_by, *resource.read_by, *resource.listed_by)
    names = [call.action for call in calls if call is not None and call.action in checker.actions]
    shown = [
        checker.list_members(answer for answer in checker.actions[name].output.values() if answer is not None)
        for name in dict.fromkeys(names)
    ]
    known = {name for members in shown for name in members} if all(shown) else set()
    if known and member not in known:
        said = f"no answer shows `{brief(member)}`"
        checker.report(at, "resource", said, did_you_mean(member, sorted(known)) or "name a member of it")


def _check_absent(checker: Checker, pointer: Pointer, resource: Resource) -> None:
    at, absent = (*pointer, "absent"), resource.absent
    if absent is None:
        return
    if isinstance(resource.id, list):
        ids = list(resource.id)
        if not isinstance(absent, dict):
            said = f"the id is {' and '.join(ids)}, so `absent` needs a value for each"
            checker.report(at, "absent", said, f"write {{{', '.join(f'{i}: …' for i in ids)}}}")
        elif set(absent) != set(ids):
            odd = sorted(set(absent) ^ set(ids))
            checker.report(
                at,
                "absent",
                f"`absent` and `id` differ in {', '.join(map(brief, odd))}",
                "give one value for each member of the id",
            )
    elif isinstance(absent, dict):
        checker.report(
            at,
            "absent",
            f"the id is one member, `{resource.id}`, so `absent` is one value",
            "write the value alone",
        )


def _check_given(checker: Checker, name: str, pointer: Pointer, resource: Resource) -> None:
    at = (*pointer, "given")
    checker.compile(at, resource.given, ("env",))
    if resource.given is None:
        return
    if resource.made_by is not None or resource.found_by is not None:
        said, help = f"a call makes or finds a `{name}`, so nothing asks for a given one", "leave `given` out"
        checker.report(at, "given", said, help, at_value=False)
    elif isinstance(resource.id, list):
        said = f"the id has {len(resource.id)} members, and `given` is one value"
        checker.report(at, "given", said, "make each member a resource of its own", at_value=False)


def _within(checker: Checker, name: str, pointer: Pointer, resource: Resource) -> None:
    at = (*pointer, "within")
    if (
        not checker.check_reference(at, resource.within, ("resources",), "resource")
        or resource.within is None
    ):
        return
    above: str | None = resource.within
    met = {name}
    while above is not None and above in checker.written.resources:
        if above in met:
            checker.report(
                at,
                "within",
                f"`{name}` would live in itself: {' in '.join([name, resource.within])} …",
                "name its parent",
            )
            return
        met.add(above)
        above = checker.written.resources[above].within
    if resource.made_by is None and resource.found_by is None:
        checker.report(
            at,
            "within",
            f"nothing makes or finds a `{name}`, so it lives in nothing",
            "add `made_by`, or remove `within`",
        )


def _find_circles(schemas: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the names of schemas that need each other, as references or by `allOf`, the first by alphabet
    first.
    """
    ended: set[str] = set()
    for start in schemas:
        way: dict[str, None] = {}
        name = start
        while name not in ended and name not in way:
            schema = schemas.get(name)
            if not isinstance(schema, Mapping):
                break
            parts = [schema, *(schema.get("allOf") or ())]
            needed = [str(p["$ref"]) for p in parts if isinstance(p, Mapping) and "$ref" in p]
            if not needed:
                break
            way[name] = None
            name = needed[0].rpartition("/")[2]
        if name in way:
            circle = list(way)[list(way).index(name) :]
            first = circle.index(min(circle))
            yield [*circle[first:], *circle[:first]]
        ended.update(way)


def check_fresh(checker: Checker, home: Pointer) -> None:
    """Check that each `fresh` expression below `home` names a known kind of fresh value."""
    for at, compiled in [*checker.expressions.items()]:
        if at[: len(home)] != home:
            continue
        for kind, part in first_members(compiled.tree, basics.FRESH):
            if kind not in basics.FRESH_KINDS:
                known = ", ".join(f"{basics.FRESH}.{known}" for known in basics.FRESH_KINDS)
                help = did_you_mean(kind, basics.FRESH_KINDS) or f"one of {known}"
                said = f"`{brief(print_node(part))}` is not a kind of fresh value"
                checker.report_in(at, part, "fresh", said, help)


# -- pages to try an action


NAMED = "widget"
"""The name of the surface from which the page is generated."""


def check_page(checker: Checker, pointer: Pointer, surface: Surface) -> None:
    """Record unknown names, and a page for anything other than one reading action."""
    page = surface.page
    if page is None:
        if pointer[-1] == NAMED and checker.sound(pointer):
            checker.report(
                pointer,
                "surface",
                f"the surface `{NAMED}` needs `page`",
                "say what its form and its table show",
                at_value=False,
            )
        return
    if pointer[-1] != NAMED:
        checker.report(
            (*pointer, "page"),
            "surface",
            f"only the surface `{NAMED}` has a page",
            "move it there",
            at_value=False,
        )
    if not isinstance(surface.actions, list) or len(surface.actions) != 1:
        if checker.sound((*pointer, "actions")):
            checker.report(
                (*pointer, "actions"),
                "surface",
                "a page is for one action",
                "name it: `actions: [NAME]`",
                at_value=False,
            )
        return
    _check_action(checker, pointer, page, surface.actions[0])


def _check_action(checker: Checker, pointer: Pointer, page: Page, name: str) -> None:
    """Record unknown names of the page's action and dispatcher, and an action that writes."""
    action = checker.written.actions.get(name)
    if action is None:
        return
    if checker.check_reference((*pointer, "page", "dispatcher"), page.dispatcher, ("surfaces",), "surface"):
        _dispatcher(checker, pointer, page, name)
    if action.effect.value != "read":
        checker.report(
            (*pointer, "actions", 0),
            "surface",
            f"`{name}` writes; a page for trying calls out only reads",
            "name an action that reads",
        )
    for key in ("lat", "lng", "radius_km"):
        checker.check_reference(
            (*pointer, "page", key), getattr(page, key), ("actions", name, "input"), "argument"
        )
    checker.arguments((*pointer, "page", "labels"), page.labels, name)
    for place, arguments in page.places.items():
        checker.arguments((*pointer, "page", "places", place), arguments, name)


def _dispatcher(checker: Checker, pointer: Pointer, page: Page, action: str) -> None:
    """Check that the page's dispatcher offers its action."""
    through = checker.written.surfaces.get(page.dispatcher)
    if through is None:
        return
    at = (*pointer, "page", "dispatcher")
    named = (
        through.actions if isinstance(through.actions, list) else checker.written.groups.get(through.actions)
    )
    if not through.http:
        checker.report(
            at, "surface", f"`{page.dispatcher}` is not a dispatcher", "name a surface that has `http`"
        )
    elif named is not None and action not in named:
        checker.report(
            at,
            "surface",
            f"`{action}` is not an action of the dispatcher `{page.dispatcher}`",
            "add it there",
        )
