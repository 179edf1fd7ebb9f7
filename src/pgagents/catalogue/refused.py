"""Values that the language refuses: pydantic's errors as diagnostics, each with what to write instead.

A misspelt key is read as the one that it means, so that nothing is reported that only follows from it.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pgagents.base.errors import Diagnostic
from pgagents.base.places import Pointer, Source, value_at
from pgagents.base.reading import MAX_PROBLEMS
from pgagents.base.text import brief, did_you_mean, nearest
from pgagents.catalogue.language.catalogue import Catalogue

MOVED: dict[Pointer, str] = {
    ("auth", "oauth"): (
        "it is a flow of a scheme: `auth.schemes.NAME: {type: oauth2, flows: {authorization_code: "
        "{authorization_url: …, token_url: …, scopes: …}}}`"
    )
}
"""Help for keys that are now in another place, by their old place."""
_KINDS = {
    dict: "a mapping",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "nothing",
}


def diagnostics(errors: Iterable[Any], source: Source) -> list[Diagnostic]:
    """Return one diagnostic for each place; errors of a union's branches are joined."""
    by_place: dict[Pointer, list[Any]] = {}
    for error in errors:
        by_place.setdefault(pointer_of(error, source.data), []).append(error)
    parents = {pointer[:n] for pointer in by_place for n in range(len(pointer))}
    found = []
    for pointer, group in by_place.items():
        for some in _by_message(group):
            if some[0]["type"] == "missing" and _stands_misspelt(pointer, some[0]["loc"][-1], by_place):
                continue  # the other spelling has its own message
            if not (pointer in parents and all(str(e["type"]).endswith("_type") for e in some)):
                found.append(_diagnostic(pointer, some, source))
            if len(found) >= MAX_PROBLEMS:
                return found
    return found


def _stands_misspelt(pointer: Pointer, name: Any, by_place: Mapping[Pointer, list[Any]]) -> bool:
    """True if a missing key stands there in another spelling: `title_`, or an unknown key like it."""
    if (*pointer, f"{name}_") in by_place:
        return True
    unknown = [p for p, errors in by_place.items() if p[:-1] == pointer and p and _is_unknown(errors[0])]
    if name == "that" and any(p[-1] in ("then", "must", "assert", "expect") for p in unknown):
        return True
    if (
        pointer[:1] == ("resources",)
        and pointer[2:3] == ("moves",)
        and any(p[-1] in ("by", "action") for p in unknown)
    ):
        return True
    of_action = name == "action" and any(p[-1] in ("operationId", "workflow", "workflowId") for p in unknown)
    return of_action or any(find_meant(p, ()) == name for p in unknown)


def _is_unknown(error: Any) -> bool:
    return str(error["type"]) == "extra_forbidden"


def find_meant(pointer: Pointer, present: Iterable[Any]) -> str | None:
    """Return the key that an unknown key at this place means, unless it is among those that are present."""
    if pointer in MOVED or pointer[-1] in _OF_OTHERS:
        return None
    known = set(_list_keys(pointer[:-1])) - set(present)
    return nearest(str(pointer[-1]), sorted(known))


def _by_message(group: list[Any]) -> list[list[Any]]:
    """Group the errors of one place by message: one per missing key, and one for all branches of a union."""
    missing = [[e] for e in group if e["type"] == "missing"]
    others = [e for e in group if e["type"] != "missing"]
    return [*missing, *([others] if others else [])]


def pointer_of(error: Any, data: Any) -> Pointer:
    """Return the error's pointer, without the tags that pydantic inserts for unions and keys."""
    pointer: list[str | int] = []
    here = data
    for step in error["loc"]:
        inside = (
            step in here
            if isinstance(here, dict)
            else isinstance(here, list) and isinstance(step, int) and step < len(here)
        )
        if not inside:
            continue
        here = here[step]
        pointer.append(step)
    return tuple(pointer)


def _diagnostic(pointer: Pointer, group: list[Any], source: Source) -> Diagnostic:
    error = group[0]
    kind, name = error["type"], error["loc"][-1] if error["loc"] else ""
    span = source.locate(pointer)
    if kind == "extra_forbidden":
        help = _advise_on_unknown((*pointer[:-1], str(name)), source)
        return Diagnostic(span, "catalogue/unknown-key", "error", f"unknown key `{brief(str(name))}`", help)
    if kind == "missing":
        says = f"key `{name}` is missing{_of(pointer)}"
        return Diagnostic(
            span, "catalogue/missing-key", "error", says, _advise_on_missing(pointer, str(name))
        )
    if name == "[key]":
        key = brief(str(error["loc"][-2]))
        says = f"`{key}` is not a name that is allowed here: {_describe_allowed(error)}"
        return Diagnostic(span, "catalogue/name", "error", says, _advise_on_name(error))
    at_value = source.locate(pointer, at_value=True)
    if kind == "model_type" or kind == "model_attributes_type":
        says = f"{_describe_input(error)} stands here; it should be a mapping"
        keys = ", ".join(f"`{key}: …`" for key in _list_keys(pointer)[:FEW])
        help = f"write keys below it, indented further: {keys}" if keys else _MAPPING
        if help_here := _advise_on_shape(pointer, error["input"]):
            help = help_here
        return Diagnostic(at_value, "catalogue/type", "error", says, help)
    allowed = " or ".join(dict.fromkeys(_describe_allowed(e) for e in group))
    help = _advise_on_value(error, pointer)
    if kind == "literal_error":
        known = [w.strip(" '") for w in allowed.replace(" or ", ",").split(",")]
        quoted = isinstance(error["input"], str) and error["input"] in known
        help = "write it without quotes" if quoted else did_you_mean(str(error["input"]), known)
        help = help or f"write one of {', '.join(known)}"
    return Diagnostic(
        at_value,
        "catalogue/type" if str(kind).endswith("_type") else "catalogue/value",
        "error",
        f"{_describe_input(error)} stands here; it should be {allowed}",
        help,
    )


def _of(pointer: Pointer) -> str:
    return f" in `{brief('.'.join(map(str, pointer)), 100)}`" if pointer else ""


def _describe_input(error: Any) -> str:
    value = error["input"]
    if isinstance(value, str):
        return f"`{brief(value)}`" if value else "an empty text"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int | float):
        return f"the number {str(value)[:40]}"
    return _KINDS.get(type(value), "a value")


def _describe_allowed(error: Any) -> str:
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "literal_error":
        return str(context["expected"])
    if kind == "string_pattern_mismatch":
        return f"text that matches {context['pattern']}"
    named = {
        "string_type": "text", "bool_type": "true or false", "int_type": "a whole number",
        "float_type": "a number",
        "dict_type": "a mapping", "list_type": "a list", "model_type": "a mapping",
    }  # fmt: skip
    if kind in named:
        return named[kind]
    message = str(error["msg"])
    for lead in (
        "Input should be ",
        "Value should have ",
        "String should have ",
        "List should have ",
        "Dictionary should have ",
    ):
        if message.startswith(lead):
            rest = message[len(lead) :]
            return rest if lead.startswith("Input") else f"of {rest}"
    return message[:1].lower() + message[1:]


def _list_fields(pointer: Pointer) -> dict[str, FieldInfo]:
    kind: Any = Catalogue
    for step in pointer:
        kind = _inside(kind, step)
        if kind is None:
            return {}
    model = next((c for c in candidates(kind) if isinstance(c, type) and issubclass(c, BaseModel)), None)
    return {f.alias or name: f for name, f in model.model_fields.items()} if model else {}


def _list_keys(pointer: Pointer) -> list[str]:
    return list(_list_fields(pointer))


def _inside(kind: Any, step: str | int) -> Any:
    for candidate in candidates(kind):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            for name, field in candidate.model_fields.items():
                if step in (name, field.alias):
                    return field.annotation
        origin = typing.get_origin(candidate)
        if origin is dict:
            return typing.get_args(candidate)[1]
        if origin is list:
            return typing.get_args(candidate)[0]
    return None


def candidates(kind: Any) -> list[Any]:
    """Return the types that a value of this annotation may have."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return candidates(typing.get_args(kind)[0])
    if origin in (typing.Union, types.UnionType):
        return [c for arg in typing.get_args(kind) for c in candidates(arg)]
    return [kind]


# -- what to write


FEW = 3
REFERENCE = "docs/reference/catalogue.md lists the keys and what they take"
_MAPPING = "write keys below it, indented further, or `{KEY: VALUE}`"
_ARGUMENT = "an argument stands under `input`, by its name"
_PROMISE = "what must hold is a law of an action or a resource: `laws: {NAME: CONDITION}`"
_HERE = "what must hold of an answer stands under `laws` of the action, or `expect: [CONDITION]` of a step"
_MADE_FIRST = "what must be there before a call is a resource with `made_by`, and `undone_by` removes it"
_SEVERAL = "several calls are a workflow: `workflows: {NAME: {title: …, steps: {NAME: {action: …}}}}`"


def _all(words: str, help: str) -> dict[str, str]:
    return dict.fromkeys(words.split(), help)


_OF_OTHERS: dict[str, str] = {
    **_all("assert asserts assertions checks rules tests validate", _PROMISE),
    **_all("check criteria successCriteria test x-tests", _HERE),
    **_all("event thresholds phases extends functions", _PROMISE),
    **_all("invariant invariants ensures postconditions constraints", _PROMISE),
    **_all("params args arguments payload requestBody parameters", _ARGUMENT),
    **_all("body data json query", _ARGUMENT),
    **_all(
        "capture captures extract outputs save store",
        "a value for later steps stands under `keep: {NAME: EXPRESSION}`, and they write `=STEP.NAME`",
    ),
    **_all(
        "transition transitions state_machine lifecycle",
        "at its resource: `moves: {ACTION: {from: [STATE], to: STATE, otherwise: CODE}}`",
    ),
    **_all(
        "api_key apiKey key password secret token",
        "verify takes keys from the environment: `PGAGENTS_TOKEN`, and `--identity ROLE=ENVVAR` for a role",
    ),
    **_all(
        "components definitions paths",
        "name the document in `openapi`, and write what it does not say under `actions` and `resources`",
    ),
    **_all("cases flows scenarios stages test_cases testCases", _SEVERAL),
    **_all("item items requests steps", _SEVERAL),
    **_all(
        "arazzo overlay overlays sourceDescriptions swagger",
        "leave it out: this file has its own form, `pgagents: 1`, over the document that `openapi` names",
    ),
    "stepId": "the key above the step is its name: `steps: {NAME: {action: …}}`",
    "workflowId": "the key above the workflow is its name: `workflows: {NAME: {title: …, steps: …}}`",
    "workflow": "a step calls one action: write the steps of the other workflow here",
    **_all("after afterAll afterEach before beforeAll beforeEach", _MADE_FIRST),
    **_all("cleanup hooks precondition preconditions setup teardown", _MADE_FIRST),
    **_all("base_url baseUrl host url", "the server under test is an option: `--url`"),
    **_all("variable variables vars", "values of your own stand under `env`"),
    "summary": "a few words stand in `title`, the rest in `description`",
    "operationId": "the key above the action is its name; `operation_id` is that of OpenAPI alone",
    "responses": "an answer stands under `output`, by its status",
    "method": "write method and path as `http: GET /path`",
    "path": "write method and path as `http: GET /path`",
    "tags": "leave it out: actions stand under `surfaces` of those who are offered them",
}
"""The keys that an author of OpenAPI writes, each with the place where it stands here."""
_CONDITIONS = "write conditions: `expect: ['response.total == 3.0']`; a refusal has `status: 409`"
_YES, _NO = frozenset(("yes", "on", "y", "1")), frozenset(("no", "off", "n", "0"))


_ROLES = "roles stand under `auth`: `auth: {roles: {second: {description: Another customer}}}`"
_MADE_BY = "a resource says what makes it: `made_by: {action: ACTION, input: {…}}`"


_TENANT = "what another customer must not see has it: `resources: {NAME: {tenant: true}}`"
_LAGS = "reads that show a write some seconds later: `behaviour: {reads_lag_s: 2}`"
_PLANS = (
    "what a role may do is its plan: `scopes: {order: WHAT}, plans: {staff: [order]}`, `plan: staff` at the "
    "role, and `scope: order` at the action"
)
_IDEMPOTENCY = "at the action: `idempotency: ARG, input: {ARG: {in: header, wire: Idempotency-Key}}`"
_PAGES = (
    "of pages that are counted: `pages: {items: response.items, next: input.page + 1.0, argument: page, "
    "size: per_page}`; of a cursor, `next` is its member of the answer"
)
_REFERS_TO = "at the argument: `actions: {ACTION: {input: {ARGUMENT: {refers_to: RESOURCE}}}}`"
_MOVES = "the key is the action: `moves: {ACTION: {from: [STATE], to: STATE, otherwise: CODE}}`"


_OF_PLACES: dict[tuple[str, int], dict[str, str]] = {
    ("", 1): {
        **_all("roles users identities accounts", _ROLES),
        **_all("environment environments constants", "values of your own stand under `env`"),
        **_all(
            "laws law relations",
            "a law stands at what it is about: `actions: {ACTION: {laws: {NAME: CONDITION}}}`, "
            "or `resources`",
        ),
        **_all("clock", "the call that moves the time is `operator: {clock: ACTION, actions: {ACTION: …}}`"),
        **_all("fixtures factories seeds seed", _MADE_BY),
        **_all("tenant tenants multi_tenant", _TENANT),
        **_all("consistency eventual eventually_consistent lag", _LAGS),
        **_all("feature scenario background interactions suite collection", _SEVERAL),
        **_all("consumer provider plugins", "leave it out: this file says what the API promises"),
        **_all(
            "pagination pages", "at its list: `actions: {LIST: {pages: {items: …, next: …, argument: …}}}`"
        ),
    },
    ("actions", 3): {
        **_all("given when then", _HERE),
        **_all(
            "access allowed_for allowed_roles auth forbidden_for permissions requires_role role roles "
            "security",
            "who may call it is its `scope`, which roles have by `auth.plans`",
        ),
        **_all("pagination paging paginate", "pages of a list: `pages: {items: …, next: …, argument: …}`"),
        **_all("defaults", "the default of an argument stands at it: `input: {limit: {default: 20}}`"),
        **_all(
            "sort sorted sorted_by order order_by", 'an order is a law: `sorted_by(response.items, "MEMBER")`'
        ),
        **_all(
            "filter filters",
            "a filter is a law: `{when: has(input.NAME), that: response.items.all(one, CONDITION)}`",
        ),
        **_all("status statuses", "a success stands under `output`, a refusal under `errors`"),
    },
    ("actions", 5): {
        **_all("if given condition", "the condition under which a law holds is `when`"),
        **_all("then must assert expect", "what must hold is `that`"),
    },
    ("resources", 3): {
        **_all("create post creates created_by", _MADE_BY),
        **_all("read get reads", "a resource says what reads it: `read_by: {action: ACTION, input: {…}}`"),
        **_all(
            "delete remove destroy deleted_by removed_by",
            "a resource says what removes it: `undone_by: {action: ACTION, input: {…}}`",
        ),
        **_all(
            "list lists", "a resource says what lists it: `listed_by: {action: ACTION, at: response.items}`"
        ),
        **_all("parent belongs_to child_of", "it belongs to another by `within: RESOURCE`"),
        **_all("owner owned_by isolated private", "what another key must not see has `tenant: true`"),
        **_all("id_field identifier primary_key key", "the member that identifies it is `id`"),
        **_all("refers_to references foreign_keys", _REFERS_TO),
        **_all("tenants", _TENANT),
        **_all(
            "ttl expires expires_after expires_in lifetime lives_s",
            "`expires_by: MEMBER` names the member with the time; `operator.clock` moves it",
        ),
        "overlaps": "`unique: [{members: [FOR_WHOM], overlaps: [START, END], otherwise: CODE}]`",
        **_all("lag lags reads_lag_s eventual eventually_consistent consistency", _LAGS),
        **_all("children parts", "the part names its parent: `resources: {PART: {within: PARENT}}`"),
        **_all("immutable readonly constant", "members that never change are `fixed: [NAME]`"),
    },
    ("resources", 4): {
        "as": "another role makes it by a workflow's step; what this answer calls the id is `id: NAME`",
    },
    ("behaviour", 2): _all("eventual eventually_consistent consistency lag lags", _LAGS),
    ("errors", 3): {
        **_all("forbidden permission role scope unauthorised", "a key that may not: `no_scope: CODE`"),
        **_all("unauthorized unauthenticated", "a wrong key is `wrong_key: CODE`, no key `no_key: CODE`"),
        **_all("not_found absent", "an unknown path is `unknown_path`; an id, `missing: CODE` at a resource"),
        **_all("validation bad_request unprocessable", "a wrong argument is `invalid: CODE`"),
    },
    ("idempotency", 2): _all("header key name", _IDEMPOTENCY),
    ("actions", 4): _all("offset limit page per_page page_size cursor type start", _PAGES),
    ("auth", 2): {
        **_all("tenant tenants", _TENANT),
        **_all("permissions policies", _PLANS),
        **_all("identities users keys", _ROLES),
    },
    ("auth", 4): {**_all("scope scopes permissions can allowed actions", _PLANS)},
    ("resources", 5): {
        **_all("action by call method", _MOVES),
        "after_s": "`at` names the member with the time; without one, a workflow's step has `after_s`",
        **_all("within scope per parent for among", "`members` says among whom: `[room_id, name]`"),
        **_all(
            "while where states unless only",
            "leave it out: whether a state frees the values is tried by a workflow, with `status: 409`",
        ),
        **_all("error errors else code", "the code that other states get is `otherwise: CODE`"),
        **_all(
            "guard when if requires condition",
            "what must be there is `has: {PART: CODE}`; any other condition is a workflow",
        ),
        **_all("source sources state", "the states where it may start are `from: [STATE]`"),
        **_all("target then dest", "the state that it leads to is `to: STATE`"),
    },
    ("workflows", 5): {
        **_all(
            "wait sleep delay pause",
            "`within_s: 30` repeats a read until its conditions hold; `after_s` moves an operator's clock",
        ),
        **_all(
            "retry retries repeat poll until timeout",
            "a read that is repeated until its conditions hold has `within_s: 30`",
        ),
        **_all(
            "if when unless", "a step is always called: what depends on something is a workflow of its own"
        ),
        **_all(
            "assert asserts assertions checks tests validate verify",
            "what must hold after the call stands under `expect: [CONDITION]`",
        ),
        **_all("times repeats count", "write the step as often as it is called, each under its own name"),
        **_all(
            "parallel concurrent concurrency",
            "steps go one after another; a resource's law about one number, as `read.left >= 0.0`, is held "
            "under two calls at once",
        ),
        **_all(
            "dependsOn depends_on needs",
            "steps go in the order in which they stand, and a value of an earlier one is `=STEP.NAME`",
        ),
        **_all("user role identity auth", "another role calls by `as: second`"),
        **_all("call operation request method url path", "name the action to call: `action: NAME`"),
        **_all("expectStatus expect_status code error otherwise", "the status of a refusal is `status: 409`"),
    },
}
"""Help for keys of other tools, by the section and the depth at which they stand."""


def _advise_on_unknown(pointer: Pointer, source: Source) -> str:
    name = str(pointer[-1])
    if name == "nullable":
        beside = value_at(source.data, pointer[:-1])
        kind = beside.get("type", "string") if isinstance(beside, dict) else "string"
        return f'leave it out, and write `type: [{kind}, "null"]`' if isinstance(kind, str) else REFERENCE
    told = value_at(source.data, pointer)
    if name == "refers_to" and len(pointer) > 2 and pointer[-3] == "properties":
        return (
            "only an argument refers as a whole; a member inside one is named where an instance is made: "
            f"`made_by: {{action: ACTION, input: {{ARGUMENT: [{{{pointer[-2]}: ={brief(str(told))}.id}}]}}}}`"
        )
    if pointer[:-1] == ("errors",) and isinstance(told, dict) and "status" in told:
        return f"a code stands under `codes`: `codes: {{{name}: …}}`"
    if name in ("path", "url", "headers") and isinstance(told, dict) and pointer[0] == "workflows":
        return _ARGUMENT
    here = _OF_PLACES.get((str(pointer[0]) if len(pointer) > 1 else "", len(pointer)), {})
    if help := MOVED.get((*pointer[:-1], name[:40])) or here.get(name) or _OF_OTHERS.get(name, ""):
        return help
    return did_you_mean(name, _list_keys(pointer[:-1])) or f"remove it; {REFERENCE}"


def _advise_on_missing(pointer: Pointer, name: str) -> str:
    """Return the line to add, with the first sentence of what the key says."""
    field = _list_fields(pointer).get(name)
    if field is None:
        return f"add `{name}: …`; {REFERENCE}"
    values = (
        typing.get_args(field.annotation) if typing.get_origin(field.annotation) is typing.Literal else ()
    )
    value = str(values[0]) if len(values) == 1 else "…"
    about = " ".join(str(field.description or "").split()).partition(". ")[0].rstrip(".")
    return f"add `{name}: {value}`" + (f" ({about[:1].lower()}{about[1:]})" if about else "")


def _advise_on_name(error: Any) -> str:
    key = error["loc"][-2]
    if isinstance(key, str) and key.isdecimal() and _describe_allowed(error) == _KINDS[int]:
        return f"write it without quotes: `{key}:`"
    if found := re.fullmatch(r"(\w+)\[(\w+)\].*", str(key)):
        whole, member = found.groups()
        shape = f"{{type: object, style: deepObject, properties: {{{member}: {{…}}}}}}"
        return f"its members in brackets are one argument: `{whole}: {shape}`"
    pattern = str((error.get("ctx") or {}).get("pattern", ""))
    if fitting := _find_fitting(str(key), pattern):
        return f"such as `{fitting}`"
    return "write letters, digits and `_`" if pattern else REFERENCE


def _advise_on_value(error: Any, pointer: Pointer) -> str:
    kind, value = str(error["type"]), error["input"]
    shown = brief(str(value), 40)
    if kind == "string_pattern_mismatch":
        if pointer[-1:] in (("action",), ("clock",)) and re.match(r"[A-Z]+ /", str(value)):
            return "name the action, not its request: `pgagents show` has each action's name above its `http`"
        fitting = _find_fitting(str(value), str(error["ctx"]["pattern"]))
        return f"such as `{fitting}`" if fitting else _describe_key(pointer)
    if kind in ("bool_type", "bool_parsing"):
        word = str(value).lower()
        return (
            "write `true`" if word in _YES else "write `false`" if word in _NO else "write `true` or `false`"
        )
    if kind in ("int_type", "float_type", "int_from_float", "int_parsing"):
        if pointer[-1:] == ("status",) and pointer[:1] == ("workflows",):
            return "write the one status that comes, such as `status: 409`"
        digits = isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value)
        return f"write it without quotes: {shown}" if digits else "write digits, such as 30"
    advise = _BY_TYPE.get(kind)
    return advise(pointer, value, shown) if advise is not None else _describe_key(pointer)


def _advise_on_text(pointer: Pointer, value: Any, shown: str) -> str:
    if pointer[-1] in ("idempotency", "if_match") and value is True:
        header = "Idempotency-Key" if pointer[-1] == "idempotency" else "If-Match"
        return f"name the argument: `{pointer[-1]}: ARG, input: {{ARG: {{in: header, wire: {header}}}}}`"
    names_code = {"errors", "otherwise", "framework"} & {*pointer[1:]} or pointer[-1] == "missing"
    if isinstance(value, int) and not isinstance(value, bool) and names_code:
        code = f"`errors: {{codes: {{NAME: {{status: {shown}, meaning: …}}}}}}`"
        return f"name a code: {code}, and write NAME here"
    if pointer[-1:] == ("otherwise",) and isinstance(value, list | dict):
        told = "`status: 409` and an `expect` about its code"
        return f"name the one code that most calls get; another is told by a workflow's step with {told}"
    if pointer[-1:] == ("gone_when",):
        return "write a condition, as `gone_when: resource.deleted`; after a 404 none is needed: leave it out"
    if pointer[-2:-1] == ("expect",) and isinstance(value, dict):
        return _CONDITIONS
    if pointer[-1:] == ("to",) and isinstance(value, list):
        return "write the state that most calls lead to; another one is told by a workflow"
    if pointer[-1:] == ("scope",) and isinstance(value, list):
        return "name one scope, of the plans of all roles that may call it"
    if isinstance(value, list) and len(value) == 1:
        return f"write it without brackets: {brief(str(value[0]), 40)}"
    if pointer[-1:] == ("expires_by",):
        return "name the member of an answer that has the time: `expires_by: expires_at`"
    if isinstance(value, bool | int | float):
        written = str(value).lower() if isinstance(value, bool) else shown
        return f'write it in quotes: "{written}"'
    return _describe_key(pointer)


def _advise_on_list(pointer: Pointer, value: Any, shown: str) -> str:
    if pointer[-1:] == ("overlaps",):
        return "write the arguments with start and end: [START, END]"
    if pointer[-1:] == ("confirmed",):
        return "name the calls that are right: [made_by, read_by, moves]"
    if isinstance(value, dict) and all(each in ({}, None, True) for each in value.values()):
        return f"write the names alone: [{', '.join(map(str, value))}]"
    if pointer[-1:] == ("from",) and value in ("*", "any", "all"):
        return "write the states: [STATE, OTHER]"
    if pointer[-1:] == ("errors",):
        return "write the names of codes: [CODE, OTHER]; what they are stands under `errors: {codes: …}`"
    if pointer[-1:] == ("expect",) and isinstance(value, dict):
        return _CONDITIONS
    if pointer[-1:] == ("unique",) and isinstance(value, str):
        return f"write `[{{members: [{shown}], otherwise: CODE}}]`"
    one = isinstance(value, dict)
    plain = "put it into a list: `[{…}]`" if one else "write `[A, B]`"
    each = ", ".join(re.split(r"\s*[|,;]\s*", shown))
    return f"write it in brackets: [{each}]" if isinstance(value, str | int) else plain


def _advise_on_mapping(pointer: Pointer, value: Any, shown: str) -> str:
    if pointer[-1:] == ("counts",):
        return "write each part with the member that counts it: `counts: {PART: MEMBER}`"
    if pointer[-1:] == ("keep",):
        return f"give it a name: `keep: {{NAME: {shown}}}`, which later steps write as `=STEP.NAME`"
    if isinstance(value, list):
        return f"give each a name in place of the list: `{pointer[-1]}: {{NAME: …, OTHER: …}}`"
    if pointer[:2] == ("auth", "roles") and pointer[3:] == ("env",) and isinstance(value, str):
        return f"leave it out: the key of a role is an option of verify, `--identity {pointer[2]}={shown}`"
    return _MAPPING


_BY_TYPE = {"string_type": _advise_on_text, "list_type": _advise_on_list, "dict_type": _advise_on_mapping}


def _advise_on_shape(pointer: Pointer, value: Any) -> str:
    """Return what to write for a text or a list where keys should stand; empty if the keys say it."""
    above = pointer[-2] if len(pointer) > 1 else ""
    if above == "laws" and isinstance(value, list):
        return "write the condition without brackets; two conditions are two laws, or joined by `&&`"
    if above == "moves" and isinstance(value, list):
        return "an action has one line here: write the move that matters most, and the others as a workflow"
    if above == "unique" and isinstance(value, str):
        return f"write `{{members: [{brief(value, 40)}], otherwise: CODE}}`"
    if isinstance(value, str) and "action" in _list_keys(pointer):
        return f"write `{pointer[-1]}: {{action: {brief(value, 40)}}}`"
    return ""


def _describe_key(pointer: Pointer) -> str:
    """Return what the key at a place says, or where that is to be read."""
    field = _list_fields(pointer[:-1]).get(str(pointer[-1])) if pointer else None
    about = " ".join(str(field.description or "").split()) if field is not None else ""
    return f"`{pointer[-1]}` says: {about}" if about else REFERENCE


def _find_fitting(value: str, pattern: str) -> str:
    """Return a text like this one that matches the pattern; empty if none does."""
    if len(value) > LONGEST_FITTED or not pattern:
        return ""
    plain = value.strip()
    tried = (
        re.sub(r"\[(\d*)\]", lambda item: f".{item[1] or 0}", plain).replace("/", ".").lstrip("$."),
        *(plain.replace(" ", mark) for mark in ("_", "-", "")),
        re.sub(r"\W+", "_", plain).strip("_"),
        re.sub(r"\W", "", plain),
        re.sub(r"\W+", "_", plain).strip("_").lower(),
        f"GET {plain}",
        f"https://{plain}",
        plain.upper(),
    )
    return next((one for one in tried if re.search(pattern, one) and one != value), "")


LONGEST_FITTED = 100
"""Characters of a value for which a fitting one is looked for."""
