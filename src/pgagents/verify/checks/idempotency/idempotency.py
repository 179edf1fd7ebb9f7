"""An idempotency key has one effect: repeated calls change nothing more, even if they are sent at the same
time.

Another call or action cannot reuse the key. Another project can, and so can another API key, if the catalogue
says that idempotency keys belong to one API key. Keys are compared by every character, so each probe's key
differs from the last used one as little as possible.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from string import ascii_letters
from typing import Any

from pgagents.catalogue.model.resource import Move
from pgagents.report.contract import Contract, Rank
from pgagents.verify.answers.replay import (
    explain_key_expiry,
    is_key_conflict,
    is_mismatch,
    judge_mismatch,
    judge_race,
    judge_replay,
    undo_first_call,
    void,
)
from pgagents.verify.cases.argument_values import around_names, free_text
from pgagents.verify.cases.boundary import boundary_values
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.fixtures.target import target_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import high, low, types_of
from pgagents.verify.wire.call import Call, Concurrent, GetNote, UniqueValue
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "idempotency"
USED = f"{NAME}/used"
"""The note of the last key that a call of any check has used up, and of the time."""
CONFLICT = 409


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each endpoint with a key: replay, race, and nearly equal keys.

    Where it is possible, yield contracts about another body, project, action and API key, too.
    """
    for endpoint in _endpoints(setting):
        origin = (*endpoint.action.origin, "idempotency")
        for detail, says in _details(setting, endpoint):
            at = ("idempotency", "of") if detail == "other_key" else origin
            yield promise(NAME, detail, endpoint, says, at, endpoint.action.cite)


def _details(setting: Setting, endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    name = endpoint.action.name
    yield "replay", f"{name} repeated with its idempotency key has no second effect"
    yield "race", f"{name} twice at the same time with one idempotency key has one effect"
    if list_changeable_arguments(setting, endpoint):
        yield "mismatch", f"{name} refuses a used idempotency key with another body"
    says = (
        "takes an idempotency key that differs from a used one in its case or its last character for another"
    )
    yield "apart", f"{name} {says}"
    if suits_other_project(setting, endpoint):
        yield "other_project", f"an idempotency key of {name} belongs to one project"
    if find_other_action(setting, endpoint) is not None:
        yield "other_action", f"an idempotency key that {name} has used is refused to another action"
    if find_other_key_role(setting, endpoint) is not None:
        yield "other_key", f"an idempotency key of {name} belongs to one API key"


def _endpoints(setting: Setting) -> Iterator[Endpoint]:
    for endpoint in setting.endpoints:
        if endpoint.action.idempotency:
            yield endpoint


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each endpoint with a key.

    It sends two calls with one key at the same time, repeats the call, and changes its body. Then it uses the
    key for another action, project and API key.
    """
    chain = KeyChain()
    for endpoint in _endpoints(setting):
        place = endpoint.place
        reuse = [
            f"{NAME}/replay/{place}",
            f"{NAME}/race/{place}",
            *([f"{NAME}/mismatch/{place}"] if list_changeable_arguments(setting, endpoint) else []),
        ]
        shown = (f"valid_calls/low/{place}", f"valid_calls/values/{place}")
        other = f"{NAME}/other_project/{place}" if suits_other_project(setting, endpoint) else ""
        here = other if "second" in roles else ""
        moves = f"{NAME}/other_action/{place}" if find_other_action(setting, endpoint) else ""
        sibling = f"{NAME}/other_key/{place}" if find_other_key_role(setting, endpoint) else ""
        also = sibling if find_other_key_role(setting, endpoint) in roles else ""
        covers = (*reuse, f"{NAME}/apart/{place}", *(id for id in (here, moves, also) if id))
        run = partial(_reuse, setting, endpoint, tuple(reuse), chain, here, moves, also)
        cost = len(covers) + max(1, len(list_changeable_arguments(setting, endpoint)))
        yield Probe(reuse[0], 4, covers, cost, run, (endpoint,), "main", True, shows=shown)
        if other and not here:
            yield Probe(other, 4, (other,), 5, run, (endpoint,), "second", True)
        if sibling and not also:
            yield Probe(
                sibling, 4, (sibling,), 5, run, (endpoint,), str(find_other_key_role(setting, endpoint)), True
            )


def _repeat_call(
    setting: Setting, endpoint: Endpoint, covers: tuple[str, ...], first: Exchange
) -> Conversation:
    """Make the first call again; then, if there is a contract about it, with the same key and another
    body.
    """
    template = template_of(setting.model, endpoint.action)
    second: Exchange = yield ordinary(
        endpoint, template, "replay", "the same call again", input=dict(first.input), made=first.subject
    )
    yield from judge_replay(setting, endpoint, covers[0], first, second)
    for name in list_changeable_arguments(setting, endpoint) if len(covers) > 2 else ():
        given = {**first.input, name: choose_other_value(setting, endpoint, name, first)}
        why = f"the same key with another {name}"
        third: Exchange = yield ordinary(endpoint, template, "replay", why, input=given, made=first.subject)
        expected = "another body with a used key is refused"
        yield from judge_mismatch(setting, endpoint, covers[2], first, third, expected)


def _reuse(
    setting: Setting,
    endpoint: Endpoint,
    covers: tuple[str, ...],
    chain: KeyChain,
    other_project: str,
    other_action: str,
    other_key: str,
) -> Conversation:
    apart = f"{NAME}/apart/{endpoint.place}"
    name = str(endpoint.action.idempotency)
    if not chain.keys and (used := (yield GetNote(USED))) is not None:
        chain.note_key(*used)
    near = chain.following(setting, endpoint)
    pair, key = yield from _together(setting, endpoint, near)
    first = next((exchange for exchange in pair if exchange.success), pair[0])
    if key == near and all(is_key_conflict(setting, endpoint, exchange) for exchange in pair):
        pair, key = yield from _together(setting, endpoint, None)
        first = next((exchange for exchange in pair if exchange.success), pair[0])
        if first.success:  # the key may be the reason for the refusal: try the call alone
            yield from _nearly(setting, endpoint, apart, chain)
    elif key == near and first.success and not explain_key_expiry(setting, chain.used_at, first):
        yield judge_kept(apart)
    else:
        near = None
    if not first.success:
        for contract in (*covers, *(id for id in (other_project, other_action, other_key) if id)):
            yield judge_untested(contract, f"the first call was answered {first.outcome}")
        return
    chain.note_key(first.input[name], first.sent_at)  # before anything that may end the conversation
    yield from judge_race(setting, endpoint, covers[1], pair)
    if other_action:
        yield from _otherwise(setting, endpoint, other_action, first)
    yield from undo_first_call(setting, endpoint, first)
    yield from _repeat_call(setting, endpoint, covers, first)
    if other_project:
        yield from _elsewhere(setting, endpoint, other_project, first, key, "second", "another project")
    if other_key:
        yield from _elsewhere(
            setting,
            endpoint,
            other_key,
            first,
            key,
            str(find_other_key_role(setting, endpoint)),
            "another API key",
        )
    if near is None:
        yield from _nearly(setting, endpoint, apart, chain)


def _together(
    setting: Setting, endpoint: Endpoint, near: str | None
) -> Generator[Any, Any, tuple[list[Exchange], Any]]:
    """Send two calls with one key at the same time; return both exchanges and the key.

    The key is `near`, or a new one. Boundary values are tried first. A refusal for another reason may have
    used up the key, so the next try takes a new one.
    """
    template = template_of(setting.model, endpoint.action)
    pair: list[Exchange] = []
    key: Any = near
    for given in list_inputs(setting, endpoint, "low"):
        if near is None or not all(is_key_conflict(setting, endpoint, exchange) for exchange in pair):
            key = UniqueValue(once=True)
        given = {**given, str(endpoint.action.idempotency): key}
        call = ordinary(
            endpoint, template, "valid", "two calls at once with one idempotency key", input=given, fresh=True
        )
        pair = yield Concurrent((call, call))
        if pair[0].void or any(exchange.success for exchange in pair):
            break
    return pair, key


def _nearly(setting: Setting, endpoint: Endpoint, contract: str, chain: KeyChain) -> Conversation:
    """Judge a key that nearly equals the last used one, if that could not be judged before."""
    near = chain.following(setting, endpoint)
    if near is None:
        yield judge_untested(contract, "the schema allows no key that is nearly another")
        return
    template = template_of(setting.model, endpoint.action)
    given = {**template.input, str(endpoint.action.idempotency): near}
    exchange: Exchange = yield ordinary(
        endpoint, template, "valid", "a key that is nearly one that was used", input=given, fresh=True
    )
    if void(exchange):
        return
    if exchange.success:
        late = explain_key_expiry(setting, chain.used_at, exchange)
        chain.note_key(near, exchange.sent_at)
        yield judge_untested(contract, late) if late else judge_kept(contract)
    elif is_key_conflict(setting, endpoint, exchange):
        fresh = {
            **exchange.input,
            str(endpoint.action.idempotency): UniqueValue(),
        }  # at the same place, which may have no capacity left
        control: Exchange = yield ordinary(
            endpoint, template, "valid", "the same with a key that is like none", input=fresh, fresh=True
        )
        if control.success:
            yield judge_broken(contract, chain.says, exchange.outcome)
        else:
            yield judge_untested(contract, f"a key that is like none is refused too: {control.outcome}")
    else:
        yield judge_untested(contract, f"refused otherwise: {exchange.outcome}")


def _otherwise(setting: Setting, endpoint: Endpoint, contract: str, first: Exchange) -> Conversation:
    """Judge the use of the key for another action, on the instance that was made with it."""
    found, makes = find_other_action(setting, endpoint), template_of(setting.model, endpoint.action).makes
    assert found is not None
    assert makes is not None
    made = at_path(makes.made_by, first) if makes.made_by and makes.made_by.at else None
    rest, move = found
    if not isinstance(made, Mapping):
        yield judge_untested(contract, f"the answer holds no {makes.name}")
        return
    for other in (*_elsewhere_too(setting, rest), rest):
        given = {**move.input, str(other.action.idempotency): first.input[str(endpoint.action.idempotency)]}
        why = f"a key that {endpoint.action.name} has used"
        exchange: Exchange = yield Call(other, given, "replay", why, subject=makes, made=made)
        if exchange.success or is_mismatch(setting, other, exchange):
            break
    expected = f"{CONFLICT}: the key was used by {endpoint.action.name}"
    yield from judge_mismatch(setting, other, contract, first, exchange, expected)


def _elsewhere_too(setting: Setting, endpoint: Endpoint) -> list[Endpoint]:
    """Return the endpoint of the same action through a dispatcher, as a list of at most one.

    Keys are shared by all surfaces.
    """
    return [d for d in setting.endpoints if d.dispatcher is not None and d.action is endpoint.action][:1]


def _elsewhere(
    setting: Setting, endpoint: Endpoint, contract: str, first: Exchange, key: Any, role: str, whose: str
) -> Conversation:
    template = template_of(setting.model, endpoint.action)
    given = {**template.input, str(endpoint.action.idempotency): key}
    why = f"the same idempotency key of {whose}"
    exchange: Exchange = yield ordinary(
        endpoint, template, "valid", why, input=given, role=role, owner=role, fresh=True
    )
    if void(exchange):
        return
    if not exchange.success:  # because of the key, or because the place has no capacity
        given = {
            **{name: exchange.input[name] for name in given if name in exchange.input},
            str(endpoint.action.idempotency): UniqueValue(),
        }
        other: Exchange = yield ordinary(
            endpoint,
            template,
            "valid",
            f"another key of {whose}",
            input=given,
            role=role,
            owner=role,
            fresh=True,
        )
        if not other.success:
            yield judge_untested(contract, f"a new key of {whose} was answered {other.outcome} as well")
            return
    late = explain_key_expiry(setting, first.sent_at, exchange)
    if exchange.success:
        yield judge_untested(contract, late) if late else judge_kept(contract)
    else:
        yield judge_broken(contract, f"{whose}'s use of the same key is accepted", exchange.outcome)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Note the last key that was used up."""
    endpoint = exchange.call.endpoint
    key = (
        exchange.input.get(str(endpoint.action.idempotency))
        if endpoint is not None and endpoint.action.idempotency
        else None
    )
    if isinstance(key, str) and exchange.success and exchange.call.role == "main":
        memory.notes[USED] = (key, exchange.sent_at)
    yield from ()


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
    calls_correctly=True,
    self_contained=True,
    rank=Rank.WRONG,
)


# -- keys that each differ little from the key before


KINDS = ("case", "longer", "tail", "case", "tail")
"""The way in which each key differs from the key before, in turn.

`longer` makes a key of the greatest length, so that `tail` reveals truncation.
"""
LONGEST = 64
"""Length (characters) of the longest key, if the schema sets no maximum; four times that at most."""


@dataclass(slots=True)
class KeyChain:
    """The keys used so far. It makes the next key by a small change of the last one."""

    keys: list[str] = field(default_factory=list)
    kind: str = ""
    used_at: float = 0.0
    """The time of the last key's use, in epoch seconds by the server's clock."""

    @property
    def says(self) -> str:
        """Describe the expected answer to a call with the next key."""
        return f"a key that is nearly one that was used ({self.kind}) is another key"

    def following(self, setting: Setting, endpoint: Endpoint) -> str | None:
        """Return a key that nearly equals the last one; None if there is no last one, or if the schema allows
        no such key.
        """
        param = endpoint.action.param(str(endpoint.action.idempotency))
        if not self.keys or param is None:
            return None
        last = self.keys[-1]
        longest = min(int(setting.resolve_schema(param.schema).get("maxLength", LONGEST)), 4 * LONGEST)
        tail = next((other for end in ascii_letters if (other := last[:-1] + end) not in self.keys), last)
        near = {"case": last.swapcase(), "longer": last.ljust(longest, "a"), "tail": tail}
        test = setting.test_argument(endpoint, param)
        for index in range(len(KINDS)):
            self.kind = KINDS[(len(self.keys) + index) % len(KINDS)]
            if near[self.kind] not in self.keys and test.is_valid(near[self.kind]):
                return near[self.kind]
        return None

    def note_key(self, key: Any, at: float) -> None:
        """Remember a key and the time of its use (epoch seconds)."""
        self.keys.append(str(key))
        self.used_at = at


# -- the same key with another body, action, project or API key


def suits_other_project(setting: Setting, endpoint: Endpoint) -> bool:
    """True if another project can use the key: the call makes an instance, and needs none."""
    template = template_of(setting.model, endpoint.action)
    return (
        template.makes is not None
        and template.subject is None
        and setting.model.auth.roles.get("second") is not None
    )


def find_other_action(setting: Setting, endpoint: Endpoint) -> tuple[Endpoint, Move] | None:
    """Return another REST action with a key that changes the made instance, with its transition; None without
    one.
    """
    makes = template_of(setting.model, endpoint.action).makes
    for move in (
        makes.moves if makes is not None and endpoint.leads and suits_other_project(setting, endpoint) else ()
    ):
        other = setting.find_lead(str(move.action.name))
        if (
            other is not None
            and move.action.idempotency
            and move.input
            and makes is not None
            and makes.initial in move.origin_states
        ):
            return other, move
    return None


def find_other_key_role(setting: Setting, endpoint: Endpoint) -> str | None:
    """Return a role with another API key of the main project, if idempotency keys belong to one API key; else
    None.
    """
    told, roles = setting.model.idempotency, setting.model.auth.roles
    main = roles.get("main")
    if main is None or told is None or told.of != "key" or find_other_action(setting, endpoint) is None:
        return None
    alike = (
        r
        for r, role in roles.items()
        if r != "main" and role.plan == main.plan and not (role.revoked or role.operator or role.group)
    )
    return next((r for r in alike if (roles[r].project, roles[r].mode) == (main.project, main.mode)), None)


def list_changeable_arguments(setting: Setting, endpoint: Endpoint) -> list[str]:
    """Return arguments that can be changed in a valid call: a number, and an enum or a free text.

    Codes of the instance are left out.
    """
    target, found = target_of(setting, endpoint.action), dict[str, str]()
    codes = {str(param.name) for param, _ in target.also} if target is not None else set()
    for param in endpoint.params:
        schema = setting.resolve_schema(param.schema)
        name, kinds = str(param.name), set(types_of(schema))
        if param.refers_to or name in (*around_names(setting), *codes, endpoint.action.idempotency):
            continue
        if {"number", "integer"} & kinds:
            found.setdefault("number", name)
        elif param.place == "body" and param.file is None and len(_list_choices(schema)) > 1:
            found.setdefault("choice", name)
        elif param.place == "body" and param.file is None and free_text(setting, param.schema):
            found.setdefault("text", name)
    words = [found[kind] for kind in ("choice", "text") if kind in found]
    return [*(found[kind] for kind in ("number",) if kind in found), *words[:1]]


def _list_choices(schema: Mapping[str, Any]) -> list[Any]:
    """Return the texts of an enum; empty for other schemas."""
    return [value for value in schema.get("enum", ()) if isinstance(value, str)]


def list_inputs(setting: Setting, endpoint: Endpoint, edge: str) -> list[Mapping[str, Any]]:
    """Return the arguments of a boundary case, then ordinary ones in case it is refused.

    So the call tests the boundary case, too.
    """
    plain = template_of(setting.model, endpoint.action).input
    return [
        *(given for name, given, _ in boundary_values(setting, endpoint) if name == edge and given != plain),
        plain,
    ]


def choose_other_value(setting: Setting, endpoint: Endpoint, name: str, first: Exchange) -> Any:
    """Return a value of an argument that differs from the call's value."""
    param = endpoint.action.param(name)
    assert param is not None
    edges = [choose(param.schema, setting.model.schemas) for choose in (high, low)]
    values = [*_list_choices(setting.resolve_schema(param.schema)), *edges]
    return next((value for value in values if value != first.input.get(name)), edges[0])
