"""Call a running server's tools by the definitions that stores have approved.

A tool's arguments are those of its approved input schema. Where the catalogue has an argument of that name,
the value is the run's own, so that ids exist. Else the approved schema itself gives one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from pgagents.base.jsonschema.schema import foreign_validator
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.generate.actions import index_actions
from pgagents.submit.approved import find_schema_problem
from pgagents.verify.fixtures.request_template import RequestTemplate, find_refusal, ordinary, template_of
from pgagents.verify.promise import Probe
from pgagents.verify.setting import Setting
from pgagents.verify.tools import ToolArguments, inline_references
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.endpoint import MCP, Endpoint
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_messages import error_of, result_of, text_of

WHY = "a call that a store has approved"
MOST_READS, MOST_WRITES = 16, 6
"""Most calls of one tool that reads, and of one that writes."""
REQUESTS_PER_TOOL = 60
"""Most requests for one tool, with those that make and remove what it needs."""
MOST_WORDS, MOST_SHOWN = 160, 200
INVALID = (400, 422)
GIVING = frozenset(("enum", "const", "default", "examples"))
"""The keywords of a schema that give values which a server knows."""
FAILED = 500
Kind = Literal["taken", "refused", "other answer", "failed", "not shown"]


@dataclass(frozen=True, slots=True)
class ApprovedCall:
    """One call by an approved definition, and what the server made of it.

    | `kind` | the server |
    |---|---|
    | `taken` | answers as approved |
    | `refused` | refuses the arguments, although the approved schema allows them |
    | `other answer` | answers what the approved output schema does not allow |
    | `failed` | fails: a 5xx, or an error of the protocol |
    | `not shown` | refuses for a reason that is not in the arguments' form, or does not answer |

    `breaks` is true if the arguments do not fit the input schema that the server lists now. `arguments` is
    JSON without secrets, `words` what the server said. `member` is the argument by which the call differs
    from the usual one, or the wrong member of the answer.
    """

    tool: str
    kind: Kind
    arguments: str
    words: str = ""
    member: str = ""
    breaks: bool = False


@dataclass(slots=True)
class ApprovedCalls:
    """A companion of a run: calls each approved tool. `approved` and `listed` are definitions by name.

    `witnesses` are arguments by tool that an approved schema allows and the listed one does not.
    """

    approved: Mapping[str, Mapping[str, Any]]
    listed: Mapping[str, Mapping[str, Any]]
    witnesses: Mapping[str, Mapping[str, Any]]
    model: Model
    calls: list[ApprovedCall] = field(default_factory=list)
    untried: dict[str, str] = field(default_factory=dict)
    """The reasons for tools whose calls, or the last of them, could not be made, by name."""
    _redact: Callable[[str], str] = field(default=str)

    @property
    def most_requests(self) -> int:
        """The number of requests that its probes may take beyond the plan's."""
        return REQUESTS_PER_TOOL * len(self.approved)

    def begin(self, redact: Callable[[str], str]) -> None:
        """Receive the function that masks secrets in a text."""
        self._redact = redact

    def note(self, exchange: Exchange) -> None:
        """Receive an exchange of the run; only its own calls matter, whose probes get them."""

    def list_probes(self, setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
        """Yield a probe for each approved tool of an action, and another one if nothing of it was sent."""
        del roles
        surface = setting.model.surfaces.get(MCP)
        actions = index_actions(surface) if surface is not None else {}
        for name in self.approved:
            action = actions.get(name)
            endpoint = setting.endpoint(str(action.name), MCP) if action is not None else None
            listed = self.listed.get(name)
            if endpoint is None or listed is None or find_schema_problem(listed):
                continue
            before = len(self.calls)
            for known in (True, False):  # the ids of the run's own instances, else those of examples
                if len(self.calls) == before:
                    yield self._make_probe(setting, endpoint, name, known=known)

    def _make_probe(self, setting: Setting, endpoint: Endpoint, name: str, *, known: bool) -> Probe:
        inputs = Inputs(setting, endpoint, self.approved[name])
        writes = endpoint.action.effect == "write"
        chosen = inputs.list_all(self.witnesses.get(name), known=known)[
            : MOST_WRITES if writes else MOST_READS
        ]
        run = partial(self._converse, endpoint, inputs.template, name, chosen)
        label = f"approved/{name}{'' if known else ' by examples'}/{endpoint.place}"
        tell = partial(self.untried.__setitem__, name)
        return Probe(label, 9, (), len(chosen), run, (endpoint,), "main", writes, tell=tell)

    def _converse(
        self, endpoint: Endpoint, template: RequestTemplate, name: str, chosen: list[Input]
    ) -> None:
        """Make the calls. If the one with all arguments is taken, those with one argument more are left
        out.
        """
        writes = endpoint.action.effect == "write"
        whole = False
        for one in chosen:
            if one.alone and whole:
                continue
            keyed = str(endpoint.action.idempotency) in one.values
            call = ordinary(endpoint, template, "explore", WHY, input=one.values, fresh=writes, keyed=keyed)
            exchange = ask(call)
            if one.whole and exchange.refused and not exchange.void:
                continue  # its arguments may exclude each other; each is sent alone next
            whole = whole or (one.whole and exchange.success)
            self.calls.append(self._judge(endpoint.action, name, one, exchange))

    def _judge(self, action: Action, name: str, one: Input, exchange: Exchange) -> ApprovedCall:
        surface = exchange.call.endpoint.tools if exchange.call.endpoint is not None else None
        sent = surface.rename(action, exchange.input) if surface is not None else exchange.input
        sent = {key: value for key, value in sent.items() if key in one.names}
        text = self._redact(json.dumps(sent, ensure_ascii=False, default=str))[:MOST_SHOWN]
        listed = self.listed[name]["inputSchema"]
        breaks = not foreign_validator(listed).is_valid(sent)
        kind, words, member = self._read(action, name, exchange, sent)
        if kind == "refused" and not one.sound:
            kind, words = "not shown", f"the server refuses a value that nobody gives: {words}"
        member = member or (find_member(sent, listed) if breaks else "")
        words = self._redact(" ".join(words.split()))[:MOST_WORDS]
        return ApprovedCall(name, kind, text, words, member or one.member, breaks)

    def _read(
        self, action: Action, name: str, exchange: Exchange, sent: Mapping[str, Any]
    ) -> tuple[Kind, str, str]:
        """Return what the server made of a call, its words, and the wrong member of the answer."""
        if exchange.void:
            return "not shown", exchange.moot or exchange.outcome, ""
        result = result_of(exchange.answer)
        if exchange.success and result is not None:
            member, problem = find_misfit(self.approved[name], result)
            return ("other answer", problem, member) if problem else ("taken", "", "")
        words = text_of(result) if result is not None else exchange.outcome
        if exchange.status >= FAILED or exchange.success:
            return "failed", words or exchange.outcome, ""
        if find_refusal(action, sent) is not None or not is_about_form(self.model, action, exchange):
            return "not shown", f"the server refuses what the arguments name: {exchange.outcome}", ""
        return "refused", words or exchange.outcome, ""


def is_about_form(model: Model, action: Action, exchange: Exchange) -> bool:
    """True if a refusal is about the arguments' names, types or bounds, and not about what they name."""
    code = exchange.codes.get(exchange.code or "")
    if error_of(exchange.answer) is not None or code is None:
        return exchange.status in INVALID
    of_form = [model.invalid_in(action), model.refusal_of(action, None, "additionalProperties")]
    for param in action.params:
        of_form += [model.refusal_of(action, param, keyword) for keyword in ("type", "enum")]
        of_form.append(model.refusal_of(action, param, "required", absent=True))
    return any(code is one for one in of_form)


def find_misfit(tool: Mapping[str, Any], result: Mapping[str, Any]) -> tuple[str, str]:
    """Return the member of a result that its approved schema does not allow, and why; empty if all fits."""
    if "outputSchema" not in tool:
        return "", ""
    if "structuredContent" not in result:
        return "structuredContent", "the result has no structuredContent"
    error = next(iter(foreign_validator(tool["outputSchema"]).iter_errors(result["structuredContent"])), None)
    if error is None:
        return "", ""
    return ".".join(map(str, error.instance_path)) or "structuredContent", str(error.message)


def find_member(arguments: Any, schema: Mapping[str, Any]) -> str:
    """Return the argument because of which a schema refuses arguments; empty if no single one is it."""
    if not isinstance(arguments, Mapping):
        return ""
    members, required = schema.get("properties"), schema.get("required")
    known = members if isinstance(members, Mapping) else {}
    if schema.get("additionalProperties") is False:
        for name in arguments:
            if name not in known:
                return str(name)
    for name in required if isinstance(required, list) else ():
        if name not in arguments:
            return str(name)
    try:
        error = next(iter(foreign_validator(schema).iter_errors(dict(arguments))), None)
    except ValueError:
        return ""
    return str(error.instance_path[0]) if error is not None and error.instance_path else ""


# -- the arguments of one tool


@dataclass(frozen=True, slots=True)
class Input:
    """Arguments of one call under the catalogue's names; `names` are those of the approved schema.

    `member` is the argument by which the call differs from the usual one. `whole` marks the call with every
    argument, and `alone` one whose difference that call has too. `sound` is false if a value was made up, so
    that the server may know nothing of it.
    """

    values: Mapping[str, Any]
    names: frozenset[str]
    member: str = ""
    whole: bool = False
    alone: bool = False
    sound: bool = True


class Inputs:
    """Chooses the arguments of one tool by a definition that may be another one than the catalogue's."""

    def __init__(self, setting: Setting, endpoint: Endpoint, tool: Mapping[str, Any]) -> None:
        self.endpoint, self.template = endpoint, template_of(setting.model, endpoint.action)
        self._schema = inline_references(tool["inputSchema"])
        members = self._schema.get("properties")
        self._members: Mapping[str, Any] = members if isinstance(members, Mapping) else {}
        wanted = self._schema.get("required")
        self._required = [n for n in wanted if isinstance(n, str)] if isinstance(wanted, list) else []
        maker = ToolArguments(tool["inputSchema"])
        self._own = {**(maker.make_whole() or {}), **(maker.make_ordinary() or {})}
        self._names = {name: next(iter(self.restore({name: None}))) for name in self._members}
        """The catalogue's name of each approved argument."""
        self.given: set[str] = set()
        """The arguments whose values somebody gives: the catalogue, or the approved schema."""

    def restore(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments under the catalogue's names."""
        surface = self.endpoint.tools
        return dict(arguments) if surface is None else surface.restore(self.endpoint.action, arguments)

    def list_all(self, witness: Mapping[str, Any] | None, *, known: bool) -> list[Input]:
        """Return the arguments of the calls, the usual ones first. Without `known`, ids are those of
        examples.
        """
        values = {name: self.choose(name, known=known) for name in self._members}
        usual = {
            n: v for n, v in values.items() if n in self._required or self._names[n] in self.template.input
        }
        least = {name: values[name] for name in self._required if name in values}
        free = not self.endpoint.action.either  # else a call may need one of several optional arguments
        several = [self._make(usual)]
        if witness is not None:
            several += self._follow(witness, values)
        if free and least != usual:
            several.append(self._make(least))
        for name, part in self._members.items():
            listed = part.get("enum") if isinstance(part, Mapping) else None
            for value in listed if isinstance(listed, list) else ():
                if value != usual.get(name):
                    several.append(self._make({**usual, name: value}, member=name))
        if free and values != usual:
            several.append(self._make(values, whole=True))
        others = [name for name in self._members if name not in usual] if free else []
        several += [self._make({**usual, name: values[name]}, member=name, alone=True) for name in others]
        known_inputs: list[Input] = []
        for one in several:
            if all(one.values != earlier.values for earlier in known_inputs):
                known_inputs.append(one)
        return known_inputs

    def _follow(self, witness: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[Input]:
        """Yield the witness with ids that exist, then as it is."""
        named = {n: values[n] for n in witness if n in values and self._refers(n)}
        member = next((n for n in witness if n not in self._required), "")
        yield self._make({**witness, **named}, member=member)
        yield self._make(witness, member=member)

    def _refers(self, name: str) -> bool:
        param = self.endpoint.action.param(self._names[name])
        return param is not None and param.refers_to is not None

    def _make(self, values: Mapping[str, Any], **more: Any) -> Input:
        sound = self.given.issuperset(values)
        return Input(self.restore(values), frozenset(values), sound=sound, **more)

    def choose(self, name: str, *, known: bool) -> Any:
        """Return the value of an approved argument: that of the catalogue's own call if the schema allows it,
        else one that the schema gives. Note whether somebody gives it.
        """
        own, part = self._names[name], self._members[name]
        if known:
            there = own if self.endpoint.action.param(own) is not None else self._guess(name)
            value = self.template.input.get(there)
        else:
            value = self._find_example(own)
        if value is not None and (
            not isinstance(value, str | int | float | list | dict) or _fits(part, value)
        ):
            self.given.add(name)
            return value
        if isinstance(part, Mapping) and (part.get("type") == "boolean" or part.keys() & GIVING):
            self.given.add(name)
        return self._own.get(name, "1")

    def _guess(self, name: str) -> str:
        """Return the catalogue's argument that an approved one may be called now: of its type, and not
        approved under its own name.
        """
        kinds = self._members[name].get("type") if isinstance(self._members[name], Mapping) else None
        taken = set(self._names.values())
        for param in self.endpoint.params:
            if str(param.name) not in taken and param.schema.get("type") == kinds:
                return str(param.name)
        return name

    def _find_example(self, name: str) -> Any:
        examples = (e.input for e in self.endpoint.action.examples if e.status < 300)
        return next((given[name] for given in examples if name in given), None)


def _fits(schema: Any, value: Any) -> bool:
    try:
        return isinstance(schema, Mapping) and bool(foreign_validator(schema).is_valid(value))
    except ValueError:
        return False
