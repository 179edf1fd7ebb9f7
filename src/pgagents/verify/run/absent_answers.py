"""Recognise answers that prove nothing, because their documented status means that something is not there.

That is an instance that the call names by an invented id, or a part that an instance need not have. An id is
known if a resource finds or makes it, or if the author wrote it into a resource's call. Any other value that
may name an instance is invented, and a right server does not find it. So is a token or a code: a document
gives its type alone, and a right server refuses it as documented. A 401, 402 or 403 to a correct call of an
operation that never succeeded is about the key or the server's settings. An action that brings back what was
removed may refuse what is there. A create that succeeded before may be refused because a plan allows no more.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from typing import Any

from pgagents.base.cel.expression import Expression
from pgagents.base.http import Response
from pgagents.base.jsonschema.schema import find_keyword
from pgagents.base.text import plain_word, singular, split_words
from pgagents.catalogue.model.action import Action, Param
from pgagents.report.reason import Reason, example_at, line_at
from pgagents.verify.answers.standing import begins_by_202
from pgagents.verify.fixtures.guesses import OF_KEY
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.fixtures.target import brings_back, is_made_by, list_involved
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Call, InstanceRef, RelativeTime, Signature, UniqueValue
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NOT_THERE = frozenset((404, 410))
FORBIDDEN = 403
"""Also means "no such instance", if a document leaves open how a server hides which ids exist."""
OF_PLAN = frozenset((402, FORBIDDEN))
"""Also mean that a plan allows no more instances."""
NOT_PROCESSED = frozenset((400, 409, 422))
"""Also mean "no such instance", if a body names it and a document says no more of the id than its type."""
_NAMES_AN_INSTANCE = re.compile(
    r"(?:^|[_.\-])(?:id|ids|uuid|uuids|guid|slug|ref|refs)$"
    r"|(?<=[a-z0-9])(?:Id|ID|Ids|IDs|Uuid|UUID|Guid|Slug|Ref|Refs)$"
)
_NAMES_AN_INSTANCE_ALONE = re.compile(r"(?i)id|ids|uuid|guid|slug|ref")
_NAMES_A_PAGE = re.compile(r"(?i)page(_?(number|no|num|index))?|offset|skip")
_NEEDS_A_REAL_ONE = frozenset(
    (
        *("token", "code", "otp", "pin", "ticket", "signature", "captcha", "challenge", "nonce", "assertion"),
        *("jwt", "secret", "password", "passphrase", "credential", "credentials", "voucher", "coupon"),
        *("license", "invitation", "verifier", "cookie", "hash", "expression", "expr", "cron"),
    )
)
"""The last words of arguments whose right values no schema shows."""
_OF_REAL_ONES = frozenset((400, 401, 403, 409, 422))
"""The statuses that refuse a token or a code that was made up."""
_CHOSEN = ("const", "enum")
_LATER = (InstanceRef, UniqueValue, RelativeTime, Signature, Expression)
_DEEPEST = 3
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def nothing_there(setting: Setting, exchange: Exchange, reached: Container[str]) -> str:
    """Return why an answer shows nothing about its call; empty if it does, or if the catalogue orders the
    refusals. `reached` are the places of operations that have succeeded.
    """
    endpoint, call = exchange.call.endpoint, exchange.call
    if (
        endpoint is None
        or not isinstance(exchange.told, Response)
        or exchange.status not in NOT_THERE | _OF_REAL_ONES | OF_KEY
        or call.authored
        or call.intent in ("absent", "clean")
    ):
        return ""
    if call.raw.target is not None or call.raw.method is not None:
        return ""
    never = exchange.place not in reached
    of_key = never and exchange.status in OF_KEY and _is_about_key(setting, call)
    if not _is_documented(setting, endpoint, exchange.status):  # which is told by itself
        return _say_forbidden(exchange.outcome) if of_key else ""
    if (
        back := _find_brought_back(setting, endpoint, call)
        if exchange.status in NOT_THERE | NOT_PROCESSED
        else ""
    ):
        return (
            f"{endpoint.action.name} brings back what was removed, and the {back} that it was called for is "
            f"there: it was answered {exchange.outcome}"
        )
    asked = never and exchange.status in _OF_REAL_ONES
    if secret := _find_invented_secret(setting, endpoint, call) if asked else "":
        return _say_no_value(endpoint.action, secret, exchange.outcome)
    if exchange.status in NOT_PROCESSED:
        if named := next((str(p.name) for p in list_unfound(setting, exchange) if _repeats(exchange, p)), ""):
            return _say_no_value(endpoint.action, named, exchange.outcome)
        reference = _find_invented_reference(setting, endpoint, exchange)
        return _say_no_reference(endpoint.action, reference, exchange.outcome) if reference else ""
    if exchange.status not in NOT_THERE and not (exchange.status == FORBIDDEN and _may_hide(setting, call)):
        return _say_forbidden(exchange.outcome) if of_key else ""
    points = setting.model.behaviour
    if call.intent == "auth" and points.auth_first is True:
        return ""
    if call.intent in ("invalid", "framework") and points.absent_id_first == "validation":
        return ""
    if name := find_invented_argument(setting, endpoint, call):
        return _say_invented(endpoint, exchange, name)
    if of_key:
        return _say_forbidden(exchange.outcome)
    if exchange.status in NOT_THERE and (later := _find_made_later(setting, endpoint)):
        return f"a {later} is only accepted (202), so it may not be there yet: {exchange.outcome}"
    if exchange.status in NOT_THERE and (part := _find_optional_part(setting, endpoint)):
        return f"`{part}` may be missing where the rest exists: it was answered {exchange.outcome}"
    return ""


def find_full_plan(setting: Setting, exchange: Exchange, reached: Container[str]) -> str:
    """Return why a refusal of a document's create proves nothing of its values; empty if it may.

    A plan may allow no more instances, once some were made.
    """
    endpoint, call = exchange.call.endpoint, exchange.call
    if (
        endpoint is None
        or exchange.status not in OF_PLAN
        or exchange.place not in reached
        or not _is_about_key(setting, call)
        or not _is_documented(setting, endpoint, exchange.status)
        or not any(is_made_by(r, endpoint.action) for r in setting.model.resources.values())
    ):
        return ""
    return f"it was taken before, so the server may allow no more of them: {exchange.outcome}"


def _find_brought_back(setting: Setting, endpoint: Endpoint, call: Call) -> str:
    """Return the kind of instance that a correct call of a document's action would bring back, or nothing."""
    correct = call.intent in ("valid", "explore") and call.role in ("main", "") and not call.twist
    if not setting.model.leaves_open or not correct or not brings_back(endpoint.action):
        return ""
    return next((str(p.refers_to) for p in endpoint.params if _is_obtainable(setting, p)), "")


def _say_made_up(action: Action, name: str) -> Reason:
    """Return why nothing shows the effect of an action: its only calls name instances that do not exist."""
    return Reason(
        f"the value of {name} was made up, and nothing is there: give the action an example "
        f"(`examples: {{one: {{input: {{{name}: VALUE}}}}}}`), or a resource with found_by",
        lines=(_give_example(action, name),),
    )


def _say_invented(endpoint: Endpoint, exchange: Exchange, name: str) -> str:
    """Return why an argument that was made up found nothing; empty for a page that was asked wrongly."""
    call = exchange.call
    if _is_page(endpoint, name):
        asked = call.intent not in ("invalid", "framework") and exchange.status in NOT_THERE
        return (
            f"{name} {call.input[name]} is behind the list: it was answered {exchange.outcome}"
            if asked
            else ""
        )
    return Reason(
        f"{name} is an id that was made up, and was answered {exchange.outcome}: a resource with "
        "found_by or made_by gives a real one",
        lines=(_name_resource(endpoint.action, name),),
    )


def _say_no_reference(action: Action, name: str, outcome: str) -> Reason:
    return Reason(
        f"{name} is an id that was made up, and the call was answered {outcome}: say what it names "
        f"(`refers_to: RESOURCE`), or give the action an example (`examples: {{one: {{input: {{{name}: "
        "VALUE}}}`)",
        lines=(_name_resource(action, name), _give_example(action, name)),
    )


def _say_no_value(action: Action, name: str, outcome: str) -> Reason:
    return Reason(
        f"the value of {name} was made up, and the call was answered {outcome}, as documented: give the "
        f"action an example (`examples: {{one: {{input: {{{name}: VALUE}}}}}}`)",
        lines=(_give_example(action, name),),
    )


def _give_example(action: Action, name: str) -> str:
    return example_at(str(action.name), "one", [*action.required_names, name])


def _name_resource(action: Action, name: str) -> str:
    """Return the lines of the resource whose ids an argument takes, with a call to fill in that makes one."""
    refers = next((p.refers_to for p in action.params if p.name == name), None)
    kind = refers or name.removesuffix("_id")
    made = line_at("resources", kind, "made_by", "action", value="ACTION")
    named = line_at("actions", action.name, "input", name, "refers_to", value=kind)
    return made if refers else f"{named}\n{made}"


def _say_forbidden(outcome: str) -> str:
    return (
        f"it was answered {outcome} and never succeeded: the key or the server's settings do not allow it, "
        "and another key (`--env`) would show it"
    )


def _is_about_key(setting: Setting, call: Call) -> bool:
    """True for a correct call of an operation of which a document alone is known, with its ordinary key."""
    correct = call.intent in ("valid", "explore") and call.role in ("main", "") and not call.twist
    return setting.model.leaves_open and correct


def _may_hide(setting: Setting, call: Call) -> bool:
    """True if a refusal may hide that an id in the path does not exist."""
    in_path = call.endpoint is not None and any(p.place == "path" for p in call.endpoint.params)
    return setting.model.leaves_open and in_path and call.intent != "auth"


def _find_made_later(setting: Setting, endpoint: Endpoint) -> str:
    """Return a resource that a call names and whose create a document answers with 202 (RFC 9110, 15.3.3)."""
    named = (setting.model.resources.get(param.refers_to or "") for param in endpoint.params)
    guessed = (r for r in named if r is not None and r.is_seen_by_guess)
    return next((str(r.name) for r in guessed if begins_by_202([r])), "")


def _find_optional_part(setting: Setting, endpoint: Endpoint) -> str:
    """Return the last step of a path such as `/watch/{id}/favicon`; empty if a right server always finds it.

    A document does not say if its 404 means the instance or this part of it. A list is never missing: it is
    empty. An author's catalogue states every 404 on purpose.
    """
    action = endpoint.action
    above, _, last = action.path.rstrip("/").rpartition("/")
    if not setting.model.leaves_open or action.effect != "read" or "{" in last or "{" not in above:
        return ""
    schemas = [setting.resolve_schema(o.schema) for o in action.outputs if o.schema is not None]
    lists = any(c.action is action for r in list_involved(setting.model, action) for c in r.listed_by)
    return "" if lists or any("array" in types_of(schema) for schema in schemas) else last


def explain_made_up(setting: Setting, exchange: Exchange) -> str:
    """Return why a read with a made-up path value was answered with “not found”; empty for any other
    exchange.
    """
    endpoint, call = exchange.call.endpoint, exchange.call
    if endpoint is None or exchange.status not in NOT_THERE or endpoint.action.effect != "read":
        return ""
    if call.intent not in ("valid", "explore") or call.authored or call.raw.target is not None:
        return ""
    name = find_invented_argument(setting, endpoint, call) or ""
    param = next((p for p in endpoint.params if p.name == name and p.place == "path"), None)
    if param is None:
        return ""
    written = find_keyword(param.schema, "examples", setting.model.schemas) or ()
    return "" if call.input.get(name) in written else _say_made_up(endpoint.action, name)


def list_unfound(setting: Setting, exchange: Exchange) -> list[Param]:
    """Return the placeholders with made-up values of a document's GET that found nothing by them."""
    endpoint, call = exchange.call.endpoint, exchange.call
    refused = exchange.status in NOT_THERE | NOT_PROCESSED and call.intent == "valid"
    if endpoint is None or not refused or not setting.model.leaves_open or call.authored:
        return []
    if endpoint.action.method != "GET" or not endpoint.action.only_reads or call.raw.target is not None:
        return []
    if find_invented_argument(setting, endpoint, call) is None:
        return []
    params = [p for p in endpoint.params if p.place == "path" and not _is_obtainable(setting, p)]
    sure = {name for example in endpoint.action.examples for name in example.input}
    return [
        p
        for p in params
        if not (str(p.name) in sure or _is_enumerated(schema := setting.resolve_schema(p.schema)))
        if not (schema.get("examples") or split_words(str(p.name))[-1] in _NEEDS_A_REAL_ONE)
    ]


def _repeats(exchange: Exchange, param: Param) -> bool:
    """True if a refusal repeats the value of an argument: `Invalid datasource type: x` (Superset 6.1.0)."""
    value = re.escape(str(exchange.call.input.get(str(param.name))))
    return any(re.search(rf"(?<!\w){value}(?!\w)", text) for text in _list_said(exchange.body))


def find_invented_argument(setting: Setting, endpoint: Endpoint, call: Call) -> str | None:
    """Return the first argument of a call whose value may be the id of an instance that does not exist; None
    if there is none.
    """
    known = setting.compute_once(
        ("made up", endpoint.place),
        lambda: (tuple(_naming(setting, endpoint)), template_of(setting.model, endpoint.action)),
    )
    names, template = known
    in_path = {str(p.name) for p in endpoint.params if p.place == "path"}
    authored = _list_authored_arguments(setting, endpoint.action)
    for name in names:
        value = call.input.get(name)
        if value is None and not (name in call.input and name in in_path):  # a path has it as the word null
            continue
        if isinstance(value, _LATER):
            continue
        if name in authored and name in template.input and template.input[name] == value:
            continue
        return str(name)
    return None


def _find_invented_reference(setting: Setting, endpoint: Endpoint, exchange: Exchange) -> str:
    """Return the argument of a correct call that has a made-up id by its name, such as `owner_id` in a body,
    or `destination` if the answer names it.

    It is empty if there is none, or if the author said what the arguments mean.
    """
    call = exchange.call
    if not setting.model.leaves_open or call.intent not in ("valid", "explore"):
        return ""
    told = {plain_word(word) for text in _list_said(exchange.body) for word in _WORD.findall(text)}
    for param in endpoint.params:
        name, schema = str(param.name), setting.resolve_schema(param.schema)
        value = call.input.get(name)
        if value is None or param.place == "path":
            continue
        named = _is_name(name) or (plain_word(name) in told and _may_be_role(setting, exchange, name))
        if isinstance(value, _LATER):
            if not (named and _is_guessed_text(setting, endpoint.action, name, value)):
                continue
        elif not (named or _is_noun(setting, name)):
            continue
        if value in schema.get("examples", ()) or _is_enumerated(schema) or _is_obtainable(setting, param):
            continue
        if name != endpoint.action.idempotency:
            return name
    return ""


def _may_be_role(setting: Setting, exchange: Exchange, name: str) -> bool:
    """True if an argument may name what others have, such as `assignee`."""
    endpoint = exchange.call.endpoint
    assert endpoint is not None
    reaching = setting.find_reaching(endpoint.action, {**exchange.input, name: "x"})
    return any(one.words and one.path[0] == name for one in reaching)


def _list_said(body: Any) -> Iterator[str]:
    """Yield the texts of a refusal, without what it repeats of the call, as Pydantic's `input`."""
    if isinstance(body, str):
        yield body
    for key, inner in body.items() if isinstance(body, Mapping) else ():
        if key != "input":
            yield from (str(key), *_list_said(inner))
    for inner in body if isinstance(body, list) else ():
        yield from _list_said(inner)


def _is_guessed_text(setting: Setting, action: Action, name: str, value: Any) -> bool:
    """True if a create that was inferred, and not its author, fills an argument with a fresh text."""
    calls = [r.made_by for r in setting.model.resources.values() if is_made_by(r, action)]
    guessed = any(call is not None and call.inferred and name in call.input for call in calls)
    return guessed and isinstance(value, Expression) and value.names == {"fresh"}


def _find_invented_secret(setting: Setting, endpoint: Endpoint, call: Call) -> str:
    """Return the argument of a correct call whose value is a made-up token, code or expression, by its name.

    It is empty if there is none, or if the author or an example gives a value.
    """
    if not setting.model.leaves_open or call.intent not in ("valid", "explore"):
        return ""
    shown = {name for example in endpoint.action.examples for name in example.input}
    authored = _list_authored_arguments(setting, endpoint.action)
    for param in endpoint.params:
        name, schema = str(param.name), setting.resolve_schema(param.schema)
        value, words = call.input.get(name), split_words(name)
        if value is None or isinstance(value, (InstanceRef, RelativeTime, Signature)) or name in shown:
            continue
        if not words or words[-1] not in _NEEDS_A_REAL_ONE or "string" not in types_of(schema):
            continue
        written = name in authored and not isinstance(value, Expression)
        if not (
            written or _is_enumerated(schema) or schema.get("examples") or _is_obtainable(setting, param)
        ):
            return name
    return ""


def _is_documented(setting: Setting, endpoint: Endpoint, status: int) -> bool:
    return any(code.status == status for code in (*endpoint.action.errors, *setting.model.always()))


def _naming(setting: Setting, endpoint: Endpoint) -> Iterator[str]:
    """Yield the arguments that may name an instance and for which the run has no id.

    If the action has no path parameter and no reference, that is every argument that the run cannot look up.
    """
    params = [p for p in endpoint.params if str(p.name) != endpoint.action.idempotency]
    free = [p for p in params if not _is_obtainable(setting, p)]
    said = any(p.place == "path" or p.refers_to for p in params)
    for param in free:
        schema = setting.resolve_schema(param.schema)
        if _is_enumerated(schema):
            continue
        if (
            param.place == "path"
            or param.refers_to
            or not said
            or _is_name(str(param.name))
            or _inside(setting, schema)
        ):
            yield str(param.name)


def _is_obtainable(setting: Setting, param: Param) -> bool:
    resource = setting.model.resources.get(param.refers_to or "")
    return resource is not None and any((resource.made_by, resource.found_by, resource.given))


def _is_enumerated(schema: Mapping[str, Any]) -> bool:
    return any(word in schema for word in _CHOSEN) or types_of(schema) == ("boolean",)


def _is_page(endpoint: Endpoint, name: str) -> bool:
    """True if an argument of a read is the number of a page, by its name."""
    return endpoint.action.effect == "read" and _NAMES_A_PAGE.fullmatch(name) is not None


def _is_name(name: str) -> bool:
    return bool(_NAMES_AN_INSTANCE.search(name) or _NAMES_AN_INSTANCE_ALONE.fullmatch(name))


def _is_noun(setting: Setting, name: str) -> bool:
    """True if an argument is named like the instances of a collection in a path: `project` or `project_name`
    beside `/projects`.
    """

    def list_nouns() -> frozenset[str]:
        segments = (part for a in setting.model.actions for part in str(a.path).split("/"))
        return frozenset(plain_word(singular(part)) for part in segments if part and "{" not in part)

    nouns = setting.compute_once(("nouns of paths",), list_nouns)
    return plain_word(name) in nouns or plain_word(name).removesuffix("name") in nouns


def _inside(setting: Setting, schema: Mapping[str, Any], depth: int = 0) -> bool:
    """Return whether a member of an object, or an item of a list, names an instance."""
    if schema.get("format") == "uuid":
        return True
    if depth >= _DEEPEST:
        return False
    members = [
        (str(n), setting.resolve_schema(s))
        for n, s in schema.get("properties", {}).items()
        if isinstance(s, Mapping)
    ]
    items = schema.get("items")
    deeper = [
        *(s for _, s in members),
        *([setting.resolve_schema(items)] if isinstance(items, Mapping) else []),
    ]
    return any(_is_name(n) and not _is_enumerated(s) for n, s in members) or any(
        _inside(setting, s, depth + 1) for s in deeper
    )


def _list_authored_arguments(setting: Setting, action: Action) -> frozenset[str]:
    """Return the arguments that the catalogue itself fills in where it says how resources are made, read,
    moved or undone.
    """

    def collect_arguments() -> frozenset[str]:
        found: set[str] = set()
        for resource in setting.model.resources.values():
            for call in (
                resource.made_by,
                resource.found_by,
                resource.undone_by,
                *resource.read_by,
                *resource.listed_by,
                *resource.moves,
            ):
                if call is not None and call.action is action:
                    found |= {str(name) for name in call.input}
        return frozenset(found)

    return setting.compute_once(("authored", action.name), collect_arguments)
