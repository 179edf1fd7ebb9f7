"""Check the references of everything except actions: auth, limits, errors, surfaces, resources, workflows."""

from __future__ import annotations

from collections.abc import Iterable

from pgagents.catalogue.checks import page
from pgagents.catalogue.checks import resource as check_resource
from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.checks.checking.problems import ACTIONS
from pgagents.catalogue.checks.refusals import arguments, errors, limits
from pgagents.catalogue.checks.surfaces import dispatcher
from pgagents.catalogue.checks.surfaces.carried import members
from pgagents.catalogue.language import variables
from pgagents.catalogue.language.resources import Resource, Step
from pgagents.catalogue.language.surfaces import Surface
from pgagents.source.source import Pointer


def run(checker: Checker) -> None:
    """Record dangling references in every part."""
    _auth(checker)
    limits.run(checker)
    errors.run(checker)
    arguments.run(checker)
    _headers(checker)
    _groups(checker)
    _webhooks(checker)
    _audit(checker)
    for name, surface in checker.written.surfaces.items():
        _surface(checker, ("surfaces", name), surface)
    for name, resource in checker.written.resources.items():
        _resource(checker, name, ("resources", name), resource)
    for name, workflow in checker.written.workflows.items():
        steps = list(map(str, checker.in_file(("workflows", name, "steps"))))
        for index, role in enumerate(workflow.needs):
            checker.check_reference(("workflows", name, "needs", index), role, ("auth", "roles"), "role")
        for step_name, step in workflow.steps.items():
            _step(checker, ("workflows", name, "steps", step_name), step, steps[: steps.index(step_name)])
            if not workflow.only_verify:
                _check_manifest_members(checker, ("workflows", name, "steps", step_name), step)
    operator = checker.written.operator
    if operator:
        checker.check_reference(
            ("operator", "clock"), operator.clock, ("operator", "actions"), "operator's action"
        )
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
    checker.call(("audit", "listed_by"), audit.listed_by, variables.CALL)
    checker.check_reference(("audit", "as"), audit.as_, ("auth", "roles"), "role")
    for index, surface in enumerate(audit.reads_on):
        checker.check_reference(("audit", "reads_on", index), surface, ("surfaces",), "surface")
    for member, resource in audit.about.items():
        checker.check_reference(("audit", "about", member), resource, ("resources",), "resource")


def _headers(checker: Checker) -> None:
    for name, header in checker.written.headers.items():
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
                checker.report(at, "omit", f"`{name}` is required, so it cannot be left out here")
    checker.check_reference((*pointer, "scope"), surface.scope, ("auth", "scopes"), "scope")
    dispatcher.run(checker, pointer, surface)
    named = surface.form == "json_rpc" or (surface.selector and surface.arguments)
    if surface.http and not named and checker.sound(pointer):
        checker.report(
            pointer, "surface", "a dispatcher (`http`) needs `selector` and `arguments`", at_value=False
        )
    if (
        surface.dispatcher
        and not any(s.http for s in written.surfaces.values())
        and checker.sound(("surfaces",))
    ):
        checker.report((*pointer, "dispatcher"), "surface", "no surface of this catalogue is a dispatcher")
    if surface.http:
        _one_schema_a_name(checker, pointer, surface)
    page.run(checker, pointer, surface)


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
    names = [*variables.CALL, *map(str, checker.in_file(("resources",)))]
    checker.call((*pointer, "found_by"), resource.found_by, names)
    checker.call((*pointer, "made_by"), resource.made_by, [*names, variables.FRESH])
    check_resource.run(checker, name, pointer, resource)
    checker.call((*pointer, "undone_by"), resource.undone_by, names)
    for key, calls in (("read_by", resource.read_by), ("listed_by", resource.listed_by)):
        short = isinstance((checker.data["resources"][name]).get(key), dict)
        for index, call in enumerate(calls):
            checker.call((*pointer, key) if short else (*pointer, key, index), call, names)
    checker.check_reference((*pointer, "missing"), resource.missing, ("errors", "codes"), "error code")
    if resource.takes:
        checker.check_reference((*pointer, "takes", "of"), resource.takes.of, ("resources",), "resource")
        checker.check_reference((*pointer, "takes", "read_by"), resource.takes.read_by, ACTIONS, "action")
    checker.check_reference((*pointer, "initial"), resource.initial, (*pointer, "states"), "state")
    for action, move in resource.moves.items():
        at = (*pointer, "moves", action)
        if checker.check_reference(at, action, ACTIONS, "action"):
            checker.arguments((*at, "input"), move.input, action)
        checker.values((*at, "input"), move.input, names)
        checker.check_reference((*at, "otherwise"), move.otherwise, ("errors", "codes"), "error code")
        checker.check_reference((*at, "to"), move.to, (*pointer, "states"), "state")
        for index, state in enumerate(move.from_):
            checker.check_reference((*at, "from", index), state, (*pointer, "states"), "state")
    for law_name, law in resource.laws.items():
        checker.law((*pointer, "laws", law_name), law, variables.RESOURCE_LAW)


def _check_manifest_members(checker: Checker, pointer: Pointer, step: Step) -> None:
    """Refuse members of a step that no manifest can express, unless only verify runs the workflow."""
    for member in ("key", "via", "headers", "expect_alone", "within_s"):
        if getattr(step, member):
            message = (
                f"{member} is no manifest's business: it may stand where the workflow has `only_verify: true`"
            )
            checker.report((*pointer, member), "workflow", message)


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
        )


def _step(checker: Checker, pointer: Pointer, step: Step, earlier: Iterable[str]) -> None:
    names = {*variables.STEP, *map(str, checker.in_file(("resources",))), *earlier}
    if checker.check_reference((*pointer, "action"), step.action, ACTIONS, "action"):
        checker.arguments((*pointer, "input"), step.input, step.action)
    checker.check_reference((*pointer, "as"), step.as_, ("auth", "roles"), "role")
    if checker.check_reference((*pointer, "via"), step.via, ("surfaces",), "surface"):
        _through(checker, pointer, step)
    checker.compile((*pointer, "key"), step.key, names)
    checker.compile((*pointer, "after_s"), step.after_s if isinstance(step.after_s, str) else None, names)
    checker.values((*pointer, "input"), step.input, {*names, variables.FRESH})
    check_resource.check_fresh(checker, (*pointer, "input"))
    for key, text in step.keep.items():
        checker.compile((*pointer, "keep", key), text.removeprefix("="), names)
    for member in ("expect", "expect_timed", "expect_alone"):
        for index, text in enumerate(getattr(step, member)):
            checker.compile((*pointer, member, index), text, names)
