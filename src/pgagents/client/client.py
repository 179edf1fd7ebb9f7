"""Call actions of a catalogue on a running server as an agent's host does.

It checks arguments, repeats calls, and adds an idempotency key.

```python async with connect(load_file("catalogue.yaml"), url, key) as client: for call in
response.choices[0].message.tool_calls: messages.append(await client.answer("openai", call)) ```
"""

from __future__ import annotations

import asyncio
import copy
import random
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from pgagents.client.answer import Answer, answer_of, make_refusal
from pgagents.client.arguments import Arguments
from pgagents.client.attempts import Backoff, Ended, Patience, attempts, repeatable
from pgagents.client.form import form
from pgagents.client.json_rpc import unwrap
from pgagents.client.paging import find_next
from pgagents.client.request import request_of
from pgagents.client.secret_command import CommandSecrets
from pgagents.client.send import Send, Sender
from pgagents.client.token import Issued, find_address, make_token_request, read_token
from pgagents.errors import PgagentsError
from pgagents.generate.formerly import index_actions
from pgagents.http import Request, Response, Silence
from pgagents.model.action import Action
from pgagents.model.argument import Param
from pgagents.model.credential import Credential
from pgagents.model.identity import choose, find_secret, list_secrets, name_holder
from pgagents.model.model import Model
from pgagents.model.surface import Dispatcher, Surface
from pgagents.text.brief import brief
from pgagents.text.nearest import did_you_mean

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
    """Calls actions. Many tasks may use one client at once; no state of a call is kept.

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
        self._keys = _list_keys(model, key)
        self._secrets = tuple(list_secrets(model, self._keys))
        self._commands = commands
        self._sleep, self._clock, self._rng = sleep, clock, rng or random.SystemRandom()
        self._reach, self._tokens = reach, dict[str, Issued]()
        self._fetching = asyncio.Lock()
        self._arguments: dict[tuple[str, str], Arguments] = {}
        self._names: dict[str, dict[str, Action]] = {}

    def with_keys(self, key: str | Mapping[str, str]) -> Client:
        """Return a client with other keys, which uses the same connections."""
        made = copy.copy(self)
        made._keys = _list_keys(self.model, key)
        made._secrets = tuple(list_secrets(self.model, made._keys))
        made._commands, made._tokens, made._fetching = None, {}, asyncio.Lock()
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
    ) -> Answer:
        """Call the action that a surface offers under this name; a model cannot set header arguments."""
        action = self.index_actions(surface).get(name)
        if action is None:
            help = did_you_mean(name, self.index_actions(surface))
            return make_refusal(
                brief(name),
                "unknown_tool",
                f"there is no tool `{brief(name)}`" + (f"; {help}" if help else ""),
            )
        params = tuple(p for p in surface.params(action) if p.place != "header")
        return await self._call(action, params, arguments, surface, confirmed, told)

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
    ) -> Answer:
        takes = self._get_arguments(action, params, f"surface {surface.name}" if surface else "")
        given = takes.normalize(arguments)
        if faults := takes.faults(given):
            message = "; ".join(f"{name}: {why}" if name else why for name, why in faults)
            return make_refusal(action.name, "invalid_arguments", message, field=faults[0][0] or None)
        given = given if surface is None else surface.complete(action, given)
        dispatcher = None if action.on_rest else self.model.find_dispatcher(action) or self._own_tools
        if dispatcher is None and not action.on_rest:
            return make_refusal(action.name, "not_callable", "only an MCP server has it, as a tool")
        if dispatcher is None and action.server is not None and action.server not in self._servers:
            return make_refusal(action.name, "no_address", self._describe_no_address(action))
        own = dispatcher is None or self.model.is_only_tool(action)
        needs = action.security if own else self.model.shared_security
        schemes = choose(self.model, self._keys, "main", needs)
        if needs and not schemes and () not in needs:
            return make_refusal(action.name, "no_key", self._no_key(needs))
        if action.signed is not None:
            return make_refusal(action.name, "not_callable", "only its sender calls it, with a signature")
        if not confirmed and (why := self._require_confirmation(action, given)):
            return make_refusal(action.name, "confirmation_required", why)
        given, keyed = self._with_idempotency_key(action, given)
        if surface is not None and any(p.required for p in action.params if p.name == action.if_match):
            # a model sets no headers, and `*` matches every version
            given = {str(action.if_match): "*", **given}
        proof = await self._prove(schemes)
        if isinstance(proof, str):
            return make_refusal(action.name, "no_token", proof)
        headers = surface.headers if surface else None
        json_rpc = dispatcher is not None and dispatcher.json_rpc
        request = self._make_request(action, given, dispatcher, proof, headers)
        ended = await self._send_with_retries(action, request, keyed, told, json_rpc)
        if self._is_over(schemes, ended.came):
            proof = await self._prove(schemes, renew=True)
            if not isinstance(proof, str):
                request = self._make_request(action, given, dispatcher, proof, headers)
                ended = await self._send_with_retries(action, request, keyed, told, json_rpc)
        self._confirm_keys(schemes, ended.came)
        answer = answer_of(
            self.model,
            action,
            ended.came,
            secrets=(*self._secrets, *(issued.token for issued in self._tokens.values())),
            uncertain=ended.uncertain,
            retry_after_s=ended.retry_after_s,
        )
        return replace(answer, next=find_next(self.model, action, given, answer.data, ended.came))

    def _make_request(
        self,
        action: Action,
        given: Mapping[str, Any],
        dispatcher: Dispatcher | None,
        proof: Sequence[tuple[Credential, str]],
        headers: Mapping[str, str] | None,
    ) -> Request:
        """Return the request of a call, to the server that has its path."""
        request = request_of(action, given, dispatcher=dispatcher, proof=proof, headers=headers)
        elsewhere = self._servers.get(str(action.server), "") if dispatcher is None else ""
        return replace(request, server=elsewhere) if elsewhere else request

    def _describe_no_address(self, action: Action) -> str:
        named = self.model.servers[str(action.server)].url
        return (
            f"it is at another server, `{action.server}`, whose address here is not known: the catalogue's "
            f"is {named}, and keys of this server do not go there; give --server {action.server}=URL"
        )

    async def _prove(
        self, schemes: Sequence[str], *, renew: bool = False
    ) -> list[tuple[Credential, str]] | str:
        """Return the credentials of a call, each with its secret or access token.

        If one is missing, return a text with the reason.
        """
        found = []
        for name in schemes:
            credential = self.model.credentials[name]
            try:
                await self._renew(name_holder(self.model, "main", name), refused=renew)
            except PgagentsError as error:
                return error.message
            secret = find_secret(self.model, self._keys, "main", name)
            if credential.exchange is not None:
                issued = await self._find_token(credential, secret, renew=renew)
                if isinstance(issued, str):
                    return f"the token endpoint gave no token: {issued}"
                secret = issued.token
            found.append((credential, secret))
        return found

    async def _renew(self, holder: str, *, refused: bool) -> None:
        """Run the command of a key again if the key has expired or was refused. Raises PgagentsError."""
        commands = self._commands
        if commands is None or holder not in commands.commands:
            return
        async with self._fetching:
            if refused:
                await asyncio.to_thread(commands.renew, holder)
            key = await asyncio.to_thread(commands.find, holder)
            if key != self._keys.get(holder):
                self._keys = {**self._keys, holder: key}
                self._secrets = (*self._secrets, *list_secrets(self.model, {holder: key}))

    async def _find_token(self, credential: Credential, secret: str, *, renew: bool) -> Issued | str:
        """Return a valid token. It is fetched once for all calls that wait for it."""
        before = self._tokens.get(credential.name)
        async with self._fetching:
            held = self._tokens.get(credential.name)
            if held is not None and self._clock() < held.until and not (renew and held is before):
                return held
            address = find_address(credential, str(self.model.api.server))
            request = make_token_request(credential, secret, address.path)
            issued = read_token(await self._send_elsewhere(address.base, request), self._clock())
            if isinstance(issued, Issued):
                self._tokens[credential.name] = issued
            return issued

    async def _send_elsewhere(self, base: str, request: Request) -> Response | Silence:
        """Send to the API's server, or to the host at `base` unless it is empty."""
        if not base:
            return await self._send(request)
        sender = self._reach(base)
        try:
            return await sender(request)
        finally:
            await sender.close()

    def _is_over(self, schemes: Sequence[str], came: Response | Silence | None) -> bool:
        """True if a call was refused for its key and can get another one.

        The token may have been revoked, or the key may have expired.
        """
        statuses = {code.status for code in (self.model.no_key, self.model.wrong_key) if code is not None}
        refused = isinstance(came, Response) and came.status in statuses
        commands = self._commands.commands if self._commands is not None else {}
        return refused and any(
            self.model.credentials[name].exchange is not None
            or name_holder(self.model, "main", name) in commands
            for name in schemes
        )

    def _confirm_keys(self, schemes: Sequence[str], came: Response | Silence | None) -> None:
        """Note that a call was not refused for its keys, so that their commands may run again later."""
        if self._commands is not None and isinstance(came, Response) and not self._is_over(schemes, came):
            for name in schemes:
                self._commands.confirm(name_holder(self.model, "main", name))

    def _get_arguments(self, action: Action, params: tuple[Param, ...], which: str) -> Arguments:
        """Return the cached arguments of these parameters; `which` distinguishes several choices of an
        action's parameters.
        """
        at = (which, str(action.name))
        if at not in self._arguments:
            self._arguments[at] = Arguments(self.model, action, params)
        return self._arguments[at]

    def _no_key(self, needs: tuple[tuple[str, ...], ...]) -> str:
        names = next((one for one in needs if one), ())
        lacking = [n for n in names if not find_secret(self.model, self._keys, "main", n)]
        credential = self.model.credentials[lacking[0]]
        issued = f"; one is issued at {credential.issue_at}" if credential.issue_at else ""
        which = "" if credential is self.model.credential else f" for `{credential.name}`"
        return f"no API key{which} is set where this is run{issued}"

    def _require_confirmation(self, action: Action, arguments: Mapping[str, Any]) -> str:
        """Return why a call may not be made yet; empty if it may."""
        if action.confirm_body is None:
            return ""
        question = Question(
            action.name, str(action.confirm_title or action.title), str(action.confirm_body), arguments
        )
        if self._confirm is None:
            return f"ask the user first: {question.body}"
        return "" if self._confirm(question) else "the user said no"

    def _with_idempotency_key(self, action: Action, given: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """Return the arguments with a new idempotency key, if the action has one and its schema allows ours.

        The second value is True if the call has an idempotency key.
        """
        name = action.idempotency
        param = action.param(name) if name else None
        if param is None or name in given:
            return given, param is not None
        takes = self._get_arguments(action, (param,), "idempotency key")
        made = uuid.uuid4()
        for value in (str(made), made.hex, made.hex[:16]):
            if not takes.faults({str(param.name): value}):
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


def _list_keys(model: Model, key: str | Mapping[str, str]) -> dict[str, str]:
    """Return the keys by the names that `identity` uses."""
    if isinstance(key, str):
        return {"main": key} if key else {}
    return {name_holder(model, "main", name): secret for name, secret in key.items() if secret}


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
