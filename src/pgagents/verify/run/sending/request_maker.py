"""Make the HTTP request of a call: its key, its token, its signature, and the client that it looks like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from pgagents.client.keys.secret_command import CommandSecrets
from pgagents.errors import PgagentsError
from pgagents.http import Request, Response, Silence
from pgagents.model.credential import Credential
from pgagents.model.identity import choose, find_lacking, find_secret, has_all, name_holder
from pgagents.model.signature import schemes
from pgagents.verify.answers.request_ids import foreign
from pgagents.verify.cases.client_profiles import in_client_profile
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.instance import Unavailable
from pgagents.verify.oauth.renewals import Renewals
from pgagents.verify.oauth.tokens import Refused, Tokens, present_request
from pgagents.verify.run.sending.ready import Ready, Stop
from pgagents.verify.wire.call import Call, Signature, TokenRequest
from pgagents.verify.wire.credential import NOTHING, Proof, in_header, in_query, present, present_all
from pgagents.verify.wire.encode import request_of
from pgagents.verify.wire.signature import header_of

KEYLESS = "-"
"""The role of requests without a key, in whose name limits are counted."""


class RequestMaker:
    """Makes requests with the keys of a run, and renews the keys that expire or are refused.

    `keys` are the secrets by their holders. `now` gives the time of the run in epoch seconds. `send_aside`
    sends a request for a token, which belongs to no call.
    """

    def __init__(
        self,
        setting: Setting,
        keys: Mapping[str, str],
        commands: CommandSecrets | None,
        seed: int,
        *,
        now: Callable[[], float],
        send_aside: Callable[[Call, Request], Response | Silence],
    ) -> None:
        self.model, self.keys, self._servers = setting.model, keys, setting.servers
        self.renewals, self.tokens = Renewals(setting.model, commands), Tokens(setting.model, setting.reach)
        self._seed, self._own_id = seed, foreign(setting)
        self._now, self._send_aside = now, send_aside
        self.on_token: Callable[[str, str], None] = lambda _holder, _token: None
        """Called with each access token before it is used."""
        self.on_key: Callable[[str, str], None] = lambda _holder, _key: None
        """Called with each key that a command printed later, before it is used."""

    def make(self, ready: Ready) -> tuple[Request, str]:
        """Return the HTTP request of a call, and the role whose rate limit it uses."""
        call = ready.call
        if call.asks is not None:
            return present_request(self.model, self.keys, call.asks), KEYLESS
        proof = self._prove(call)
        request = request_of(call, ready.values, proof)
        if call.endpoint is not None and call.endpoint.server:
            request = replace(request, server=self._servers.get(call.endpoint.server, ""))
        request = self._misplace(call, request)
        request = in_client_profile(
            request,
            call,
            ready.values,
            self._seed,
            self._own_id,
            pages=self.model.behaviour.content_type == "json",
        )
        return self._sign_request(call, request), call.role if proof and not call.twist else KEYLESS

    def _prove(self, call: Call) -> Proof:
        """Return the credentials of a call; empty if it carries none."""
        if call.endpoint is not None and not call.endpoint.needs_key:
            return NOTHING
        if call.plain:  # whoever listens in on plain http must not hear a key
            return present(self.model.credential, "", "garbage")
        if call.raw.secret:
            names = next((one for one in self._list_alternatives(call) if len(one) == 1), ())
            return present_all((self.model.credentials[name], call.raw.secret) for name in names)
        return present_all(self._list_secrets(call), call.twist, call.twisted) if call.role else NOTHING

    def find_lacking(self, call: Call) -> str:
        """Return the identity that a call needs and this run lacks; empty if there is none."""
        if call.endpoint is None or not call.endpoint.needs_key or call.schemes is not None or call.twist:
            return ""
        needs = self._list_alternatives(call)
        if () in needs or call.raw.secret or not self.keys:
            return ""
        return find_lacking(self.model, self.keys, call.role, needs)

    def _list_alternatives(self, call: Call) -> tuple[tuple[str, ...], ...]:
        return call.endpoint.security if call.endpoint is not None else self.model.shared_security

    def _list_secrets(self, call: Call) -> list[tuple[Credential, str]]:
        """Return the credentials of a call, each with the secret of its role."""
        if call.schemes is not None:
            names = call.schemes if has_all(self.model, self.keys, call.role, call.schemes) else ()
        else:
            names = choose(self.model, self.keys, call.role, self._list_alternatives(call))
        for name in names:
            self._renew(name_holder(self.model, call.role, name))
        found = []
        for name in names:
            credential = self.model.credentials[name]
            secret = find_secret(self.model, self.keys, call.role, name)
            if credential.exchange is not None:
                secret = self._exchange(credential, secret, name_holder(self.model, call.role, name))
            found.append((credential, secret))
        return found

    def _renew(self, holder: str, *, refused: bool = False) -> bool:
        """Run the command that prints a new key, because the key expired or was refused. Return True if the
        key changed.

        Raises Stop if the main key's command fails, and Unavailable for another key's.
        """
        try:
            new = self.renewals.find_new(self.keys, holder, refused=refused)
        except PgagentsError as error:
            raise (Stop if holder.partition(".")[0] == "main" else Unavailable)(error.message) from None
        if new is None:
            return False
        self.keys = {**self.keys, holder: new}
        self.on_key(holder, new)
        return True

    def renew_refused(self, call: Call, answer: Response | Silence) -> list[str]:
        """Renew the keys of a call that were refused; return the holders of those that are new."""
        if call.twist or call.raw.secret or not call.role or not isinstance(answer, Response):
            return []
        if self.renewals.commands is None:
            return []
        names = choose(self.model, self.keys, call.role, self._list_alternatives(call))
        holders = [name_holder(self.model, call.role, name) for name in names]
        if not self.renewals.is_refusal(call.role, answer.status):
            for holder in holders if answer.status < 300 else ():
                self.renewals.commands.confirm(holder)
            return []
        return [holder for holder in holders if self._renew(holder, refused=True)]

    def _exchange(self, credential: Credential, secret: str, holder: str) -> str:
        """Return the access token for a client's secret.

        Raises Stop if the main client gets none, and Unavailable for another client.
        """
        asked = Call(None, {}, "document", "a token", role="", asks=TokenRequest(credential.name))
        send = partial(self._send_aside, asked)
        try:
            token = self.tokens.find(credential, secret, self._now(), send, holder.partition(".")[0])
        except Refused as error:
            raise (Stop if holder.partition(".")[0] == "main" else Unavailable)(str(error)) from None
        self.on_token(holder, token)
        return token

    def _misplace(self, call: Call, request: Request) -> Request:
        """Return the request with its key in a wrong place, if the call's twist demands it."""
        if call.twist in ("query", "header"):
            move = in_query if call.twist == "query" else in_header
            for index, (credential, secret) in enumerate(self._list_secrets(call)):
                if credential.name == call.twisted or (not call.twisted and index == 0):
                    request = move(credential, request, secret)
        return request

    def _sign_request(self, call: Call, request: Request) -> Request:
        """Return the request with a signature of its body, if the call needs one."""
        for name, value in call.input.items():
            param = call.endpoint.action.param(name) if call.endpoint else None
            if isinstance(value, Signature) and param is not None:
                scheme = schemes()[call.endpoint.action.signed.scheme] if call.endpoint else None
                assert scheme is not None
                told = header_of(value, scheme, self.keys.get(value.role, ""), request.body, self._now())
                request = request.with_header(param.wire, told)
        return request
