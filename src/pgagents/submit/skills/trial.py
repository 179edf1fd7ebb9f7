"""Try the claims of skills on a running server, as a companion of an ordinary run.

The run's gate, keys, limits and clean-up hold for each call. Nothing of a skill but arguments is ever sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.base.cel.expression import compile as compile_expression
from pgagents.base.cel.syntax import ExpressionError
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict as Judged
from pgagents.submit.skills.callers import (
    WHY,
    ActionCaller,
    Caller,
    Reading,
    ToolCaller,
    allows,
    find_value,
    holds_nothing,
    names_somebody,
)
from pgagents.submit.skills.claims import Claim, Origin, Step
from pgagents.submit.skills.files import Outcome, Verdict
from pgagents.submit.skills.lookups import COST, try_key, try_look_up
from pgagents.submit.skills.text import OPEN
from pgagents.submit.skills.words import Operation
from pgagents.verify.answers.refusal import list_allowed_refusals
from pgagents.verify.cases.invalid import InvalidCase, invalid_cases
from pgagents.verify.cases.removed_instances import find_absent_id, list_references
from pgagents.verify.fixtures.request_template import make_refused, ordinary, template_of
from pgagents.verify.judgement import judge_refused
from pgagents.verify.promise import Probe
from pgagents.verify.setting import Setting
from pgagents.verify.tools import list_tools
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Own
from pgagents.verify.wire.endpoint import MCP, REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

MOST_READS, MOST_WRITES = 24, 6
"""Most calls with other arguments of one operation that reads, and of one that writes."""
MOST_WAYS = 3
"""Most ways in which one error is provoked."""
REQUESTS_PER_CLAIM = 12
"""Most requests for one claim, with those that make and remove what it needs."""
NO_SERVER = "no server is named: --url URL, --mcp-url URL or --mcp-stdio 'pgagents mcp' lets it be called"
NOT_REACHED = "the run ended before it"
NO_ENDPOINT = "this run cannot call it: --url URL names the API, --mcp-url URL or --mcp-stdio its MCP server"
NO_WAY = "nothing says how to provoke it, and the run did not meet it"
NO_CATALOGUE = "no catalogue says how to provoke it: name the catalogue, or --openapi with the document"
NO_CATALOGUE_KEY = "no catalogue says that it is a key: name the catalogue, or --openapi with the document"
NO_VALUES = "no valid arguments are known: give its schema `examples`"
TOO_MANY = f"one run calls it at most {MOST_READS} times in other ways, {MOST_WRITES} times if it writes"
SOMEBODY = "it has an address or a number of somebody, and nothing of a skill is sent there"
LIMITED = "`pgagents verify --limits` exceeds the limit"
Key = tuple[str, bool]


def _key(operation: Operation) -> Key:
    return operation.name, operation.tool


@dataclass(slots=True)
class SkillTrial:
    """A companion of a run: calls what skills describe. `outcomes` are by claim, in the order of `claims`."""

    claims: Sequence[Claim]
    model: Model
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    """Why claims could not be tried, by their number."""
    _same: dict[int, int] = field(default_factory=dict)
    """The numbers of orders that another skill has too, with the number of the first one."""
    _seen: dict[tuple[str, str], int] = field(default_factory=dict)
    """The status of each error that an answer of the run had, by action and code."""
    _redact: Callable[[str], str] = field(default=str)

    @property
    def most_requests(self) -> int:
        """The number of requests that its probes may take beyond the plan's."""
        return 60 + REQUESTS_PER_CLAIM * len(self.claims)

    def begin(self, redact: Callable[[str], str]) -> None:
        """Receive the function that masks secrets in a text."""
        self._redact = redact

    def note(self, exchange: Exchange) -> None:
        """Receive an exchange of the run, which may show an error that a skill names."""
        endpoint = exchange.call.endpoint
        if endpoint is not None and exchange.refused and exchange.code and not exchange.void:
            self._seen[str(endpoint.action.name), exchange.code] = exchange.status

    def conclude(self) -> tuple[Outcome, ...]:
        """Return an outcome for each claim; those that no call showed are untested, with the reason."""
        concluded = []
        for number, claim in enumerate(self.claims):
            first = self._same.get(number, number)
            outcome = self.outcomes.get(first)
            if outcome is None:
                outcome = claim.conclude("untested", self.reasons.get(first, NOT_REACHED))
            own = outcome if first == number else replace(outcome, file=claim.file, line=claim.line)
            concluded.append(own)
        return tuple(concluded)

    # -- probes

    def list_probes(self, setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
        """Yield a probe for each operation, then one for each order and each error."""
        del roles
        groups: dict[Key, list[int]] = {}
        for number, claim in enumerate(self.claims):
            if claim.operation is not None and claim.kind in ("tool", "argument", "call"):
                groups.setdefault(_key(claim.operation), []).append(number)
        pairs = [
            (self._find_caller(setting, self._operation_of(several), several), several)
            for several in groups.values()
        ]
        known = [(caller, several) for caller, several in pairs if caller is not None]
        # reads come first: what they need is made by the run itself, so that it is known to be its own
        for caller, numbers in sorted(known, key=lambda pair: pair[0].writes):
            operation = self._operation_of(numbers)
            run = partial(self._try_operation, caller, operation, numbers)
            yield self._make_probe(operation.name, caller, numbers, len(numbers) + 1, run)
        for number, claim in enumerate(self.claims):
            if claim.kind == "order":
                first = next(n for n in range(number + 1) if _is_same_order(self.claims[n], claim))
                if first < number:
                    self._same[number] = first
                else:
                    yield from self._order_probe(setting, number, claim)
        for number, claim in enumerate(self.claims):
            if claim.kind == "error" and not self._take_seen(number, claim):
                yield from self._error_probe(setting, number, claim)
        for number, claim in enumerate(self.claims):
            if claim.kind in ("look-up", "key"):
                yield from self._loss_probe(setting, number, claim)

    def _operation_of(self, numbers: Sequence[int]) -> Operation:
        operation = self.claims[numbers[0]].operation
        assert operation is not None
        return operation

    def _find_caller(self, setting: Setting, operation: Operation, numbers: Sequence[int]) -> Caller | None:
        """Return what calls an operation; None with a reason for its claims if nothing may."""
        caller: Caller | None = None
        if setting.listing is not None:
            tool = next((tool for tool in list_tools(setting) if tool.name == operation.name), None)
            caller = ToolCaller(tool, self._redact) if tool is not None else None
        elif (endpoint := _find_endpoint(setting, operation)) is not None:
            caller = ActionCaller(setting, endpoint, operation, self._redact)
        reason = NO_ENDPOINT if caller is None else caller.withheld
        if reason:
            self._give_reason(numbers, reason)
            return None
        return caller

    def _give_reason(self, numbers: Sequence[int], reason: str) -> None:
        for number in numbers:
            self.reasons[number] = reason

    def _make_probe(
        self, label: str, caller: Caller, numbers: Sequence[int], cost: int, run: Callable[[], None]
    ) -> Probe:
        endpoints = (caller.endpoint,) if isinstance(caller, ActionCaller) else ()
        place = endpoints[0].place if endpoints else f"{label}@{MCP}"
        role = "main" if endpoints else ""
        tell = partial(self._give_reason, numbers)
        return Probe(f"skills/{label}/{place}", 9, (), cost, run, endpoints, role, caller.writes, tell=tell)

    # -- tools, arguments, and calls as they are written

    def _try_operation(self, caller: Caller, operation: Operation, numbers: list[int]) -> None:
        """Call an operation as usual, with each argument that a skill names, and as the skill writes it."""
        usual = caller.make_usual()
        if usual is None:
            self._give_reason(numbers, NO_VALUES)
            return
        exchange = ask(caller.make_call(usual))
        first = caller.read(exchange)
        left = MOST_WRITES if caller.writes else MOST_READS
        readings: dict[str, Reading] = {}
        for number in numbers:
            claim = self.claims[number]
            if claim.kind == "tool":
                self.outcomes[number] = _judge_usual(claim, caller, first)
                continue
            if any(value is not OPEN and names_somebody(value) for value in claim.arguments.values()):
                self.reasons[number] = SOMEBODY
                continue
            values = _fill_in(claim, caller, operation, usual)
            if values is None or first.kind != "taken":
                self._judge_known(number, claim, first)
                continue
            key = repr(sorted(values.items(), key=str))
            if key not in readings and not left:
                self.reasons[number] = TOO_MANY
                continue
            if key not in readings:
                left -= 1
                other = ask(caller.make_call(values))
                readings[key] = caller.read(other)
            judge = _judge_argument if claim.kind == "argument" else _judge_call
            self.outcomes[number] = judge(claim, caller, operation, readings[key])

    def _judge_known(self, number: int, claim: Claim, first: Reading) -> None:
        """Judge a claim that the usual call shows: an argument that it has, or the call itself."""
        if first.kind == "taken":
            self.outcomes[number] = claim.conclude("kept", call=first.call)
        else:
            self.reasons[number] = f"the usual call is not taken: {first.answer}"

    # -- orders

    def _order_probe(self, setting: Setting, number: int, claim: Claim) -> Iterator[Probe]:
        callers = [self._find_caller(setting, step.operation, [number]) for step in claim.steps]
        known = [caller for caller in callers if caller is not None]
        if len(known) < len(callers):
            return
        run = partial(self._try_order, number, claim, known)
        endpoints = tuple(caller.endpoint for caller in known if isinstance(caller, ActionCaller))
        writes = any(caller.writes for caller in known)
        tell = partial(self._give_reason, [number])
        role = "main" if endpoints else ""
        label = f"skills/order {number}/{endpoints[0].place if endpoints else f'-@{MCP}'}"
        yield Probe(label, 9, (), 2 * len(known), run, endpoints, role, writes, tell=tell)

    def _try_order(self, number: int, claim: Claim, callers: Sequence[Caller]) -> None:
        """Take the steps in their order, with the values that earlier answers have."""
        answers: dict[int, Any] = {}
        kept: dict[int, dict[str, Any]] = {}
        for step, caller in zip(claim.steps, callers, strict=True):
            usual = caller.make_usual()
            if usual is None:
                self.reasons[number] = f"step {step.number}: {NO_VALUES}"
                return
            values = {**usual, **_list_written(step, caller)}
            borrowed: list[Origin] = []
            for name, origin in step.origins.items():
                value = _take_value(origin, answers, kept)
                if value is OPEN:
                    if origin.sure and origin.step in answers:
                        self._judge_lack(number, claim, step, name, origin, answers[origin.step], caller)
                        return
                    continue  # the run's own value stands in its place
                values[name] = value
                borrowed.append(origin)
            exchange = ask(caller.make_call(values))
            reading = caller.read(exchange)
            if reading.kind != "taken":
                alone: Reading | None = None
                if borrowed:
                    again = ask(caller.make_call(usual))
                    alone = caller.read(again)
                self._judge_stop(number, claim, step, borrowed, reading, alone)
                return
            if caller.writes and isinstance(caller, ActionCaller):
                ask(Own(exchange.number))
            answers[step.number] = reading.body
            kept[step.number] = _keep_values(step, reading.body)
        self.outcomes[number] = claim.conclude("kept")

    def _judge_lack(
        self, number: int, claim: Claim, step: Step, name: str, origin: Origin, body: Any, caller: Caller
    ) -> None:
        """Judge a step whose value no earlier answer has. An answer without items proves nothing."""
        before = next(other for other in claim.steps if other.number == origin.step)
        members = before.operation.members
        what = f"`{origin.member}`" + (f" of {origin.above}" if origin.above else "")
        if (origin.member in members or not members) and holds_nothing(body, origin.above):
            self.reasons[number] = f"the answer of step {origin.step} holds no {what} here"
            return
        why = f"step {step.number} takes {what} from the answer of step {origin.step}, which has none"
        at_step = replace(claim, line=step.line)
        verdict: Verdict = "broken" if caller.firm and members else "odd"
        self.outcomes[number] = at_step.conclude(verdict, why, "order-value", member=name)

    def _judge_stop(
        self,
        number: int,
        claim: Claim,
        step: Step,
        borrowed: Sequence[Origin],
        reading: Reading,
        alone: Reading | None,
    ) -> None:
        """Judge an order whose step is not taken. It fails if the step alone is taken."""
        why = f"step {step.number} ({step.name}) fails after those before it"
        if alone is not None and alone.kind == "taken" and exchange_tells(reading):
            verdict: Verdict = "broken" if all(origin.sure for origin in borrowed) else "odd"
            at_step = replace(claim, line=step.line)
            self.outcomes[number] = at_step.conclude(
                verdict, why, "order-fails", call=reading.call, answer=reading.answer
            )
        else:
            self.reasons[number] = f"step {step.number} ({step.name}) is not taken: {reading.answer}"

    # -- calls whose answer was lost

    def _loss_probe(self, setting: Setting, number: int, claim: Claim) -> Iterator[Probe]:
        """Yield the probe of a look-up or a key; two skills that say the same share one."""
        first = next(n for n in range(number + 1) if _is_same_advice(self.claims[n], claim))
        if first < number:
            self._same[number] = first
            return
        wanted = [operation for operation in (claim.operation, claim.look) if operation is not None]
        callers = [self._find_caller(setting, operation, [number]) for operation in wanted]
        known = [caller for caller in callers if caller is not None]
        if len(known) < len(wanted):
            return
        if claim.kind == "look-up":
            run = partial(self._conclude_loss, number, partial(try_look_up, setting, claim, *known))
        elif isinstance(known[0], ActionCaller):
            run = partial(self._conclude_loss, number, partial(try_key, setting, claim, known[0]))
        else:
            self.reasons[number] = NO_CATALOGUE_KEY
            return
        yield self._make_probe(f"{claim.kind} {number}", known[0], [number], COST, run)

    def _conclude_loss(self, number: int, find: Callable[[], Outcome | str]) -> None:
        outcome = find()
        if isinstance(outcome, str):
            self.reasons[number] = outcome
        else:
            self.outcomes[number] = outcome

    # -- errors

    def _take_seen(self, number: int, claim: Claim) -> bool:
        """Keep an error that an answer of the run had already."""
        code = self.model.codes.get(claim.subject) or _find_code(self.model, claim.subject)
        if code is None:
            return False
        action = claim.operation.action if claim.operation is not None else None
        statuses = [
            status
            for (name, known), status in self._seen.items()
            if known == code.name and action in (None, name)
        ]
        if statuses and claim.status in (None, *statuses):
            self.outcomes[number] = claim.conclude("kept")
            return True
        return False

    def _error_probe(self, setting: Setting, number: int, claim: Claim) -> Iterator[Probe]:
        if setting.listing is not None:
            self.reasons[number] = NO_CATALOGUE
            return
        code = _find_code(self.model, claim.subject)
        if code is None:
            self.reasons[number] = NO_WAY
            return
        framework = self.model.errors.framework
        self.reasons[number] = LIMITED if code.name == framework.limited else NO_WAY
        ways = 0
        for endpoint in self._list_endpoints(setting, claim, code):
            for call in _list_provocations(setting, endpoint, code):
                if number in self.outcomes or ways == MOST_WAYS:
                    return
                ways += 1
                writes = endpoint.action.effect == "write"
                run = partial(self._provoke, setting, number, claim, code, call)
                label = f"skills/error {number}.{ways}/{endpoint.place}"
                tell = partial(self._give_reason, [number])
                yield Probe(label, 9, (), 1, run, (endpoint,), "main", writes, tell=tell)

    def _list_endpoints(self, setting: Setting, claim: Claim, code: Code) -> list[Endpoint]:
        """Return the endpoints that may answer an error, of the operations that the skill names."""
        operations = [claim.operation] if claim.operation is not None else []
        if not operations:
            operations = [
                c.operation for c in self.claims if c.file == claim.file and c.operation is not None
            ]
        common = {error.name for error in self.model.always()}
        several: dict[str, Endpoint] = {}
        for operation in operations:
            for endpoint in self._list_ways(setting, operation) if operation is not None else ():
                named = {error.name for error in endpoint.action.errors}
                if code.name in named | common:
                    several[endpoint.place] = endpoint
        return sorted(several.values(), key=lambda endpoint: endpoint.action.effect == "write")

    def _list_ways(self, setting: Setting, operation: Operation) -> Iterator[Endpoint]:
        """Yield the endpoints of an operation: its own one, and that of the API, whose errors a tool passes
        on.
        """
        own = _find_endpoint(setting, operation)
        rest = setting.endpoint(operation.action, REST) if not is_unsent(setting) else None
        yield from [rest] if rest is not None else []
        yield from [own] if own is not None and own is not rest else []

    def _provoke(self, setting: Setting, number: int, claim: Claim, code: Code, call: Call) -> None:
        exchange = ask(call)
        codes, statuses = [code], list[int]()
        if call.intent == "invalid":
            allowed, statuses = list_allowed_refusals(setting, call)
            codes += allowed
        for judgement in judge_refused(exchange, "skills", codes, WHY, statuses):
            if judgement.verdict is Judged.BROKEN:
                verdict: Verdict = "odd" if self.model.leaves_open or code.inferred else "broken"
                why = f"the server answers another way to {call.why}"
                endpoint = call.endpoint
                name = str(endpoint.action.name) if endpoint is not None else ""
                self.outcomes[number] = claim.conclude(
                    verdict, why, "error-never", call=name, answer=self._redact(exchange.outcome)
                )
            elif judgement.verdict is Judged.KEPT and exchange.code == code.name:
                self.outcomes[number] = claim.conclude("kept")
            else:
                self.reasons[number] = f"the server refuses it for another reason: {exchange.outcome}"


def _is_same_order(claim: Claim, other: Claim) -> bool:
    pairs = list(zip(claim.steps, other.steps, strict=False))
    return len(claim.steps) == len(other.steps) > 0 and all(
        (a.number, a.operation.name, a.origins, a.values, a.keeps)
        == (b.number, b.operation.name, b.origins, b.values, b.keeps)
        for a, b in pairs
    )


def _is_same_advice(claim: Claim, other: Claim) -> bool:
    """True if two claims about a lost answer are tried by the same calls."""
    return (claim.kind, claim.operation, claim.look, claim.member) == (
        other.kind,
        other.operation,
        other.look,
        other.member,
    )


# -- one call


def _find_endpoint(setting: Setting, operation: Operation) -> Endpoint | None:
    """Return the endpoint of an operation; None if this run cannot reach it."""
    if operation.tool:
        return setting.endpoint(operation.action, MCP) if setting.mcp is not None else None
    endpoint = setting.endpoint(operation.action, REST)
    return endpoint if not is_unsent(setting) else None


def is_unsent(setting: Setting) -> bool:
    """True if the run has no API, only an MCP server."""
    from urllib.parse import urlsplit

    return (urlsplit(setting.url).hostname or "").endswith(".invalid")


def exchange_tells(reading: Reading) -> bool:
    """True for an answer that says something of the call: a refusal, or a failure."""
    return reading.kind != "not shown" or not reading.answer.startswith("no answer")


def _judge_usual(claim: Claim, caller: Caller, first: Reading) -> Outcome:
    if first.kind == "taken":
        return claim.conclude("kept", call=first.call)
    shown = {"call": first.call, "answer": first.answer}
    if first.kind == "gone":
        return claim.conclude("broken", "the server knows no such operation", "tool-gone", **shown)
    if first.kind == "failed":
        return claim.conclude("broken", "the server fails at an ordinary call", "tool-fails", **shown)
    if first.kind == "refused" and caller.firm and isinstance(caller, ActionCaller):
        return claim.conclude("broken", "the server refuses an ordinary call", "tool-refuses", **shown)
    return claim.conclude("untested", f"the call shows nothing: {first.answer}", **shown)


def _fill_in(
    claim: Claim, caller: Caller, operation: Operation, usual: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the arguments of a claim's call; None if they are those of the usual call."""
    if claim.kind == "argument":
        name = operation.find_argument(claim.member) or claim.member
        return None if name in usual else {**usual, name: caller.choose(name)}
    values = dict(usual)
    for name, value in claim.arguments.items():
        own = operation.find_argument(name) or name
        if value is not OPEN and not caller.keeps(own):
            values[own] = value
        elif own not in values and own in operation.properties:
            values[own] = caller.choose(own)
    return values if values != usual else None


def _judge_argument(claim: Claim, caller: Caller, operation: Operation, reading: Reading) -> Outcome:
    """Judge a call with an argument more than the usual one, which was taken."""
    name, shown = claim.member, {"call": reading.call, "answer": reading.answer}
    known = operation.find_argument(name)
    if reading.kind == "failed":
        return claim.conclude("broken", "the server fails at a call with it", "argument-fails", **shown)
    if reading.kind == "taken":
        if known:
            return claim.conclude("kept", call=reading.call)
        why = "there is no such argument; the server takes it without a word"
        return claim.conclude("odd", why, "argument-unknown", **shown)
    if reading.kind == "not shown":
        return claim.conclude("untested", f"the call shows nothing: {reading.answer}", **shown)
    if not known:
        return claim.conclude(
            "broken", "there is no such argument, and it is refused", "argument-unknown", **shown
        )
    known_value = not isinstance(caller, ActionCaller) or caller.is_given(known)
    if not known_value:
        return claim.conclude("untested", f"the server refuses a value that nobody gives: {reading.answer}")
    sure = caller.firm and isinstance(caller, ActionCaller)
    why = "the server refuses a call with it"
    return claim.conclude("broken" if sure else "odd", why, "argument-refused", **shown)


def _judge_call(claim: Claim, caller: Caller, operation: Operation, reading: Reading) -> Outcome:
    """Judge a call as a skill writes it. The usual call was taken."""
    shown = {"call": reading.call, "answer": reading.answer}
    if reading.kind == "taken":
        return claim.conclude("kept", call=reading.call)
    if reading.kind == "failed":
        return claim.conclude("broken", "the server fails at the call as written", "call-fails", **shown)
    if reading.kind != "refused":
        return claim.conclude("untested", f"the call shows nothing: {reading.answer}", **shown)
    wrong = [
        name
        for name, value in claim.arguments.items()
        if value is not OPEN
        and not (
            (own := operation.find_argument(name)) and (caller.keeps(own) or allows(operation, own, value))
        )
    ]
    if wrong:
        why = "the schema does not allow this value, and the server refuses it"
        return claim.conclude("broken", why, "call-refused", member=wrong[0], **shown)
    return claim.conclude("odd", "the server refuses the call as written", "call-refused", **shown)


# -- the values of an order


def _list_written(step: Step, caller: Caller) -> dict[str, Any]:
    """Return the values that a step writes itself, without ids and addresses, which are somebody's."""
    allowed = {n: v for n, v in step.values.items() if not caller.keeps(n) and not names_somebody(v)}
    return {n: v for n, v in allowed.items() if allows(step.operation, n, v)}


def _take_value(origin: Origin, answers: Mapping[int, Any], kept: Mapping[int, Mapping[str, Any]]) -> Any:
    """Return the value that a step's answer has for an argument; OPEN if it has none."""
    named = kept.get(origin.step, {})
    places = [named[origin.above]] if origin.above in named else []
    for place in places:
        value = next(find_value(place, origin.member), OPEN)
        if value is not OPEN:
            return value
    body = answers.get(origin.step)
    value = next(find_value(body, origin.member, origin.above), OPEN)
    return value if value is not OPEN else next(find_value(body, origin.member), OPEN)


def _keep_values(step: Step, body: Any) -> dict[str, Any]:
    """Return the values that a step keeps, as far as their expressions can be evaluated."""
    kept: dict[str, Any] = {}
    for name, wording in step.keeps.items():
        try:
            expression = compile_expression(wording, ["response"])
            kept[name] = Scope({"response": body}).evaluate(expression)
        except ExpressionError:
            continue
    return kept


# -- ways to provoke an error


def _find_code(model: Model, spelling: str) -> Code | None:
    return next((c for c in model.codes.values() if spelling in (c.shown, c.name)), None)


def _list_provocations(setting: Setting, endpoint: Endpoint, code: Code) -> Iterator[Call]:
    """Yield calls that a right server refuses with this error, as far as the catalogue says how."""
    model, action = setting.model, endpoint.action
    template = template_of(model, action)
    why = f"a call that is to be refused with {code.shown or code.name}"
    call = partial(ordinary, endpoint, template, why=why)
    if code.when is not None:
        arguments = make_refused(setting, endpoint, code)
        if arguments is not None:
            yield call(intent="illegal", input=arguments, fresh=True)
    if endpoint.on_rest and action.key and code in (model.no_key, model.wrong_key):
        yield call(intent="auth", twist="none" if code is model.no_key else "garbage")
    for at, param, resource in list_references(setting):
        if at is endpoint and resource.missing_for(param) is code:
            absent = find_absent_id(setting, endpoint, param, resource)
            if absent is not None:
                yield call(intent="absent", input={**template.input, str(param.name): absent})
    for resource in model.resources.values():
        for move in resource.moves:
            states = [state for state in resource.states if state not in move.origin_states]
            if move.action is action and move.otherwise is code and states and resource.made_by is not None:
                yield Call(
                    endpoint, move.input, "illegal", why, subject=resource, states=(states[0],), fresh=True
                )
    case = next(
        (made_up for made_up in invalid_cases(setting, endpoint) if _expects(model, made_up, code)), None
    )
    if case is not None:
        yield case.call


def _expects(model: Model, case: InvalidCase, code: Code) -> bool:
    """True if an invalid call is to be refused with this error."""
    action, (keyword, _, path) = case.endpoint.action, case.detail.partition("/")
    param = action.param(path.partition(".")[0].partition("/")[0])
    if param is None or param.refers_to is not None:
        return False
    return (
        model.refusal_of(action, param, keyword, absent=keyword == "required" and path == param.name) is code
    )
