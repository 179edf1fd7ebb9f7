"""Give every exchange to the watchers that judge it, and remember it for later ones."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any

from pgagents.base.http import Response, Silence
from pgagents.catalogue.decoding.medium import is_json
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.resource import Resource, id_text
from pgagents.report.contract import Verdict, check_of
from pgagents.verify.fixtures.factory import FixtureFactory
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.own_schemas import find_doubt
from pgagents.verify.fixtures.target import changes_unseen, is_made_by, list_removed
from pgagents.verify.judgement import Judgement, judge_untested
from pgagents.verify.promise import Check, Probe
from pgagents.verify.run.absent_answers import explain_made_up, find_full_plan, nothing_there
from pgagents.verify.run.breaks import RIGHT
from pgagents.verify.run.ledger import Ledger
from pgagents.verify.run.redact import Redactor
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import MCP, OPERATOR
from pgagents.verify.wire.exchange import UNAVAILABLE, Exchange

PutAside = tuple[Judgement, tuple[Exchange, ...], Probe | None]


class Judge:
    """Passes each exchange to every watcher, and enters the verdicts of probes and watchers in a ledger.

    All watchers judge as soon as an answer comes, before anything else is decided. The memory learns from an
    exchange after its last watcher.
    """

    def __init__(
        self,
        setting: Setting,
        ledger: Ledger,
        factory: FixtureFactory,
        redactor: Redactor,
        keys: Mapping[str, str],
        checks: Mapping[str, Check],
        timer: Callable[[], float],
    ) -> None:
        self.setting, self.ledger, self.factory = setting, ledger, factory
        self.redactor, self._timer = redactor, timer
        self.memory = Memory(setting)
        self.memory.keys = keys
        self.served: dict[str, int] = {}
        """The number of verdicts from answers, by surface."""
        self.invented: dict[str, str] = {}
        """By place, the made-up path value of a read that was answered with “not found”."""
        self.disguised: dict[str, str] = {}
        """By place, what an answer with the body of an error and the status of a success showed."""
        self.seconds = 0.0
        """The seconds that watchers took."""
        self.note: Callable[[Exchange], None] | None = None
        """Called with each exchange when every watcher has judged it."""
        self.probe = 0
        """The number of the probe that has its turn."""
        self.order = 0
        """The place in the plan of the probe that has its turn."""
        self.in_company = False
        """True while other probes run beside the one that has its turn."""
        self._disturbed: set[int] = set()
        """The numbers of probes that other probes may have disturbed."""
        self._put_aside: dict[str, PutAside] = {}
        """By contract, the first break of an author's call that a probe found while others ran beside it."""
        self._probes = 0
        """The number of probes that have begun."""
        self._broken_by: set[int] = set()
        """The numbers of probes that broke a contract."""
        self._checks = checks
        self._watchers = Watchers(setting, checks)

    def judge(self, exchange: Exchange, *, alone: bool = False) -> None:
        """Let the watchers judge an exchange, and remember it.

        `alone` is True if several calls were sent at the same time, and only this one had an effect.
        """
        exchange.probe, exchange.order = self.probe, self.order
        exchange.in_company = self.in_company
        # calls that are sent at the same time have no order, so none of them has a `before`
        beside = exchange.call.beside and not alone
        exchange.fits = fits(self.setting, exchange)
        exchange.disguised = find_disguised_error(self.setting, exchange)
        if exchange.disguised is not None:
            exchange.moot = say_disguised(exchange, exchange.disguised)
            self.disguised.setdefault(exchange.place, exchange.moot)
        else:
            refused = self.factory.guesses.explain_refusal(exchange)
            exchange.doubt = find_doubt(self.setting.model, exchange)
            exchange.moot = (
                refused
                or exchange.doubt
                or nothing_there(self.setting, exchange, self.memory.reached)
                or self.factory.taken.explain(exchange)
                or find_full_plan(self.setting, exchange, self.memory.reached)
            )
        if why := explain_made_up(self.setting, exchange):
            self.invented.setdefault(exchange.place, why)
        exchange.known, exchange.outdated = (None, False) if beside else self.memory.subject(exchange)
        exchange.referred = {} if beside else self.memory.list_referred(exchange)
        started = self._timer()
        self.redactor.learn_sent(exchange.input)
        self.redactor.learn_exchange(exchange.request, exchange.answer)
        self.redactor.learn(exchange.body)
        self._watch(exchange)
        self.seconds += self._timer() - started
        self.factory.guesses.note(exchange)
        noticed = () if exchange.call.plain else self.factory.note(exchange)
        if self.note is not None:
            self.note(exchange)
        learn(self.memory, exchange, noticed, beside=beside)
        action = exchange.call.endpoint.action if exchange.call.endpoint is not None else None
        self.memory.tool_writes += (
            exchange.call.surface == MCP and action is not None and not action.only_reads
        )

    def begin_probe(self) -> int:
        """Count the following exchanges as those of the next probe; return its number."""
        self._probes += 1
        self.probe = self._probes
        return self.probe

    def may_be_disturbed(self, probe: int) -> bool:
        """Return True if other probes may have caused what a probe saw. A second call returns False."""
        disturbed = probe in self._disturbed
        self._disturbed.discard(probe)
        return disturbed

    def note_disturbed(self, probe: int) -> None:
        """Note that other probes may have caused what a probe saw."""
        self._disturbed.add(probe)

    def has_broken(self, probe: int) -> bool:
        """Return True if a contract was broken by an exchange or a verdict of this probe."""
        return probe in self._broken_by

    def replace_ledger(self, ledger: Ledger) -> Ledger:
        """Enter later verdicts in this ledger; return the former one, with all verdicts so far."""
        before, self.ledger = self.ledger, ledger
        return before

    def is_all_judged(self, contracts: Sequence[str]) -> bool:
        """True if each of the contracts is kept or broken."""
        return self.ledger.all_judged(contracts)

    def judge_loss(self, exchange: Exchange) -> None:
        """Let the check on crashes judge what a lost answer means, once that is known."""
        loss = exchange.loss
        for name, watch in self._watchers.choose(exchange):
            if name == "no_crashes" and loss is not None:
                for judgement in watch(exchange, self.memory):
                    self._enter(judgement, [*loss.before, exchange], exchange.call, None)

    def forget_instances(self) -> None:
        """Forget the instances, because the server may have been started anew without them."""
        self.memory.forget_instances()

    def enter_put_aside(self) -> None:
        """Enter what an author's calls broke beside other probes, where they did not get as far alone."""
        put_aside, self._put_aside = self._put_aside, {}
        for contract, (judgement, chain, probe) in put_aside.items():
            if not self.ledger.all_judged((contract,)):
                self.ledger.add(judgement, chain, None, probe)

    def enter(self, judgement: Judgement, chain: Sequence[Exchange], probe: Probe) -> None:
        """Enter a verdict of a probe."""
        self._enter(judgement, chain, None, probe)

    def _enter(
        self,
        judgement: Judgement,
        chain: Sequence[Exchange],
        call: Call | None,
        probe: Probe | None,
        past: tuple[Call, ...] = (),
    ) -> None:
        """Enter a verdict of a probe, or of a watcher of `call`. A broken one is noted on the exchange, so
        that no check builds on it.

        A break that a probe of several calls finds while others run is not entered: the probe is run once
        more, alone.
        """
        compares = probe is not None and probe.cost > 1 and bool(chain) and chain[-1].in_company
        if compares and judgement.verdict is Verdict.BROKEN:
            self._disturbed.add(chain[-1].probe)
            self._broken_by.add(chain[-1].probe)
            self._taint(chain[-1], judgement.contract)
            if chain[-1].call.authored:
                self._put_aside.setdefault(judgement.contract, (judgement, tuple(chain), probe))
            return
        doubt = next((exchange.doubt for exchange in chain if exchange.doubt), "")
        if judgement.verdict is Verdict.BROKEN and doubt and not self._holds_for_any_input(judgement):
            judgement = judge_untested(judgement.contract, doubt)
        broken = self.ledger.broken
        entry = self.ledger.add(judgement, chain, call, probe)
        if self.ledger.broken > broken:
            self._broken_by.add(chain[-1].probe if chain and probe is None else self.probe)
        verdict = judgement.verdict
        if entry is None:
            return
        if chain and (verdict is Verdict.KEPT or verdict is Verdict.BROKEN):
            surface = entry.contract.surface
            self.served[surface] = self.served.get(surface, 0) + 1
        if verdict is not Verdict.BROKEN:
            return
        if call is not None and entry.broken is not None and entry.broken.judgement is judgement:
            entry.broken.past = past
        if chain and not judgement.derived:
            self._taint(chain[-1], judgement.contract)

    def _taint(self, exchange: Exchange, contract: str) -> None:
        """Note that an exchange broke a contract, and if the run reports that."""
        exchange.tainted.append(check_of(contract))
        if contract not in self.ledger.settled:
            exchange.reported.append(check_of(contract))

    def _holds_for_any_input(self, judgement: Judgement) -> bool:
        check = self._checks.get(check_of(judgement.contract))
        return check is not None and check.of_any_input

    def _watch(self, exchange: Exchange) -> None:
        """Let the watchers judge an exchange. After a crash, those with a turn after `no_crashes` do not."""
        past = self.factory.past(exchange.call, exchange.subject)
        chain = [*(exchange.loss.before if exchange.loss is not None else ()), exchange]
        for name, watch in self._watchers.choose(exchange):
            if exchange.is_tainted_by("no_crashes"):
                return
            try:
                for judgement in watch(exchange, self.memory):
                    self._enter(judgement, chain, exchange.call, None, past)
            except Exception as error:  # one check's error is not a finding, and the others still judge
                self.ledger.mark_crashed(self._list_contracts(name, exchange.place), error, name)

    def _list_contracts(self, check: str, place: str) -> list[str]:
        """List the ids of a check's contracts at a place."""
        listed = (entry.contract for entry in self.ledger.entries.values())
        return [c.id for c in listed if c.check == check and c.place == place]


# -- the watchers that judge an exchange


Watcher = tuple[str, Callable[[Exchange, Memory], Iterable[Judgement]]]


class Watchers:
    """The watchers of all checks, in the order in which they judge."""

    def __init__(self, setting: Setting, checks: Mapping[str, Check]) -> None:
        self._setting = setting
        watchers = [(name, check, check.watch) for name, check in checks.items() if check.watch is not None]
        self._by_facts: dict[tuple[bool, bool], list[Watcher]] = {
            (tools, unavailable): [
                (name, watch)
                for name, check, watch in watchers
                if (check.tools or not tools) and not (check.skips_unavailable and unavailable)
            ]
            for tools in (False, True)
            for unavailable in (False, True)
        }
        """The watchers by two facts: the call is a tool call, and the answer is a 503."""

    def choose(self, exchange: Exchange) -> list[Watcher]:
        """Return the watchers of an exchange; none if it is not judged."""
        if not self._is_watched(exchange):
            return []
        return self._by_facts[exchange.call.surface == MCP, exchange.status == UNAVAILABLE]

    def _is_watched(self, exchange: Exchange) -> bool:
        """True if watchers judge the exchange."""
        if (
            exchange.call.surface == OPERATOR
            or exchange.call.plain
            or (
                exchange.call.surface == MCP
                and exchange.call.endpoint is None
                and self._setting.listing is None
            )
            or exchange.is_of_library
        ):
            return False
        return not (isinstance(exchange.answer, Silence) and exchange.answer.kind == "refused")


# -- answers that fit their action's schema, and errors with the status of a success


def fits(setting: Setting, exchange: Exchange) -> bool:
    """Return True if the body satisfies the schema of the action's answer."""
    if exchange.output is None:
        return False
    if exchange.output.schema is None:
        return isinstance(exchange.told, Response) and _is_without_body(exchange, exchange.told)
    test = setting.output_test(exchange)
    problem = exchange.json.problem or exchange.size_problem or exchange.time_problem
    return test is not None and not problem and bool(test.is_valid(exchange.body))


def find_disguised_error(setting: Setting, exchange: Exchange) -> Code | None:
    """Return the documented error whose body came with the status of a success; None if none did.

    The body must fit the error's schema. It must also have a member that only errors have, and not fit the
    success. Or a member such as `code` must have a value that only the error's schema names. If a success
    lists the error's schema as one of several, as documents of JSON-RPC do, the others are the success.
    """
    endpoint, output, body = exchange.call.endpoint, exchange.output, exchange.body
    if endpoint is None or output is None or output.schema is None or not isinstance(body, Mapping):
        return None
    if not exchange.success or not body:
        return None
    alternatives = _list_alternatives(setting, output.schema)
    tried = {""}
    for code in (*endpoint.action.errors, *setting.model.always()):
        if code.envelope in tried or not _is_alike(code.content_type, output.content_type):
            continue
        tried.add(code.envelope)
        envelope = setting.resolve_schema(setting.model.schemas[code.envelope])
        others = [schema for schema in alternatives if schema != envelope] or alternatives
        listed = len(others) < len(alternatives)
        error = _members(setting, envelope)
        success = {name: member for schema in others for name, member in _members(setting, schema).items()}
        fits = exchange.fits and not listed
        only = not fits and any(name in body and name not in success for name in error)
        told = any(
            name in body and _is_of_error(body[name], error[name], success[name])
            for name in error.keys() & success.keys()
        )
        if (only or told) and setting.envelope(code.envelope).is_valid(body):
            return code
    return None


def _is_alike(error: str, success: str) -> bool:
    """Return True if an error and a success have one media type, or are both JSON."""
    return error == success or (is_json(error) and is_json(success))


def say_disguised(exchange: Exchange, code: Code) -> str:
    """Return why an answer with the body of an error proves nothing."""
    return f"it was answered {exchange.status} with the body of the documented error {code.status}"


def _list_alternatives(setting: Setting, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the schemas of which a body satisfies one; the schema itself if it lists none."""
    resolved = setting.resolve_schema(schema)
    alternatives = resolved.get("oneOf") or resolved.get("anyOf") or [resolved]
    return [setting.resolve_schema(alternative) for alternative in alternatives]


def _members(setting: Setting, schema: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return the schemas of an object's members by name."""
    members = setting.resolve_schema(schema).get("properties", {})
    return {name: setting.resolve_schema(member) for name, member in members.items()}


def _is_of_error(value: Any, error: Mapping[str, Any], success: Mapping[str, Any]) -> bool:
    """True if a value is one of those that an error's member has, and none of a success's."""
    if not isinstance(value, str | int):
        return False
    own, others = _list_values(value, error), _list_values(value, success)
    return bool(others) and value in own and value not in others


def _list_values(value: Any, schema: Mapping[str, Any]) -> list[Any]:
    """Return the values of a member that a schema names. Examples count for numbers and flags alone: another
    text is only another message.
    """
    if "const" in schema:
        return [schema["const"]]
    examples = schema.get("examples", []) if isinstance(value, int) else []
    return [one for one in schema.get("enum", examples) if isinstance(one, bool) == isinstance(value, bool)]


def _is_without_body(exchange: Exchange, told: Response) -> bool:
    """True if an answer has no content. A dispatcher answers in JSON, so null or an empty object count as
    none.
    """
    endpoint = exchange.call.endpoint
    bare = endpoint is not None and not endpoint.on_rest and not exchange.json.problem
    return not told.body or (bare and exchange.body in (None, {}))


# -- the memory of watchers


MISTAKE, CRASHED = 400, 500


def learn(
    memory: Memory, exchange: Exchange, told: Sequence[tuple[Resource, Mapping[str, Any]]], *, beside: bool
) -> None:
    """Update the memory with an exchange's answer.

    If several writes ran at the same time, their order is unknown. Then the memory forgets the bodies
    that they answered.
    """
    if exchange.call.plain:
        return
    if exchange.sent_on or (exchange.success and exchange.output is not None):
        memory.reached.add(exchange.place)
    reason, (action, _, _) = exchange.unjudged, exchange.place.partition("@")
    if reason:
        memory.delays.setdefault(action, reason)
    if exchange.call.intent in RIGHT and not exchange.call.twist:
        memory.asked.add(exchange.place)
        if reason:
            memory.put_off.setdefault(exchange.place, reason)
    if exchange.error or exchange.status >= CRASHED:
        _note_uncertain(memory, exchange)
    shown: set[tuple[str, str]] = set()
    for resource, body in told if exchange.fits else ():
        assert exchange.call.endpoint is not None
        place = memory.setting.find_scope(resource, exchange)
        key = (resource.name, f"{place}{id_text(resource.id_of(body))}")
        writes = exchange.call.endpoint.action.effect == "write"
        if writes and (beside or is_made_by(resource, exchange.call.endpoint.action)):
            memory.bodies.pop(key, None)  # a new instance may have the id of a removed one
        if not (writes and beside):
            memory.learn(key, body)
            shown.add(key)
    if not MISTAKE <= exchange.status < CRASHED:
        _note_outdated(memory, exchange, shown)
        _learn_change(memory, exchange, beside=beside)


def _note_outdated(memory: Memory, exchange: Exchange, shown: Container[tuple[str, str]]) -> None:
    """Note the instances that a write named and did not show, such as the parent of a new part."""
    endpoint = exchange.call.endpoint
    if endpoint is None or endpoint.action.effect != "write":
        return
    for param in endpoint.params:
        resource = memory.model.resources.get(param.refers_to or "")
        id = exchange.input.get(str(param.name))
        if resource is not None and id is not None:
            key = (resource.name, f"{memory.setting.find_scope(resource, exchange)}{id}")
            if key in memory.bodies and key not in shown:
                memory.outdated.add(key)


def _learn_change(memory: Memory, exchange: Exchange, *, beside: bool) -> None:
    """Forget the body of an instance that a write has changed, or replace it by the one in the answer.

    It is replaced if the answer shows the same instance and no other call may have changed it since.
    """
    endpoint = exchange.call.endpoint
    if endpoint is None or endpoint.action.effect != "write":
        return
    for resource in memory.model.resources.values():
        if not changes_unseen(memory.setting, resource, endpoint.action):
            continue
        place = memory.setting.find_scope(resource, exchange)
        body = (
            at_path(resource.made_by, exchange) if exchange.fits and exchange.success and not beside else None
        )
        for param in endpoint.params:
            id = exchange.input.get(str(param.name))
            if param.refers_to != resource.name or id is None:
                continue
            memory.bodies.pop((resource.name, f"{place}{id}"), None)
            if isinstance(body, Mapping) and resource.id_of(body) == id:
                memory.learn((resource.name, f"{place}{id}"), body)


def _note_uncertain(memory: Memory, exchange: Exchange) -> None:
    """Note instances that a call may have removed although its answer does not confirm it."""
    for resource, place, id in list_removed(memory.setting, exchange):
        memory.uncertain.add((resource.name, place, id))
