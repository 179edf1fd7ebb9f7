"""Check the error codes, the arguments' own codes, the rate limits, and the jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.cel.reading import path_of, paths_in
from pgagents.base.cel.syntax import ExpressionError, FunctionCall, Infix, Literal, Node
from pgagents.base.jsonschema.schema import validator
from pgagents.base.places import Pointer
from pgagents.catalogue.checks.checker import ACTIONS, Checker
from pgagents.catalogue.language import basics
from pgagents.catalogue.language.actions import Action, Job
from pgagents.catalogue.language.basics import Param
from pgagents.catalogue.language.errors import Code
from pgagents.catalogue.language.platform import LimitHeaders
from pgagents.catalogue.model.answers import REFUSED, ErrorSign, find_pattern_problem

_WHEN: Pointer = ("errors", "when")
_CODES: Pointer = ("errors", "codes")
_SIGNS = ("==", "!=", "has")


def check_errors(checker: Checker) -> None:
    """Record dangling references, indistinguishable codes, and keys without an effect."""
    errors = checker.written.errors
    checker.check_reference(("errors", "envelope"), errors.envelope, ("schemas",), "schema")
    for name, code in errors.codes.items():
        _code(checker, name, code)
    for index, name in enumerate(errors.always):
        checker.check_reference(("errors", "always", index), name, _CODES, "error code")
    for key in type(errors.framework).model_fields:
        checker.check_reference(
            ("errors", "framework", key), getattr(errors.framework, key), _CODES, "error code"
        )
    if errors.framework.invalid is None and checker.sound(_CODES):
        checker.report(
            ("errors",),
            "missing-key",
            "no code is named for an argument that violates its schema",
            "write `framework: {invalid: NAME}`; it may be left out only if one code has status 400, or 422",
            at_value=False,
        )
    _sign(checker)
    _tell_apart(checker)


def _code(checker: Checker, name: str, code: Code) -> None:
    at = (*_CODES, name)
    checker.check_reference((*at, "envelope"), code.envelope, ("schemas",), "schema")
    for index, action in enumerate(code.only or ()):
        checker.check_reference((*at, "only", index), action, (*ACTIONS, ("surfaces",)), "action")
    for action, call in code.provoked_by.items():
        checker.check_reference((*at, "provoked_by", action), action, ("actions",), "action")
        checker.call((*at, "provoked_by", action), call, (*basics.CALL, *checker.written.resources))
    checker.compile((*at, "when"), code.when, ("input",))
    place = find_place(checker.written.errors, code)
    if code.wire is not None and place is None:
        checker.report(
            (*at, "wire"),
            "idle",
            f"`wire` does nothing: no body has the code {name}, because `code_at` is null",
            "say where the body has it (`code_at`), or leave `wire` out",
        )
    elif place is not None:
        _value_allowed(checker, name, code, place)
    if code.status < REFUSED and checker.written.errors.when is None:
        checker.report(
            (*at, "status") if checker.source.has((*at, "status")) else at,
            "error-status",
            f"an answer with status {code.status} is not an error",
            "give the status of the error, or say by `errors.when` which such answers are errors",
        )


def find_place(errors: Any, code: Code) -> str | None:
    """Return the path of the code in a body of this error; None if such bodies have no code."""
    place: str | None = code.code_at if "code_at" in code.model_fields_set else errors.code_at
    return place


def _value_allowed(checker: Checker, name: str, code: Code, place: str) -> None:
    """Record a value that the envelope's own schema does not allow at the code's place."""
    envelope = code.envelope or checker.written.errors.envelope
    schema = _member_schema(checker.data.get("schemas"), envelope, place.split("."))
    if schema is None or not checker.sound(("schemas",)):
        return
    value = name if code.wire is None else code.wire
    try:
        allowed = validator({k: schema[k] for k in ("type", "enum", "const", "pattern") if k in schema}, {})
    except ValueError:
        return
    if not allowed.is_valid(value):
        at = (*_CODES, name, "wire") if code.wire is not None else (*_CODES, name)
        checker.report(
            at,
            "error-value",
            f"`{envelope}` does not allow {value!r} at `{place}`",
            "say by `wire` what answers have there, or correct the schema",
        )


def _member_schema(schemas: Any, name: str | None, steps: list[str]) -> Mapping[str, Any] | None:
    """Return the written schema of a member of a named schema; None if it is not stated directly."""
    here: Any = {"$ref": name}
    for step in [*steps, ""]:
        for _ in range(20):
            if not isinstance(here, Mapping) or "$ref" not in here:
                break
            here = schemas.get(here["$ref"]) if isinstance(schemas, Mapping) else None
        if step:
            members = here.get("properties") if isinstance(here, Mapping) else None
            here = members.get(step) if isinstance(members, Mapping) else None
    return here if isinstance(here, Mapping) else None


def _sign(checker: Checker) -> None:
    """Record an `errors.when` that manifests cannot express, or that makes all codes impossible."""
    errors = checker.written.errors
    compiled = checker.compile(_WHEN, errors.when, ("response",))
    if compiled is None:
        return
    if read_sign(compiled.tree) is None:
        checker.report(
            _WHEN,
            "error-sign",
            "this is not a comparison of one member of the answer with a constant",
            "write it as `response.ok == false`, `response.code != 0` or `has(response.error)`",
        )
    elif not any(200 <= code.status < 300 for code in errors.codes.values()):
        checker.report(
            _WHEN,
            "idle",
            "`when` does nothing: no code has a 2xx status",
            "give the codes that come with status 200 that status",
        )
    else:
        _examples(checker, make_sign(errors.when or "", compiled.tree))


def _examples(checker: Checker, sign: ErrorSign) -> None:
    """Record examples of success that the sign marks as errors."""
    for base, actions in checker.blocks():
        for name, action in actions.items():
            for example, shown in action.examples.items():
                if (shown.status or 200) < 300 and sign.holds(shown.output):
                    checker.report(
                        (*base, name, "examples", example),
                        "example",
                        f"by `errors.when` this output is an error: {sign.wording}",
                        "show the body of a success",
                        at_value=False,
                    )


def make_sign(wording: str, tree: Node) -> ErrorSign:
    """Return the sign that a checked expression states."""
    read = read_sign(tree)
    assert read is not None
    path, comparison, value = read
    return ErrorSign(wording, path, comparison, value, _WHEN)


def read_sign(tree: Node) -> tuple[tuple[str, ...], Any, Any] | None:
    """Return the path in the body, the comparison and the constant of an expression; None for other forms."""
    value: Any = None
    match tree:
        case FunctionCall("has" as sign, None, (member,)):
            pass
        case Infix((sign,), (Literal(value=value), member) | (member, Literal(value=value))):
            pass
        case _:
            return None
    root, *path = path_of(member) or ("",)
    known = root == "response" and path and sign in _SIGNS and not isinstance(value, bytes)
    return (tuple(path), sign, value) if known else None


def _tell_apart(checker: Checker) -> None:
    """Record codes that have the same value at the same place with the same status."""
    errors = checker.written.errors
    first: dict[tuple[str, str | int, int], str] = {}
    for name, code in errors.codes.items():
        place = find_place(errors, code)
        if place is None:
            continue
        value = name if code.wire is None else code.wire
        other = first.setdefault((place, value, code.status), name)
        if other != name:
            checker.report(
                (*_CODES, name),
                "error-value",
                f"`{name}` cannot be told from `{other}`: both are {value!r} with status {code.status}",
                "give one of them another `wire` or status, or make them one code",
                at_value=False,
            )


# -- codes of arguments


_AT_CODES: Pointer = ("errors", "codes")
REQUIRED = "required"


def list_codes(param: Param) -> Mapping[str, str]:
    """Return the names of an argument's own codes by keyword; an empty keyword stands for all others."""
    given = param.otherwise
    return {} if given is None else {"": given} if isinstance(given, str) else given


def check_argument_codes(checker: Checker) -> None:
    """Record codes that do not exist or that the action may not answer, and keywords without an effect."""
    for base, actions in checker.blocks():
        for name, action in actions.items():
            allowed = {*action.errors, *checker.written.errors.always}
            _own_code(checker, (*base, name), action, allowed)
            if base == ACTIONS[0]:  # the operator's own calls are promised to nobody
                _missing_code(checker, (*base, name), action, allowed)
            for argument, param in action.input.items():
                _argument(checker, (*base, name, "input", argument), param, allowed)
    for name, code in checker.written.errors.codes.items():
        _condition(checker, name, code)
    lives, place = checker.written.idempotency, ("idempotency", "otherwise")
    if checker.check_reference(place, lives.otherwise, _AT_CODES, "error code") and lives.otherwise:
        for _, actions in checker.blocks():
            for name in [name for name, action in actions.items() if action.idempotency]:
                check_listed(checker, place, name, lives.otherwise)


def check_listed(checker: Checker, place: Pointer, action: str, code: str) -> None:
    """Record at `place` an error that is promised there of an action, if the action does not list it."""
    written = checker.actions.get(action)
    if written is not None and code in checker.written.errors.codes:
        listed = {*written.errors, *checker.written.errors.always}
        if code not in listed:
            message = f"`{action}` does not answer with `{code}`: it is not among its `errors`"
            checker.report(place, "error-code", message, f"add `{code}` to `errors` of `{action}`")


def _missing_code(checker: Checker, at: Pointer, action: Action, allowed: set[str]) -> None:
    """Record an action that does not list `framework.missing`, though a call must have an argument."""
    errors = checker.written.errors
    code = errors.framework.missing
    if code not in errors.codes or code in allowed or action.otherwise is not None or errors.inferred:
        return
    apart = {action.if_match, action.idempotency, action.signed.header if action.signed else None}
    for argument, param in action.input.items():
        in_path = f"{{{param.wire or argument}}}" in (action.http or "")
        if param.required and not in_path and argument not in apart and REQUIRED not in list_codes(param):
            message = f"a call without `{argument}` gets `{code}`, which is not among the action's `errors`"
            help = f"add `{code}` to them, or name the error by `otherwise: {{required: …}}` at the argument"
            checker.report((*at, "input", argument), "error-code", message, help, at_value=False)
            return


def _own_code(checker: Checker, at: Pointer, action: Action, allowed: set[str]) -> None:
    """Record an action's own code for wrong arguments, if the action may not answer it or no call can cause
    it.
    """
    place, code = (*at, "otherwise"), action.otherwise
    if code is None or not checker.check_reference(place, code, _AT_CODES, "error code"):
        return
    if not action.input:
        message = "`otherwise` does nothing here: the action has no arguments"
        checker.report(place, "idle", message, "leave it out", at_value=False)
    elif code not in allowed:
        message = f"the action cannot answer `{code}`: it is not among its `errors`"
        checker.report(place, "error-code", message, f"add `{code}` to the action's `errors`")


def _condition(checker: Checker, name: str, code: Code) -> None:
    """Record a condition on an argument that no action with this code has, and examples that it would
    refuse.
    """
    at = (*_AT_CODES, name, "when")
    compiled = checker.expressions.get(at)
    if compiled is None:
        return
    every = {n: a for _, block in checker.blocks() for n, a in block.items()}
    always = name in checker.written.errors.always
    having = {n: a for n, a in every.items() if always or name in a.errors}
    read = {str(path[1]) for path in paths_in(compiled.tree) if path[0] == "input" and len(path) > 1}
    for argument in sorted(read):
        if not any(argument in action.input for action in having.values()):
            message = f"no action that may answer `{name}` has an argument `{argument}`"
            checker.report(at, "unknown-name", message, "name an argument, or add the code to `errors`")
            return
    for action, written in having.items():
        for example, shown in written.examples.items():
            if (shown.status or 200) < 400 and _holds(compiled, shown.input):
                message = f"`{name}` is due for this input, because `{code.when}`"
                place = (*checker.base(action), "examples", example)
                checker.report(
                    place, "example", message, "show another call, or another answer", at_value=False
                )


def _holds(condition: Expression, given: Mapping[str, Any]) -> bool:
    try:
        return Scope({"input": given}).holds(condition)
    except ExpressionError:
        return False


def _argument(checker: Checker, at: Pointer, param: Param, allowed: set[str]) -> None:
    written = checker.at(at)
    for keyword, code in list_codes(param).items():
        place = (*at, "otherwise", keyword) if keyword else (*at, "otherwise")
        if not checker.check_reference(place, code, _AT_CODES, "error code"):
            continue
        if code not in allowed:
            message = f"the action cannot answer `{code}`: it is not among its `errors`"
            checker.report(place, "error-code", message, f"add `{code}` to the action's `errors`")
        elif keyword and "$ref" not in written and keyword not in written:
            message = f"`{keyword}` does nothing here: the argument has no such keyword"
            checker.report(place, "idle", message, f"write `{keyword}` beside it, or leave it out")


# -- rate limits


_AT: Pointer = ("limits", "headers")
_THREE = ("limit", "remaining", "reset")


def check_limits(checker: Checker) -> None:
    """Record dangling references, headers that do not fit together, and statuses without a code."""
    limits = checker.written.limits
    for name, bucket in limits.buckets.items():
        checker.compile(("limits", "buckets", name, "when"), bucket.when, basics.BUCKET)
    for surface in limits.budgets:
        checker.check_reference(
            ("limits", "budgets", surface), surface, ("surfaces",), "surface", also=["all"]
        )
    if limits.headers is not None:
        _headers(checker, limits.headers)
    if "reset_unit" in limits.model_fields_set and (limits.headers is None or limits.headers.reset is None):
        checker.report(
            ("limits", "reset_unit"),
            "idle",
            "`reset_unit` does nothing: no header `reset` is named",
            "leave it out, or name the header under `limits.headers`",
            at_value=False,
        )
    _statuses(checker)


def _headers(checker: Checker, headers: LimitHeaders) -> None:
    given = [name for name in _THREE if getattr(headers, name) is not None]
    forms = {"/".join(given): bool(given), "ietf": headers.ietf, "usage": headers.usage is not None}
    used = [name for name, there in forms.items() if there]
    if len(used) > 1:
        checker.report(
            _AT,
            "limit-headers",
            f"these are several forms at once: {', '.join(used)}",
            "keep `limit`, `remaining` and `reset`; or `ietf`; or `usage` and `pattern`",
            at_value=False,
        )
    elif given and len(given) < len(_THREE):
        lacking = next(name for name in _THREE if name not in given)
        checker.report(
            _AT,
            "missing-key",
            f"key `{lacking}` is missing in `limits.headers`",
            "`limit`, `remaining` and `reset` belong together",
            at_value=False,
        )
    elif (headers.usage is None) != (headers.pattern is None):
        lacking = "pattern" if headers.pattern is None else "usage"
        checker.report(
            _AT,
            "missing-key",
            f"key `{lacking}` is missing in `limits.headers`",
            "`usage` names the header, `pattern` its form, such as `{used}/{limit}`",
            at_value=False,
        )
    elif headers.pattern is not None and (wrong := find_pattern_problem(headers.pattern)):
        message = f"this pattern says no limit: {wrong}"
        checker.report((*_AT, "pattern"), "limit-headers", message, "write it as `{used}/{limit}`")


def _statuses(checker: Checker) -> None:
    errors, limits = checker.written.errors, checker.written.limits
    if "status" not in limits.model_fields_set:
        return
    known = {code.status for code in errors.codes.values()}
    for index, status in enumerate(limits.status):
        if status not in known:
            checker.report(
                ("limits", "status", index),
                "unknown-name",
                f"no error code has status {status}",
                "add the code under `errors.codes`",
            )
    limited = errors.codes.get(errors.framework.limited or "")
    if limited is not None and limited.status not in limits.status:
        checker.report(
            ("limits", "status"),
            "limit-status",
            f"`errors.framework.limited` has status {limited.status}, which is none of these",
            f"add {limited.status}",
            at_value=False,
        )


# -- jobs


def check_jobs(checker: Checker) -> None:
    """Record jobs whose end a caller could not see."""
    for base, actions in checker.blocks():
        for name, action in actions.items():
            if action.job is not None:
                _job(checker, (*base, name, "job"), name, action, action.job)


def _job(checker: Checker, pointer: Pointer, name: str, action: Action, job: Job) -> None:
    if action.effect.value == "read":
        checker.report(pointer, "idle", "`job` does nothing on a read", "leave it out", at_value=False)
        return
    if not checker.check_reference((*pointer, "resource"), job.resource, ("resources",), "resource"):
        return
    resource = checker.written.resources[job.resource]
    if resource.made_by is None or resource.made_by.action != name:
        checker.report(
            (*pointer, "resource"),
            "job",
            f"no {job.resource} is made by `{name}`",
            f"write `made_by: {{action: {name}}}` in the resource",
        )
    elif not resource.read_by:
        checker.report(
            (*pointer, "resource"), "job", f"nothing reads a {job.resource}", "add `read_by` to the resource"
        )
    elif resource.state is None:
        checker.report(
            (*pointer, "resource"),
            "job",
            f"the resource `{job.resource}` has no `state`",
            "name the member that shows how far the job is",
        )
    else:
        _states(checker, pointer, job)


def _states(checker: Checker, pointer: Pointer, job: Job) -> None:
    states = ("resources", job.resource, "states")
    for key in ("done", "failed"):
        for index, state in enumerate(getattr(job, key)):
            checker.check_reference((*pointer, key, index), state, states, "state")
    for index, state in enumerate(job.failed):
        if state in job.done:
            checker.report(
                (*pointer, "failed", index), "job", f"`{state}` is both done and failed", "keep one of them"
            )
    if job.reason is not None and not job.failed:
        checker.report(
            (*pointer, "reason"),
            "idle",
            "`reason` does nothing: no state in `failed`",
            "name the states in which a job has failed",
            at_value=False,
        )
