"""The only place that sends: drives probes, resolves live ids, paces, repeats what was limited, lets every watcher judge."""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from hashlib import sha256
from types import ModuleType
from typing import Any

from pgagents.contract import Verdict
from pgagents.expression import epoch
from pgagents.verify.call import Call, Signature, Wait
from pgagents.verify.check import Judgement, Probe
from pgagents.verify.encode import request_of
from pgagents.verify.key import presented
from pgagents.verify.ledger import Ledger
from pgagents.verify.memory import Memory, Setting
from pgagents.verify.options import Options
from pgagents.verify.pace import Pacer
from pgagents.verify.redact import Redactor
from pgagents.verify.safety import NO_WRITES
from pgagents.verify.seen import LIMITED, UNAVAILABLE, Seen
from pgagents.verify.world import MAX_TRIES, Unavailable, World
from pgagents.wire import Handler, Request, Response, Silence

MAX_REPEATS = 6
MAX_SILENCES = 4
MAX_BROKEN_OFF = 12
MAX_TURNED_AWAY = 3
OPERATOR = "operator"
CLOCK_SLACK_S = 2.0


class Stop(Exception):
    """The run ends here; the message says why."""


class Spent(Exception):
    """No request is left for this probe."""


class Driver:
    """Everything of a run that changes."""

    def __init__(
        self,
        setting: Setting,
        handler: Handler,
        keys: Mapping[str, str],
        options: Options,
        ledger: Ledger,
        world: World,
        watchers: Mapping[str, ModuleType],
        *,
        clock: Callable[[], float],
        timer: Callable[[], float],
        sleep: Callable[[float], None],
        max_requests: int,
        writes: bool,
        plain: Handler | None = None,
        secrets: tuple[str, ...] = (),
    ) -> None:
        self.setting, self.model, self.handler, self.keys, self.options = setting, setting.model, handler, keys, options
        self.plain = plain
        self.ledger, self.world, self.clock, self.timer, self.sleep = ledger, world, clock, timer, sleep
        self.memory = Memory(setting)
        self.memory.keys = keys
        self.redactor = Redactor(keys, self.model.secrets, secrets)
        self.pacer = Pacer(self.model, clock, options.seed, options.max_wait_s)
        self.watchers = [(name, module.watch) for name, module in watchers.items() if hasattr(module, "watch")]
        self.max_requests = max_requests
        self.writes = writes
        self._started = timer()
        self._moved_s = 0.0
        self.sent = 0
        self.answered = 0
        self.silences = 0
        self.broken_off = 0
        self.cleaning = False
        self.turned_away = 0
        """How many calls with the main key were answered as if it were none, before any was answered otherwise."""
        self.key_known = self.key_refused = False
        self.seconds_sending = self.seconds_judging = self.waited = 0.0
        self.served: dict[str, int] = {}
        self.notes: list[str] = []
        self.on_wait: Callable[[float], None] | None = None
        self._by_check_place: dict[tuple[str, str], list[str]] = {}
        for entry in ledger.entries.values():
            place = entry.contract.id.rpartition("/")[2]
            self._by_check_place.setdefault((entry.contract.check, place), []).append(entry.contract.id)

    def seconds(self) -> float:
        """Seconds since the driver was made."""
        return self.timer() - self._started

    # -- probes -------------------------------------------------------------------------------------------------

    def run(self, probe: Probe) -> None:
        """Drive one probe to its end, its budget's end or the first resource that cannot be had."""
        chain: list[Seen] = []
        broken_before = self.ledger.broken
        conversation = probe.run()
        answer: Any = None
        try:
            while True:
                step = conversation.send(answer)
                answer = None
                if isinstance(step, Judgement):
                    self._enter(step, chain, None, probe)
                elif isinstance(step, Wait):
                    self._sleep(step.seconds)
                else:
                    answer = self.call(step, chain)
        except StopIteration:
            return
        except Unavailable as error:
            self.ledger.excuse(probe.covers, str(error))
        except Spent:
            self.ledger.excuse(probe.covers, "the budget of requests was spent")
        except Stop:
            self.ledger.excuse(probe.covers, "the run ended before")
            raise
        except Exception as error:  # an error of ours must not look like one of the server's
            self.ledger.crashed(probe.covers, error, probe.name)
        finally:
            conversation.close()
            self._tidy(self.ledger.broken > broken_before)

    def _tidy(self, spoilt: bool) -> None:
        """Undo what is more than later probes can use."""
        self.cleaning = True
        try:
            for thing in self.world.surplus(spoilt):
                if thing in self.world.left():
                    self._resolved(self.world.undo(thing), [])
        except (Unavailable, Stop):
            pass
        finally:
            self.cleaning = False

    def _enter(self, judgement: Judgement, chain: list[Seen], call: Call | None, probe: Probe | None) -> None:
        self.ledger.add(judgement, chain, call, probe)
        if judgement.verdict is not Verdict.UNTESTED and chain:
            surface = judgement.contract.rpartition("@")[2]
            self.served[surface] = self.served.get(surface, 0) + 1
        if judgement.verdict is Verdict.BROKEN and chain:
            chain[-1].spoilt.append(judgement.contract.partition("/")[0])

    # -- calls --------------------------------------------------------------------------------------------------

    def call(self, call: Call, chain: list[Seen]) -> Seen:
        """Send a call, what it needs first, and let every watcher judge. Raises Unavailable, Spent, Stop."""
        if call.door is not None and call.door.action.effect == "write" and not self.writes and call.surface != OPERATOR:
            raise Unavailable(NO_WRITES)
        self.world.now = self.now()
        values, subject = self._resolved(self.world.resolve(call), chain)
        self._afford()
        seen = self._send(call, values, subject)
        chain.append(seen)
        self._believe(call, seen)
        self._learn(seen)
        self._judge(seen)
        self._remember(seen)
        return seen

    def _believe(self, call: Call, seen: Seen) -> None:
        """Whether the server knows our key at all. Raises Stop where it does not: its answers then say nothing about it."""
        with_key = call.role == "main" and not call.twist and not call.plain and seen.request.header("authorization") is not None
        if self.key_known or not with_key or not isinstance(seen.answer, Response) or seen.status in (LIMITED, UNAVAILABLE):
            return
        code = self.model.codes[self.model.errors.framework.no_key]
        if seen.status != code.status:
            self.key_known = True
            return
        self.turned_away += 1
        if self.turned_away >= MAX_TURNED_AWAY:
            self.key_refused = True
            raise Stop(f"the server refused the key: {code.status} {code.name} to the first {self.turned_away} calls with it")

    def _resolved(self, asking: Generator[Call, Seen, Any], chain: list[Seen]) -> Any:
        answer: Any = None
        while True:
            try:
                needed = asking.send(answer)
            except StopIteration as end:
                return end.value
            answer = self.call(needed, chain)

    def _afford(self) -> None:
        if self.cleaning:
            return
        if self.sent + self.world.owed() >= self.max_requests:
            raise Spent

    def _send(self, call: Call, values: Mapping[str, Any], subject: Mapping[str, Any] | None) -> Seen:
        authorization = self._authorization(call)
        request = request_of(call, values, authorization)
        if call.twist == "query":
            joint = "&" if "?" in request.target else "?"
            request = replace(request, target=f"{request.target}{joint}api_key={self.keys.get(call.role, '')}")
        request = self._signed(call, request)
        bucket = call.door.action.bucket if call.door else None
        role = call.role if authorization and not call.twist else "-"
        attempt = 0
        while True:
            self._sleep(self.pacer.before(role, call.surface, bucket))
            sent_at = self.now()
            answer, seconds = self._exchange(request, plain=call.plain)
            if isinstance(answer, Response) and not call.plain:
                self.pacer.after(role, call.surface, bucket, answer)
            wait = self._retry(call, answer, attempt)
            if wait is None:
                break
            attempt += 1
            self._sleep(wait)
        full = self._filled(call, values)
        return Seen(
            self.sent, call, full, request, answer, seconds=seconds, sent_at=sent_at, codes=self.model.codes,
            code_at=self.model.errors.code_at, subject=subject, base=self.setting.plain_url if call.plain else "",
        )  # fmt: skip

    def _exchange(self, request: Request, *, plain: bool) -> tuple[Response | Silence, float]:
        started = self.timer()
        self.sent += 1
        answer = self.plain(request) if plain and self.plain else Silence("refused", "no twin") if plain else self.handler(request)
        seconds = self.timer() - started
        self.seconds_sending += seconds
        if isinstance(answer, Silence) and answer.begun:
            self.silences, self.broken_off = 0, self.broken_off + 1
            self.answered += 1
            if self.broken_off > (MAX_SILENCES if answer.kind == "timeout" else MAX_BROKEN_OFF):
                raise Stop(f"the server broke off its last {self.broken_off} answers ({answer.kind}: {answer.detail})")
        elif isinstance(answer, Silence):
            self.silences += 1
            if self.silences >= MAX_SILENCES or (self.silences >= 2 and not self.answered):
                said = "never answered" if not self.answered else "stopped answering"
                raise Stop(f"the server {said} ({answer.kind}{': ' + answer.detail if answer.detail else ''})")
        else:
            self.silences = self.broken_off = 0
            self.answered += 1
        return answer, seconds

    def _retry(self, call: Call, answer: Response | Silence, attempt: int) -> float | None:
        """Seconds after which to repeat; None: the answer stands."""
        if attempt >= MAX_REPEATS or (not self.cleaning and self.sent >= self.max_requests):
            return None
        if isinstance(answer, Silence):
            return 0.2 if attempt == 0 and not answer.begun and answer.kind in ("refused", "reset") and not self.answered else None
        if answer.status not in (LIMITED, UNAVAILABLE):
            return None
        wait = self.pacer.retry(answer, attempt)
        if wait is None:
            self.notes.append(f"{call.place} asked for a longer wait than --max-wait allows")
        return wait

    def _authorization(self, call: Call) -> str | None:
        if call.door is not None and not call.door.action.key and call.door.dispatcher is None:
            return None
        if call.plain:  # whoever listens in on plain http must not hear a key
            return presented("", "garbage", self.model)
        key = self.keys.get(call.role)
        return presented(key, call.twist, self.model) if key and call.role else None

    def _signed(self, call: Call, request: Request) -> Request:
        """The request with its body's signature, where the call asked for one."""
        for name, value in call.input.items():
            param = call.door.action.param(name) if call.door else None
            if isinstance(value, Signature) and param is not None:
                at = str(int(self.now()))
                secret = self.keys.get(value.role, "")
                digest = hmac.new(secret.encode(), at.encode() + b"." + request.body, sha256).hexdigest()
                request = request.with_header(param.wire, f"t={at},v1={digest}")
        return request

    def _filled(self, call: Call, values: Mapping[str, Any]) -> dict[str, Any]:
        found = dict(values)
        for param in call.door.params if call.door else ():
            if str(param.name) not in found and "default" in param.schema:
                found[str(param.name)] = param.schema["default"]
        return found

    def _sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        if self.on_wait:
            self.on_wait(seconds)
        self.waited += seconds
        self.sleep(seconds)

    # -- judging ------------------------------------------------------------------------------------------------

    def _learn(self, seen: Seen) -> None:
        """What must be known before watchers judge: whether the body fits, and what was known of the resource."""
        seen.known = self.memory.subject(seen)
        self.redactor.learn(seen.body)
        self.redactor.learn(seen.input)
        if seen.output is not None:
            schema = seen.output.schema
            if schema is None:
                seen.fits = not (seen.response and seen.response.body)
            else:
                test = self.setting.test(("output", seen.place.partition("@")[0], seen.output.status), schema)
                seen.fits = not seen.json.problem and test.is_valid(seen.body)

    def _judge(self, seen: Seen) -> None:
        started = self.timer()
        self.memory.now = seen.sent_at
        if seen.call.surface == OPERATOR or seen.call.plain:
            return
        if isinstance(seen.answer, Silence) and seen.answer.kind == "refused":
            return
        for name, watch in self.watchers:
            try:
                for judgement in watch(seen, self.memory):
                    self._enter(judgement, [seen], seen.call, None)
            except Exception as error:  # one check's error is no finding, and the others still judge
                self.ledger.crashed(self._by_check_place.get((name, seen.place), ()), error, name)
            if "never_crashes" in seen.spoilt:
                break
        self.seconds_judging += self.timer() - started

    def now(self) -> float:
        """The server's time as we know it: the caller's clock, and what the operator's clock was moved by."""
        return self.clock() + self._moved_s

    def _set_clock(self, seen: Seen) -> None:
        told = next((t for t in map(epoch, _texts(seen.body)) if math.isfinite(t)), None)
        ahead = told - self.clock() if told is not None else 0.0
        self._moved_s = ahead if abs(ahead) > CLOCK_SLACK_S else 0.0

    def _remember(self, seen: Seen) -> None:
        if seen.call.surface == OPERATOR and seen.success:
            self._set_clock(seen)
        if not seen.success or seen.call.door is None or seen.call.plain:
            return
        if seen.output is not None:
            self.memory.reached.add(seen.place)
        for resource, body in self.world.note(seen):
            key = (resource.name, str(body[resource.id]))
            if seen.fits:
                self.memory.bodies[key] = {**self.memory.bodies.get(key, {}), **body}

    # -- the end ------------------------------------------------------------------------------------------------

    def confirm(self, budget: int) -> None:
        """Try failing cases once more with fresh ids: of each finding the first."""
        for entry in self.ledger.firsts():
            found = entry.broken
            if found is None or self.sent + self.world.owed() + 3 > budget:
                continue
            again = Ledger.of(e.contract for e in self.ledger.entries.values())
            kept, self.ledger = self.ledger, again
            try:
                if found.probe is not None:
                    self.run(found.probe)
                elif found.call is not None:
                    self.call(replace(found.call, made=None) if found.call.subject else found.call, [])
            except (Unavailable, Spent, Stop):
                continue
            finally:
                self.ledger = kept
            repeated = again.entries[entry.contract.id]
            if repeated.broken is not None or repeated.kept:
                found.stable = repeated.broken is not None

    def clean_up(self) -> list[str]:
        """Undo all that was made; gives what could not be."""
        self.cleaning = True
        self.silences = self.broken_off = 0
        behind: list[str] = []
        for thing in self.world.left():
            if thing not in self.world.left():
                continue
            name = f"{thing.resource.name} {thing.id}"
            try:
                gone = thing.tries < MAX_TRIES and self._resolved(self.world.undo(thing), [])
            except (Unavailable, Stop, KeyboardInterrupt):
                gone = False
            self.cleaning = True
            if not gone:
                behind.append(name)
        return behind


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [text for member in members for text in _texts(member)]
