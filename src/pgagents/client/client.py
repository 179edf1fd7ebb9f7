"""Call actions of a catalogue on a running server as an agent's host does, also from synchronous code."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import json
import random
import time
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response, Silence, json_bytes, read_json
from pgagents.base.jsonschema.schema import resolve
from pgagents.base.text import brief, did_you_mean, name_arguments
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.answers import find_next_page, values_for
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Dispatcher, Surface
from pgagents.client.answer import Answer, answer_of, make_refusal
from pgagents.client.arguments import Arguments
from pgagents.client.attempts import Backoff, Ended, Patience, attempts, repeatable
from pgagents.client.environment import CommandSecrets
from pgagents.client.form import form
from pgagents.client.keys import ClientKeys
from pgagents.client.send import Send, Sender, request_of
from pgagents.generate.actions import index_actions

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal


Told = Callable[[Backoff], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Question:
    """A question to a person, before a call that needs confirmation."""

    action: str
    title: str
    body: str
    arguments: Mapping[str, Any]


Confirm = Callable[[Question], bool]


class Client:
    """Calls actions. Many tasks may use one client at once.

    No state of a call is kept, except the times of calls whose equals are one (`equal_calls_s`).

    `key` is the secret, or a mapping of the schemes' names to theirs. `confirm` is called before an action
    that needs confirmation; without it such a call is refused unless it has `confirmed=True`. `own_tools`
    leads to the actions that only an MCP server has, and `reach` to a token endpoint on another host.
    `commands` print keys anew, which are under their schemes' names in `key` too. `servers` are the addresses
    of the API's other servers by name, empty for that of `send`; actions of others are refused.
    `sleep`, `clock` and `rng` can be replaced by tests.
    """

    def __init__(
        self,
        model: Model,
        send: Send,
        key: str | Mapping[str, str] = "",
        *,
        patience: Patience | None = None,
        confirm: Confirm | None = None,
        reach: Callable[[str], Sender] = Sender,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
        own_tools: Dispatcher | None = None,
        commands: CommandSecrets | None = None,
        servers: Mapping[str, str] | None = None,
    ) -> None:
        self.model, self._servers = model, servers or {}
        self._own_tools = own_tools
        self._send, self._patience, self._confirm = send, patience or Patience(), confirm
        self._sleep, self._clock, self._rng = sleep, clock, rng or random.SystemRandom()
        self._reach = reach
        self._keys = ClientKeys(model, key, commands, self._send_elsewhere, clock)
        self._shared_keys = SharedKeys()
        self._arguments: dict[tuple[str, str], Arguments] = {}
        self._names: dict[str, dict[str, Action]] = {}

    def with_keys(self, key: str | Mapping[str, str]) -> Client:
        """Return a client with other keys, which uses the same connections."""
        made = copy.copy(self)
        made._keys = ClientKeys(self.model, key, None, made._send_elsewhere, self._clock)
        return made

    def with_tokens(self) -> Client:
        """Return a client whose secrets are access tokens, which need no exchange."""
        made = copy.copy(self)
        plain = {name: replace(c, exchange=None) for name, c in self.model.credentials.items()}
        made.model = replace(self.model, credentials=plain)
        return made.with_keys({})

    async def answer(self, name: str, message: Any, *, confirmed: bool = False) -> dict[str, Any]:
        """Make the call in a vendor's message, and return the vendor's answer; errors are answers too.

        `name` is a format's (`gemini`, `openai`, `anthropic` …). Raises PgagentsError if the message has
        another format, or if the catalogue has no surface for that vendor.
        """
        return (await self.outcome(name, message, confirmed=confirmed))[0]

    async def outcome(
        self, name: str, message: Any, *, confirmed: bool = False, told: Told | None = None
    ) -> tuple[dict[str, Any], Answer]:
        """Like `answer`, and return the outcome as well. `told` is awaited before each wait."""
        vendor = form(name)
        call = vendor.read(message)
        surface = self.surface(vendor.surface)
        if call.arguments is None:
            answer = make_refusal(call.name, "invalid_arguments", call.problem)
        else:
            answer = await self.tool(surface, call.name, call.arguments, confirmed=confirmed, told=told)
        return vendor.write(call, answer), answer

    async def tool(
        self,
        surface: Surface,
        name: str,
        arguments: Mapping[str, Any],
        *,
        confirmed: bool = False,
        told: Told | None = None,
        caller: str = "",
    ) -> Answer:
        """Call the action that a surface offers under this name; a model cannot set header arguments.

        `caller` distinguishes callers whose equal calls are not one, where several use this client.
        """
        action = self.index_actions(surface).get(name)
        if action is None:
            help = did_you_mean(name, self.index_actions(surface))
            return make_refusal(
                brief(name),
                "unknown_tool",
                f"there is no tool `{brief(name)}`" + (f"; {help}" if help else ""),
            )
        params = tuple(p for p in surface.params(action) if p.place != "header")
        return await self._call(action, params, arguments, surface, confirmed, told, caller)

    async def call(
        self, name: str, arguments: Mapping[str, Any], *, confirmed: bool = False, told: Told | None = None
    ) -> Answer:
        """Call an action by its name in the catalogue, or a former name. Raises PgagentsError for an
        unknown one.
        """
        action = self.model.action(name) or self.model.former(name)
        if action is None:
            raise PgagentsError(
                f"there is no action `{brief(name)}`",
                did_you_mean(name, [a.name for a in self.model.actions]),
            )
        return await self._call(action, action.params, arguments, None, confirmed, told)

    def index_actions(self, surface: Surface) -> dict[str, Action]:
        """Return the surface's actions by their names on it, former names last."""
        if surface.name not in self._names:
            self._names[surface.name] = index_actions(surface)
        return self._names[surface.name]

    def surface(self, name: str) -> Surface:
        """Return the surface of this name. Raises PgagentsError where the catalogue has none."""
        if name not in self.model.surfaces:
            raise PgagentsError(
                f"the catalogue has no `surfaces.{name}`",
                "add it, with the actions that this vendor's models are offered",
            )
        return self.model.surfaces[name]

    async def _call(
        self,
        action: Action,
        params: tuple[Param, ...],
        arguments: Mapping[str, Any],
        surface: Surface | None,
        confirmed: bool,
        told: Told | None,
        caller: str = "",
    ) -> Answer:
        takes = self._get_arguments(action, params, f"surface {surface.name}" if surface else "")
        given = takes.normalize(arguments)
        if problems := takes.list_problems(given):
            message = "; ".join(f"{name}: {why}" if name else why for name, why in problems)
            return make_refusal(action.name, "invalid_arguments", message, field=problems[0][0] or None)
        given = given if surface is None else surface.complete(action, given)
        dispatcher = None if action.on_rest else self.model.find_dispatcher(action) or self._own_tools
        own = dispatcher is None or self.model.is_only_tool(action)
        needs = action.security if own else self.model.shared_security
        schemes = self._keys.choose(needs)
        if refused := self._refuse(action, dispatcher, needs, schemes):
            return refused
        if not confirmed and (why := self._require_confirmation(action, given)):
            return make_refusal(action.name, "confirmation_required", why)
        given, keyed = self._with_idempotency_key(action, given, caller)
        if surface is not None and any(p.required for p in action.params if p.name == action.if_match):
            # a model sets no headers, and `*` matches every version
            given = {str(action.if_match): "*", **given}
        headers = surface.headers if surface else None
        json_rpc = dispatcher is not None and dispatcher.json_rpc

        async def send(proof: Sequence[tuple[Credential, str]]) -> Ended:
            request = self._make_request(action, given, dispatcher, proof, headers)
            return await self._send_with_retries(action, request, keyed, told, json_rpc)

        ended = await self._keys.send(schemes, send)
        if isinstance(ended, str):
            return make_refusal(action.name, "no_token", ended)
        answer = answer_of(
            self.model,
            action,
            ended.came,
            secrets=self._keys.secrets,
            uncertain=ended.uncertain,
            retry_after_s=ended.retry_after_s,
        )
        return replace(answer, next=find_next(self.model, action, given, answer.data, ended.came))

    def _refuse(
        self,
        action: Action,
        dispatcher: Dispatcher | None,
        needs: tuple[tuple[str, ...], ...],
        schemes: Sequence[str],
    ) -> Answer | None:
        """Return the refusal of an action that this client cannot call; None if it can."""
        if dispatcher is None and not action.on_rest:
            return make_refusal(action.name, "not_callable", "only an MCP server has it, as a tool")
        if dispatcher is None and action.server is not None and action.server not in self._servers:
            return make_refusal(action.name, "no_address", self._describe_no_address(action))
        if needs and not schemes and () not in needs:
            return make_refusal(action.name, "no_key", self._keys.explain_lacking(needs))
        if action.signed is not None:
            return make_refusal(action.name, "not_callable", "only its sender calls it, with a signature")
        return None

    def _make_request(
        self,
        action: Action,
        given: Mapping[str, Any],
        dispatcher: Dispatcher | None,
        proof: Sequence[tuple[Credential, str]],
        headers: Mapping[str, str] | None,
    ) -> Request:
        """Return the request of a call, to the server that has its path. No text says null, so a query or a
        header is left out instead.
        """
        if dispatcher is None:
            texts = {
                str(p.name) for p in action.params if p.place in ("query", "header", "cookie") and not p.json
            }
            given = {name: value for name, value in given.items() if value is not None or name not in texts}
        request = request_of(action, given, dispatcher=dispatcher, proof=proof, headers=headers)
        elsewhere = self._servers.get(str(action.server), "") if dispatcher is None else ""
        return replace(request, server=elsewhere) if elsewhere else request

    def _describe_no_address(self, action: Action) -> str:
        named = self.model.servers[str(action.server)].url
        return (
            f"it is at another server, `{action.server}`, whose address here is not known: the catalogue's "
            f"is {named}, and keys of this server do not go there; give --server {action.server}=URL"
        )

    async def _send_elsewhere(self, base: str, request: Request) -> Response | Silence:
        """Send to the API's server, or to the host at `base` unless it is empty."""
        if not base:
            return await self._send(request)
        sender = self._reach(base)
        try:
            return await sender(request)
        finally:
            await sender.close()

    def _get_arguments(self, action: Action, params: tuple[Param, ...], which: str) -> Arguments:
        """Return the cached arguments of these parameters; `which` distinguishes several choices of an
        action's parameters.
        """
        at = (which, str(action.name))
        if at not in self._arguments:
            self._arguments[at] = Arguments(self.model, action, params)
        return self._arguments[at]

    def _require_confirmation(self, action: Action, arguments: Mapping[str, Any]) -> str:
        """Return why a call may not be made yet; empty if it may."""
        if action.confirm_body is None:
            return ""
        body = name_arguments(
            str(action.confirm_body), {name: brief(str(value)) for name, value in arguments.items()}
        )
        question = Question(action.name, str(action.confirm_title or action.title), body, arguments)
        if self._confirm is None:
            return f"ask the user first: {question.body}"
        return "" if self._confirm(question) else "the user said no"

    def _with_idempotency_key(
        self, action: Action, given: dict[str, Any], caller: str
    ) -> tuple[dict[str, Any], bool]:
        """Return the arguments with an idempotency key, if the action has one and its schema allows ours.

        It is a new one, unless the catalogue says that equal calls within some time are one. The second value
        is True if the call has an idempotency key.
        """
        name = action.idempotency
        param = action.param(name) if name else None
        if param is None or name in given:
            return given, param is not None
        takes = self._get_arguments(action, (param,), "idempotency key")
        made = uuid.uuid4()
        if action.equal_calls_s is not None:
            call = [caller, self._keys.holder, str(action.name), given]
            made = self._shared_keys.find(call, action.equal_calls_s, self._clock())
        for value in (str(made), made.hex, made.hex[:16]):
            if not takes.list_problems({str(param.name): value}):
                return {**given, str(param.name): value}, True
        return given, False

    async def _send_with_retries(
        self, action: Action, request: Request, keyed: bool, told: Told | None, json_rpc: bool
    ) -> Ended:
        again = repeatable(action, keyed=keyed)
        steps = attempts(
            self.model, action, request, self._patience, again=again, clock=self._clock, rng=self._rng
        )
        came = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration as stop:
                ended: Ended = stop.value
                return ended
            if isinstance(step, Backoff):
                if told is not None:
                    await told(step)
                await self._sleep(step.seconds)
                came = None
            else:
                came = await self._send_elsewhere(step.server, step)
                if json_rpc and isinstance(came, Response):
                    came = unwrap(self.model, came)


# -- connections


@asynccontextmanager
async def connect(
    model: Model, url: str, key: str | Mapping[str, str] = "", *, cacert: str | None = None, **more: Any
) -> AsyncIterator[Client]:
    """Yield a client of the server at `url`; `more` goes to `Client`."""
    async with connect_by(model, Sender(url, cacert=cacert), key, **more) as client:
        yield client


@asynccontextmanager
async def connect_by(
    model: Model, sender: Sender, key: str | Mapping[str, str] = "", **more: Any
) -> AsyncIterator[Client]:
    """Yield a client that sends through `sender` and closes it at the end. `more` goes to `Client`."""
    try:
        yield Client(model, sender, key, reach=sender.make_other, **more)
    finally:
        await sender.close()


# -- synchronous code


class Blocking:
    """A `Client` whose calls block. Several threads may use it at once."""

    def __init__(self, portal: BlockingPortal, client: Client) -> None:
        self._portal, self._client = portal, client

    def answer(self, name: str, message: Any, *, confirmed: bool = False) -> dict[str, Any]:
        """See `Client.answer`."""
        return self._portal.call(partial(self._client.answer, name, message, confirmed=confirmed))

    def call(self, name: str, arguments: Mapping[str, Any], *, confirmed: bool = False) -> Answer:
        """See `Client.call`."""
        return self._portal.call(partial(self._client.call, name, arguments, confirmed=confirmed))


@contextmanager
def connect_blocking(model: Model, url: str, key: str = "", **more: Any) -> Iterator[Blocking]:
    """Yield a blocking client of the server at `url`; `more` goes to `connect`."""
    from anyio.from_thread import start_blocking_portal

    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(connect(model, url, key, **more)) as client,
    ):
        yield Blocking(portal, client)


# -- next pages


MOST_CHARACTERS = 4_000
"""Longest value that is passed on, in characters, because a foreign server chose it."""


def find_next(
    model: Model, action: Action, given: Mapping[str, Any], data: Any, came: Response | Silence
) -> dict[str, Any] | None:
    """Return the argument that requests the page after an answer, or None on the last page.

    A URL is not followed: only the argument's value is read from it, so no key is sent elsewhere.
    """
    pages = action.pages
    if pages is None or not isinstance(came, Response) or not 200 <= came.status < 300:
        return None
    schemas = {str(p.name): resolve(p.schema, model.schemas) for p in action.params}
    usual = {name: schema["default"] for name, schema in schemas.items() if "default" in schema}
    found = find_next_page(pages, values_for({**usual, **given}, data, came))
    if found is None or found.value is None or len(str(found.value)) > MOST_CHARACTERS:
        return None
    kinds = schemas[pages.argument].get("type", ())
    digits = isinstance(found.value, str) and found.value.isascii() and found.value.isdecimal()
    whole = bool(found.url) and digits and (kinds == "integer" or "integer" in kinds)
    return {pages.argument: int(found.value) if whole else found.value}


def format_next(action: str, next: Mapping[str, Any]) -> str:
    """Return one line for a person or a model: which argument requests the next page."""
    told = ", ".join(f"{name}={_one_line(value)}" for name, value in next.items())
    return f"There is a further page: call {action} again with the same arguments and {told}"


def _one_line(value: Any) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())


# -- one idempotency key for equal calls


MOST = 10_000
"""The number of calls that are remembered, the latest ones."""


class SharedKeys:
    """The keys of calls by caller, tool and arguments.

    A key is made of the call and of the period in which the first of its equals came. So a server that was
    started again, or another worker, makes the same one, unless a period has ended in between.
    """

    def __init__(self) -> None:
        self._first: OrderedDict[str, float] = OrderedDict()

    def find(self, call: Any, period_s: int, now: float) -> uuid.UUID:
        """Return the key of a call. `now` is in seconds; the period begins with the first equal call."""
        text = hashlib.sha256(json.dumps(call, sort_keys=True).encode()).hexdigest()
        first = self._first.get(text)
        if first is None or not first <= now < first + period_s:
            first = now
            self._first[text] = now
        self._first.move_to_end(text)
        while len(self._first) > MOST:
            self._first.popitem(last=False)
        period = int(first // period_s)
        return uuid.UUID(bytes=hashlib.sha256(f"{text} {period_s} {period}".encode()).digest()[:16])


# -- answers of a JSON-RPC dispatcher


UNREADABLE = 502
PARSE_ERROR, INTERNAL = -32700, -32603


def unwrap(model: Model, came: Response) -> Response:
    """Return the action's answer from a JSON-RPC message.

    An error without the API's body gets a status that corresponds to its number.
    """
    if came.status != 200 or not came.body:
        return came
    message = read_json(came.body).value
    if not isinstance(message, Mapping) or ("result" in message) == ("error" in message):
        return replace(came, status=UNREADABLE, body=b"")
    if "result" in message:
        return replace(came, body=json_bytes(message["result"]))
    error = message["error"] if isinstance(message["error"], Mapping) else {}
    data = error.get("data")
    code = model.error_reader.read(0, data).code
    if code is None:
        framework = model.errors.framework
        number = error.get("code")
        names = {PARSE_ERROR: framework.bad_body, INTERNAL: framework.crashed}
        code = model.codes[names.get(number if isinstance(number, int) else 0) or framework.invalid]
    return replace(came, status=code.status, body=json_bytes(data if data is not None else {}))
