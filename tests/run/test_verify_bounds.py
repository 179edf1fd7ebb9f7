"""State held to its bounds: each small slip of a server breaks the very contract that is about it, and the
plain sandbox none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from faults.events import signed_call_replayed
from inprocess import Inside, inside, over_tls, verify_sandbox
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.report.contract import Verdict
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.deliver import sign
from pgagents.sandbox.fault_declaration import Context
from pgagents.verify.checks.oauth import token_scopes
from pgagents.verify.plan.options import Options
from pgagents.verify.wire.encode import compact
from pgagents.verify.wire.oauth import challenge
from verifying import ids, model, run

Mismatch = Callable[[Handler, Inside, Context], Handler]


def broken_by(slip: Mismatch, *only: str, **options: Any) -> list[str]:
    """The contracts that a sandbox with that slip breaks."""
    opened = inside(model())
    context = Context(
        model(), opened.sandbox.front, opened.sandbox.front.rng, opened.sandbox.courier, opened.sleep
    )
    handler = slip(over_tls(opened.sandbox.handler), opened, context)
    keys = {**opened.keys, "main": opened.sandbox.tokens["test"]} if options.get("limits") else None
    report = verify_sandbox(model(), opened, Options(only=only, **options), handler=handler, keys=keys)
    assert ids(report, Verdict.UNTESTED) == []
    return ids(report, Verdict.BROKEN)


def form(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode("utf-8", "replace")))


def with_form(request: Request, **values: str) -> Request:
    return replace(request, body=urlencode({**form(request), **values}).encode())


def at_token(change: Callable[[dict[str, str], Inside], dict[str, str]]) -> Mismatch:
    """Other parameters than were sent to the token endpoint."""

    def slip(handler: Handler, opened: Inside, _: Context) -> Handler:
        def repair(request: Request) -> Request:
            return (
                with_form(request, **change(form(request), opened))
                if request.path == "/oauth/token"
                else request
            )

        return fault_helpers.repairs(handler, repair)

    return slip


def redirect_unbound(given: dict[str, str], opened: Inside) -> dict[str, str]:
    return {"redirect_uri": opened.client.redirect_uri} if "redirect_uri" in given else {}


def client_unbound(given: dict[str, str], opened: Inside) -> dict[str, str]:
    client = opened.client
    return (
        {"client_id": client.client_id, "client_secret": ""}
        if given.get("client_id") == client.other.client_id
        else {}
    )


def refresh_widens(handler: Handler, opened: Inside, _: Context) -> Handler:
    def answer(request: Request) -> Response | Silence:
        wider = request.path == "/oauth/token" and form(request).get("scope")
        found = handler(with_form(request, scope="read") if wider else request)
        if wider:
            store = opened.sandbox.front.store
            with store.transaction():
                store.run("UPDATE oauth_token SET scope = ?", wider)
        return found

    return answer


def plain_challenge(handler: Handler, *_: Any) -> Handler:
    def repair(request: Request) -> Request:
        query = dict(request.query)
        if request.path != "/oauth/authorize" or query.get("code_challenge_method") != "plain":
            return request
        query |= {"code_challenge": challenge(query["code_challenge"]), "code_challenge_method": "S256"}
        return replace(request, target=f"{request.path}?{urlencode(query)}")

    return fault_helpers.repairs(handler, repair)


def at_tokens(edit: Callable[[Response], Response]) -> Mismatch:
    """Other answers of the token endpoint."""

    def slip(handler: Handler, *_: Any) -> Handler:
        return fault_helpers.edits(
            handler, lambda request, answer: edit(answer) if request.path == "/oauth/token" else answer
        )

    return slip


def expiry_lie(answer: Response) -> Response:
    return answer.with_json({**json.loads(answer.body), "expires_in": 60}) if answer.status == 200 else answer


def scope_too_narrow(handler: Handler, opened: Inside, _: Context) -> Handler:
    grants, at = opened.sandbox.front.grants, [""]
    find = grants.key
    grants.key = lambda text, now: (
        replace(key, granted=()) if (key := find(text, now)) and "/holds/" in at[0] else key
    )

    def answer(request: Request) -> Response | Silence:
        at[0] = request.path
        return handler(request)

    return answer


@pytest.mark.parametrize(
    ("slip", "contract"),
    [
        (at_token(redirect_unbound), "oauth_grants/redirect_bound@rest"),
        (at_token(client_unbound), "oauth_grants/client_bound@rest"),
        (plain_challenge, "oauth_grants/challenge_method@rest"),
        (at_tokens(lambda answer: answer.with_header("Cache-Control", None)), "oauth_grants/not_stored@rest"),
        (at_tokens(expiry_lie), "oauth_grants/expiry_told@rest"),
        (refresh_widens, "oauth_grants/refresh_scope@rest"),
        (scope_too_narrow, "token_scopes/within/release_hold@rest"),
    ],
)
def test_a_slip_of_the_oauth_server_breaks_its_contract_alone(slip, contract):
    assert broken_by(slip, contract.partition("/")[0]) == [contract]


def what_is_left(answer: Response) -> Response:
    if answer.status != 200:
        return answer
    told = json.loads(answer.body)
    return answer.with_json({**told, "expires_in": told["expires_in"] - 1})


def test_a_token_may_be_told_to_end_when_the_seconds_that_are_left_are_over():
    """Microsoft Entra answers 3599."""
    assert broken_by(at_tokens(what_is_left), "oauth_grants") == []


def test_a_revocation_of_nothing_may_be_answered_200():
    """Doorkeeper answers so."""

    def slip(handler: Handler, *_: Any) -> Handler:
        return fault_helpers.edits(
            handler, lambda request, answer: Response(200) if request.path == "/oauth/revoke" else answer
        )

    assert broken_by(slip, "oauth_metadata") == []


def test_a_write_that_would_be_refused_for_nothing_is_not_made_with_a_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would change something, and a run keeps no journal of what a token of a user makes."""
    monkeypatch.setattr(token_scopes, "invalid_cases_of", lambda *_: iter(()))
    report = verify_sandbox(model(), inside(model()), Options(only=("token_scopes/within",)))
    why = "each call of it may change something"
    spared = {r.contract.action for r in report.results if r.reason == why}
    assert spared
    assert spared <= {str(action.name) for action in model().actions if action.effect == "write"}


def test_a_signature_for_later_may_be_taken():
    """Libraries of Stripe refuse old signatures alone."""

    def slip(handler: Handler, _: Inside, context: Context) -> Handler:
        resigned = signed_call_replayed.wrap(handler, context)

        def answer(request: Request) -> Response | Silence:
            given = re.match(r"t=(\d+),", request.header("Stripe-Signature") or "")
            ahead = given is not None and int(given[1]) > context.front.clock.now() + 300
            return (resigned if ahead else handler)(request)

        return answer

    assert broken_by(slip, "request_signatures") == []


class _Reread:
    """A decoder whose valid arguments of requests are changed: `change(action, values)`."""

    def __init__(self, inner: Any, change: Callable[[Any, dict[str, Any]], dict[str, Any]]) -> None:
        self._inner, self._change = inner, change

    def request(self, action: Any, *others: Any) -> Any:
        return self._changed(action, self._inner.request(action, *others))

    def members(self, action: Any, *others: Any) -> Any:
        return self._changed(action, self._inner.members(action, *others))

    def _changed(self, action: Any, found: Any) -> Any:
        if not hasattr(found, "values"):
            return found
        return replace(found, values=self._change(action, dict(found.values)))


def acts(context: Context, act: Callable[[Domain, AcceptedCall], Any], name: str) -> None:
    """Let `act` do what an action does; it gets the real domain, too."""
    inner = context.front.domain
    context.front.domain = lambda call: act(inner, call) if call.action.name == name else inner(call)


def keys_as(change: Callable[[Any, str], str]) -> Mismatch:
    """Idempotency keys as the server takes them."""

    def slip(handler: Handler, _: Inside, context: Context) -> Handler:
        def read(action: Any, values: dict[str, Any]) -> dict[str, Any]:
            name = action.idempotency
            return {**values, name: change(action, values[name])} if name in values else values

        context.front.decoder = _Reread(context.front.decoder, read)
        return handler

    return slip


def test_keys_that_each_action_has_for_itself_are_found_by_another_action():
    assert broken_by(keys_as(lambda action, key: f"{action.name}{key}"), "idempotency") == [
        "idempotency/other_action/create_session@rest"
    ]


def test_keys_of_all_api_keys_are_found_by_another_key(monkeypatch):
    from pgagents.sandbox import idempotency

    for name in ("earlier", "remember"):
        known = getattr(idempotency, name)
        monkeypatch.setattr(
            idempotency, name, lambda store, _, *rest, known=known: known(store, "everybody", *rest)
        )
    broken = broken_by(lambda handler, *_: handler, "idempotency")
    assert "idempotency/other_key/create_session@rest" in broken
    assert {id.split("/")[1] for id in broken} == {"other_key", "other_project"}


def every_type(handler: Handler, opened: Inside, _: Context) -> Handler:
    outbox = opened.sandbox.courier.outbox
    known = outbox._listening
    types = list(model().webhooks.events)
    outbox._listening = lambda _, tenant: list(
        dict.fromkeys(id for type in types for id in known(type, tenant))
    )
    return handler


def test_events_that_nobody_asked_for_are_found():
    assert "event_delivery/alone@rest" in broken_by(every_type, "event_delivery")


def signed_if(fits: Callable[[str, str, int, Request], Request | None]) -> Mismatch:
    """A signed call that also another signature opens: `fits(secret, mac, told, request)` gives the
    request that is then taken.
    """

    def slip(handler: Handler, opened: Inside, _: Context) -> Handler:
        secret = opened.sandbox.stripe_secret

        def repair(request: Request) -> Request:
            told = re.fullmatch(r"t=(\d+),v1=(\w+)", request.header("Stripe-Signature") or "")
            found = fits(secret, told[2], int(told[1]), request) if told else None
            now = opened.sandbox.front.clock.now()
            return (
                found.with_header("Stripe-Signature", sign(secret, found.body, now))
                if found is not None
                else request
            )

        return fault_helpers.repairs(handler, repair)

    return slip


def ahead(secret: str, mac: str, told: int, request: Request) -> Request | None:
    now = 1_776_000_000
    return request if told > now and sign(secret, request.body, told).endswith(mac) else None


def untimed(secret: str, mac: str, _: int, request: Request) -> Request | None:
    import hashlib
    import hmac

    return request if hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest() == mac else None


def reserialized(secret: str, mac: str, told: int, request: Request) -> Request | None:
    written = compact(request.body)
    return replace(request, body=written) if sign(secret, written, told).endswith(mac) else None


@pytest.mark.parametrize(("fits", "detail"), [(untimed, "untimed"), (reserialized, "bytes")])
def test_a_signature_that_should_not_fit_is_found(fits, detail):
    assert f"request_signatures/{detail}/receive_payment_event@rest" in broken_by(
        signed_if(fits), "request_signatures"
    )


def test_a_server_that_verifies_what_it_wrote_anew_is_found_by_odd_spaces():
    def slip(handler: Handler, *_: Any) -> Handler:
        return fault_helpers.repairs(
            handler, lambda r: replace(r, body=compact(r.body)) if r.path.endswith("/webhooks/stripe") else r
        )

    assert "request_signatures/spaced/receive_payment_event@rest" in broken_by(slip, "request_signatures")


def test_a_space_that_an_expired_hold_keeps_is_found():
    def slip(handler: Handler, opened: Inside, _: Context) -> Handler:
        opened.sandbox.front.store.script(
            "CREATE TRIGGER kept AFTER UPDATE OF status ON hold WHEN NEW.status = 'expired' "
            "BEGIN UPDATE lot SET available = available - 1 WHERE id = NEW.lot_id; END"
        )
        return handler

    assert broken_by(slip, "expires_on_time") == ["expires_on_time/returns/hold/check_availability@rest"]


def test_a_hold_of_another_project_that_may_be_named_where_none_need_be_is_found():
    def slip(handler: Handler, opened: Inside, context: Context) -> Handler:
        def act(inner: Domain, call: AcceptedCall) -> Any:
            opened.sandbox.front.store.run(
                "UPDATE hold SET tenant = ? WHERE id = ?", call.key.tenant, call.input.get("hold_id")
            )
            return inner(call)

        acts(context, act, "create_session")
        return handler

    broken = broken_by(slip, "absent_id/foreign/hold_id")
    assert set(broken) == {
        f"absent_id/foreign/hold_id/create_session@{surface}" for surface in ("rest", "dispatcher")
    }


def test_a_code_that_was_tried_wrongly_may_be_dead_and_every_way_is_still_tried():
    report = run(model(), variations=["oauth-code-burnt"], only=("oauth_grants",))
    assert {r.verdict for r in report.results if r.contract.check == "oauth_grants"} == {Verdict.KEPT}


def test_a_workflow_that_breaks_off_puts_back_what_the_operator_changed():
    opened = inside(model(), faults=["opt-out-ends-sessions"])
    before = opened.sandbox.front.store.rows("SELECT id, agents, rate_cents FROM lot ORDER BY id")
    report = verify_sandbox(model(), opened, Options(only=("workflow_runs/opt-out",)))
    assert ids(report, Verdict.BROKEN)
    assert opened.sandbox.front.store.rows("SELECT id, agents, rate_cents FROM lot ORDER BY id") == before
