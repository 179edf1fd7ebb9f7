"""Check the error codes: their references, that each can be distinguished, and that each key has an
effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.checks.checking.problems import ACTIONS
from pgagents.catalogue.language import variables
from pgagents.catalogue.language.errors import Code
from pgagents.cel.reading import path_of
from pgagents.cel.syntax import FunctionCall, Infix, Literal, Node
from pgagents.jsonschema.schema import validator
from pgagents.model.answers.error_reader import REFUSED, ErrorSign
from pgagents.source.source import Pointer

_WHEN: Pointer = ("errors", "when")
_CODES: Pointer = ("errors", "codes")
_SIGNS = ("==", "!=", "has")


def run(checker: Checker) -> None:
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
        checker.call((*at, "provoked_by", action), call, (*variables.CALL, *checker.written.resources))
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
            f"an answer with status {code.status} is no error",
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
            "this is no comparison of one member of the answer with a constant",
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
