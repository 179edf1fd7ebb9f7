"""What keeps a promise could have broken it, and what breaks it has no other cause.

Probes are driven here without a server: a function answers their calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from importing import imported, openapi, operation
from language_table import model_of
from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.observation import read_counter
from pgagents.verify.checks.auth import project_isolation
from pgagents.verify.checks.oauth import client_credentials
from pgagents.verify.checks.rest import (
    arbitrary_text,
    conditional_calls,
    consistent_representations,
    conversion,
    cors_policy,
    declared_refusals,
    documented_status,
    echoes_input,
    expires_on_time,
    id_comparison,
    jobs,
    links_resolve,
    location,
    look_alike_input,
    merge_patch,
    nesting,
    own_members,
    partial_changes,
    safe_redirects,
)
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Check
from pgagents.verify.setting import Memory, Setting, setting_of
from pgagents.verify.wire.asking import answering
from pgagents.verify.wire.call import Call, InstanceRef, Intent, Raw, Twist
from pgagents.verify.wire.endpoint import Endpoint
from small_api import NOTES, URL, catalogue, with_resource
from test_own_probes import answer, exchange_of, find_trial
from verifying import model as park_graph

Server = Callable[[Call], Response | Silence]
COMMENT = {"id": "c-1", "text": "Oat milk?"}


def setting_for(model: Model) -> Setting:
    return setting_of(model, URL, roles=frozenset(("main",)))


def endpoint_of(setting: Setting, action: str) -> Endpoint:
    return next(e for e in setting.endpoints if str(e.action.name) == action)


def try_case(
    check: Check, setting: Setting, contract: str, server: Server, instance: dict[str, Any]
) -> tuple[dict[str, Judgement], list[Call]]:
    """Run the first probe for a contract. Return its last judgement of each contract, and its calls."""
    judged: dict[str, Judgement] = {}
    calls = list[Call]()

    def reply(step: Any) -> Any:
        if isinstance(step, Judgement):
            judged[step.contract] = step
        elif isinstance(step, InstanceRef):
            return instance
        elif isinstance(step, Call):
            calls.append(step)
            exchange = exchange_of(setting.model, step, server(step))
            exchange.number = len(calls)
            return exchange
        return None

    probe = next(p for p in check.list_probes(setting, setting.roles) if contract in p.contracts)
    with answering(reply):
        probe.run()
    return judged, calls


# -- ids in the other letter case

CHOSEN = (
    "input: {text: {type: string, minLength: 1, maxLength: 40, required: true}}",
    "input: {id: {type: string}, text: {type: string, minLength: 1, maxLength: 40, required: true}}",
)
HOST = (
    "    http: GET /notes/{note_id}\n    effect: read\n    input: {note_id: {type: string",
    "    http: GET /notes/{note_id}\n    effect: read\n    input: {note_id: {type: string, format: hostname",
)


@pytest.mark.parametrize(
    ("id", "change", "verdict", "odd"),
    [
        ("note-a", (), Verdict.BROKEN, False),
        ("01arz3ndektsv4rrffq69g5fav", (), Verdict.NOT_APPLICABLE, False),
        (2e22, (), Verdict.NOT_APPLICABLE, False),
        ("notes.example", (HOST,), Verdict.NOT_APPLICABLE, False),
        ("groceries", (CHOSEN,), Verdict.BROKEN, True),  # labels of GitHub
    ],
    ids=["an id", "a ULID", "a number", "a host's name", "a name that callers choose"],
)
def test_an_id_that_has_no_case_is_one_in_either(
    id: str | float, change: tuple[tuple[str, str], ...], verdict: Verdict, odd: bool
) -> None:
    note = {"id": id, "text": "Oat milk?"}
    setting, contract = setting_for(with_resource(*change)), "id_comparison/get_note@rest"
    judged, _ = try_case(id_comparison.CHECK, setting, contract, lambda _: answer(200, note), note)
    assert (judged[contract].verdict, judged[contract].odd) == (verdict, odd)


def test_another_that_has_the_id_in_the_other_case_shows_nothing() -> None:
    note = {"id": "note-a", "text": "Oat milk?"}
    setting, contract = setting_for(with_resource()), "id_comparison/get_note@rest"
    judged, _ = try_case(
        id_comparison.CHECK,
        setting,
        contract,
        lambda c: answer(200, {**note, "id": c.input["note_id"]}),
        note,
    )
    assert judged[contract].verdict is Verdict.UNTESTED


def test_a_part_of_an_id_is_sent_in_the_other_case() -> None:
    note = {"folder": "home", "slug": "milk", "text": "Buy milk"}
    setting, contract = setting_for(model_of("id-of-several")), "id_comparison/get_note@rest"

    def server(call: Call) -> Response:
        return answer(200, note) if str(call.input["folder"]).lower() == "home" else answer(404, {})

    judged, calls = try_case(id_comparison.CHECK, setting, contract, server, note)
    assert calls[0].input["folder"] == "HOME"
    assert judged[contract].verdict is Verdict.BROKEN


def test_a_code_of_what_no_call_makes_may_have_no_case() -> None:
    """Countries and currencies are found by `de` and by `DE`."""
    setting, contract = setting_for(park_graph()), "id_comparison/check_availability@rest"
    found = answer(200, {"lot_id": "lot_lionshead"})
    judged, _ = try_case(id_comparison.CHECK, setting, contract, lambda _: found, {"lot_id": "lot_lionshead"})
    assert (judged[contract].verdict, judged[contract].odd) == (Verdict.BROKEN, True)


def test_an_id_is_tried_where_its_own_thing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment of one note is not found under another, whatever the case of the note's id."""
    setting = setting_for(model_of("counts"))
    first = sorted(setting.endpoints, key=lambda endpoint: endpoint.place != "get_comment@rest")
    monkeypatch.setattr(Setting, "endpoints", property(lambda _: first))
    read = [(str(e.action.name), str(param.name)) for e, param, _ in id_comparison._list_readers(setting)]
    assert read[0] == ("get_comment", "comment_id")
    assert ("get_comment", "note_id") not in read


@pytest.mark.parametrize(
    ("also", "status", "odd"),
    [("", 201, [False]), ("200: {$ref: Note}, ", 200, []), ("", 200, [True])],
    ids=["made", "found, as documented", "made or found"],
)
def test_a_create_that_found_one_is_not_firm(also: str, status: int, odd: list[bool]) -> None:
    memory = Memory(
        setting_for(with_resource(("output: {201: {$ref: Note}}", f"output: {{{also}201: {{$ref: Note}}}}")))
    )
    if not also and status == 200:
        memory = Memory(
            setting_for(with_resource(("output: {201: {$ref: Note}}", "output: {200: {$ref: Note}}")))
        )
    judged = list[Judgement]()
    for number, text in enumerate(("one", "two")):
        call = Call(endpoint_of(memory.setting, "create_note"), {"text": text}, "valid", "a create")
        shown = exchange_of(memory.model, call, answer(status if number else 201, {"id": "n1", "text": text}))
        shown.fits = True
        judged = list(id_comparison.watch(shown, memory))
    assert [one.odd for one in judged if one.verdict is Verdict.BROKEN] == odd


# -- redirects


def redirected(
    method: str, status: int, location: str | None, text: str = NOTES, twist: Twist = ""
) -> list[Judgement]:
    """Return what the watcher says of a redirected call."""
    memory = Memory(setting_for(catalogue(text)))
    action = {"GET": "list_notes", "POST": "create_note", "PUT": "change_note", "DELETE": "delete_note"}
    intent: Intent = "auth" if twist else "valid"
    call = Call(endpoint_of(memory.setting, action[method]), {}, intent, "a call", twist=twist)
    headers = (("Location", location),) if location is not None else ()
    return list(safe_redirects.watch(exchange_of(memory.model, call, Response(status, headers, b"")), memory))


@pytest.mark.parametrize(
    ("method", "status", "verdict", "rank"),
    [
        ("GET", 301, Verdict.KEPT, None),
        ("POST", 307, Verdict.KEPT, None),
        ("POST", 301, Verdict.BROKEN, None),
        ("POST", 303, Verdict.BROKEN, Rank.ODD),
        ("PUT", 301, Verdict.BROKEN, Rank.ODD),
        ("DELETE", 302, Verdict.BROKEN, Rank.ODD),
    ],
)
def test_clients_change_the_method_of_a_post_alone(
    method: str, status: int, verdict: Verdict, rank: Rank | None
) -> None:
    (judged,) = redirected(method, status, "/elsewhere")
    assert (judged.verdict, judged.rank) == (verdict, rank)


@pytest.mark.parametrize(
    ("method", "status", "location", "rank"),
    [
        ("POST", 302, "/notes/n1", Rank.ODD),  # redirect_to of Rails
        ("POST", 302, "/notes/", None),
        ("GET", 302, "https://storage.example/notes?signature=1", Rank.ODD),
        ("GET", 302, "http://storage.example/notes?signature=1", None),
        ("GET", 301, "https://storage.example/notes", None),
        ("POST", 307, "https://storage.example/notes", None),
        ("GET", 302, "https://[::1", None),
    ],
)
def test_what_a_post_made_and_a_stored_file_may_be_elsewhere(
    method: str, status: int, location: str, rank: Rank | None
) -> None:
    (judged,) = redirected(method, status, location)
    assert (judged.verdict, judged.rank) == (Verdict.BROKEN, rank)


@pytest.mark.parametrize("location", ["/login", "https://login.example/authorize?x=1"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_call_without_a_key_may_lead_to_a_login(method: str, location: str) -> None:
    """Spring Security does so, with `formLogin` and with `oauth2Login`."""
    assert redirected(method, 302, location, twist="none") == []


@pytest.mark.parametrize(
    ("status", "found"), [(401, []), (302, []), (301, [Verdict.BROKEN]), (404, [Verdict.BROKEN])]
)
def test_a_login_needs_no_status_of_the_document(status: int, found: list[Verdict]) -> None:
    memory = Memory(setting_for(catalogue(NOTES, ("always: [UNAUTHORIZED]", "always: []"))))
    call = Call(endpoint_of(memory.setting, "list_notes"), {}, "auth", "a call without a key", twist="none")
    given = (("Location", "/login"),) if status < 400 else ()
    exchange = exchange_of(memory.model, call, Response(status, given, b""))
    assert [j.verdict for j in documented_status.watch(exchange, memory)] == found


FORBIDDEN = NOTES.replace("UNAUTHORIZED: {status: 401", "UNAUTHORIZED: {status: 403")


@pytest.mark.parametrize("text", [FORBIDDEN, FORBIDDEN.replace("403", "401")])
@pytest.mark.parametrize("status", [401, 403, 302])
def test_only_a_document_with_401_says_what_a_call_without_a_key_gets(text: str, status: int) -> None:
    """A document that lists 403 alone tells of rights; FastAPI's HTTPBearer sent 403 where 401 was listed."""
    memory = Memory(setting_for(catalogue(text)))
    call = Call(endpoint_of(memory.setting, "list_notes"), {}, "auth", "a call without a key", twist="none")
    exchange = exchange_of(memory.model, call, answer(status, {"detail": "who are you?"}))
    broken = [j for j in documented_status.watch(exchange, memory) if j.verdict is Verdict.BROKEN]
    assert bool(broken) == (text != FORBIDDEN and status != 401)


def test_a_limit_of_a_proxy_is_only_odd() -> None:
    memory = Memory(setting_for(catalogue()))
    call = Call(endpoint_of(memory.setting, "create_note"), {"text": "Hi"}, "valid", "a call")
    (judged,) = documented_status.watch(exchange_of(memory.model, call, answer(413, {})), memory)
    assert (judged.verdict, judged.odd) == (Verdict.BROKEN, True), "nginx takes 1 MB by itself"


def test_a_redirect_to_nowhere_is_not_kept() -> None:
    (judged,) = redirected("POST", 307, None)
    assert judged.verdict is Verdict.UNTESTED


READS_ALONE = NOTES[: NOTES.index("  create_note:")] + NOTES[NOTES.index("surfaces:") :]


def test_redirects_of_an_api_without_a_post_are_judged() -> None:
    (judged,) = redirected("GET", 301, "http://elsewhere.example/notes", READS_ALONE)
    assert judged.verdict is Verdict.BROKEN


@pytest.mark.parametrize(("status", "verdict"), [(500, Verdict.UNTESTED), (404, Verdict.KEPT)])
def test_a_failure_is_no_evidence_of_a_missing_redirect(status: int, verdict: Verdict) -> None:
    memory = Memory(setting_for(catalogue()))
    call = Call(endpoint_of(memory.setting, "create_note"), {}, "framework", "a POST", raw=Raw(slash=True))
    exchange = exchange_of(memory.model, call, answer(status, {}))
    assert [j.verdict for j in safe_redirects.watch(exchange, memory)] == [verdict]


# -- links

MADE = """    input: {text: {type: string, minLength: 1, maxLength: 40, required: true}}
    output: {201: {$ref: Note}}
"""
EXAMPLE = """    examples:
      one:
        input: {text: Hi}
        output: {id: n1, text: Hi, pin: secret1234, page: 'https://api.example.com/p/1'}
"""
NOTE = "properties: {id: {type: string}, text: {type: string}}\n    required: [id, text]"
URI = "page: {type: string, format: uri}"
LINKED = (
    NOTE,
    NOTE.replace(
        "}}\n",
        f"}}, {URI}, pin: {{type: string, secret: true}},\n      owner: {{properties: {{{URI}}}}}}}\n",
    ),
)
SHOWN = (MADE, f"{MADE}{EXAMPLE}")


def follow(serve: Server, **members: Any) -> tuple[Judgement, list[Call]]:
    """Return the verdict on the link of a note, and the calls for its page."""
    setting = setting_for(with_resource(LINKED, SHOWN))
    body = {"id": "n1", "text": "Hi", "page": f"{URL}/p/1", "pin": "secret1234", **members}
    contract = "links_resolve/page/create_note@rest"
    judged, calls = try_case(links_resolve.CHECK, setting, contract, serve, body)
    return judged[contract], calls


def html(status: int, text: str = "") -> Response:
    return Response(status, (("Content-Type", "text/html"),), text.encode())


def test_a_page_that_only_a_key_opens_is_there() -> None:
    judged, calls = follow(lambda call: html(404 if call.twist else 200))
    assert judged.verdict is Verdict.KEPT
    assert [call.twist for call in calls] == ["none", ""]
    assert follow(lambda _: html(404))[0].verdict is Verdict.BROKEN


@pytest.mark.parametrize("told", [html(429), html(503), Silence("timeout", "10 s")])
@pytest.mark.parametrize("keyed", [True, False])
def test_a_page_is_not_missing_where_a_call_was_put_off(told: Response | Silence, keyed: bool) -> None:
    judged, _ = follow(lambda call: html(404) if call.twist and keyed else told)
    assert judged.verdict is Verdict.UNTESTED


@pytest.mark.parametrize(("host", "odd"), [(URL, False), ("https://api.example.com", True)])
def test_a_page_of_the_public_host_may_be_another_servers(host: str, odd: bool) -> None:
    """A web application and its API share a host behind a proxy, and a run is at the API alone."""
    judged, _ = follow(lambda _: html(404), page=f"{host}/p/1")
    assert (judged.verdict, judged.odd) == (Verdict.BROKEN, odd)


def test_a_link_that_nobody_followed_keeps_nothing() -> None:
    judged, calls = follow(lambda _: html(404), page="https://elsewhere.example/p/1")
    assert (judged.verdict, judged.excused, calls) == (Verdict.UNTESTED, True, [])


def test_a_link_for_a_write_is_not_followed() -> None:
    """Express and Rails answer 404 to the GET of a path that is there for other methods."""
    setting = setting_for(
        with_resource(LINKED, SHOWN, ("http: PUT /notes/{note_id}", "http: PUT /p/{note_id}"))
    )
    contract = "links_resolve/page/create_note@rest"
    judged, calls = try_case(
        links_resolve.CHECK, setting, contract, lambda _: html(404), {"page": f"{URL}/p/1"}
    )
    assert (judged[contract].verdict, judged[contract].excused, calls) == (Verdict.UNTESTED, True, [])


@pytest.mark.parametrize(("status", "odd"), [(404, True), (500, False)])
def test_the_page_of_a_document_may_come_later(status: int, odd: bool) -> None:
    """A thumbnail is drawn by a job, and no document says when."""
    link = {"type": "string", "format": "uri"}
    note = {"type": "object", "properties": {"id": {"type": "string"}, "thumbnail": link}}
    shown = {"schema": note, "example": {"id": "n1", "thumbnail": "https://library.example/t/1"}}
    made = {"description": "So", "content": {"application/json": shown}}
    named = {"name": "note_id", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {
        "/notes": {"post": {"operationId": "makeNote", "responses": {"201": made}}},
        "/notes/{note_id}": {
            "get": {"operationId": "getNote", "parameters": [named], "responses": {"200": made}}
        },
    }
    setting = setting_for(imported(openapi(paths, security=[])).model)
    contract = "links_resolve/thumbnail/make_note@rest"
    body = {"id": "n1", "thumbnail": f"{URL}/t/1"}
    judged, _ = try_case(links_resolve.CHECK, setting, contract, lambda _: html(status), body)
    assert (judged[contract].verdict, judged[contract].odd) == (Verdict.BROKEN, odd)


def test_the_link_of_the_thing_itself_is_followed_and_not_that_of_its_owner() -> None:
    owner = {"page": f"{URL}/p/owner"}
    body = {"owner": owner, "page": f"{URL}/p/own"}
    setting = setting_for(with_resource(LINKED, SHOWN))
    contract = "links_resolve/page/create_note@rest"
    _, calls = try_case(links_resolve.CHECK, setting, contract, lambda _: html(200), body)
    assert [call.raw.target for call in calls] == ["/p/own"]


@pytest.mark.parametrize(
    ("pin", "link", "exposed"),
    [
        ("secret1234", "/p/1", True),
        ("password", "/p/1", False),
        ("secret1234", "/p/secret1234", False),
    ],
)
def test_a_secret_on_a_page_is_no_word_and_not_in_the_link(pin: str, link: str, exposed: bool) -> None:
    judged, _ = follow(lambda _: html(200, f"<p>password {pin}</p>"), pin=pin, page=f"{URL}{link}")
    assert judged.verdict is (Verdict.BROKEN if exposed else Verdict.KEPT)


# -- a part of a body

PUT = """    http: PUT /notes/{note_id}
    effect: write
    input:
      note_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}
      text: {type: string, minLength: 1, maxLength: 40, required: true}
"""
PATCH = """    http: PATCH /notes/{note_id}
    effect: write
    input:
      note_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}
      text: {type: string, minLength: 1, maxLength: 40}
      colour: {type: string, enum: [red, blue]}
      due: {type: [string, 'null'], enum: [soon, late, null]}
      version: {type: integer, minimum: 1}
"""
PATCHED = (PUT, PATCH)
MORE = ", colour: {type: string},\n      version: {type: integer}, due: {type: [string, 'null']}}\n"
MEMBERS = (NOTE, NOTE.replace("}\n", MORE))
FIRST = {"id": "n1", "text": "hello", "colour": "red", "due": None, "version": 1}


def patch(
    serve: Callable[[dict[str, Any], dict[str, Any]], bool | None], *changes: tuple[str, str]
) -> dict[str, Judgement]:
    """Return the verdicts on a PATCH; `serve` changes the note as a server does, or refuses by False."""
    setting, note = setting_for(with_resource(MEMBERS, PATCHED, *changes)), dict(FIRST)

    def server(call: Call) -> Response:
        if call.endpoint is None or call.endpoint.method != "PATCH":
            return answer(200, note)
        given = {k: v for k, v in call.input.items() if k != "note_id"}
        return answer(422, {"detail": "no"}) if serve(note, given) is False else answer(200, note)

    judged, _ = try_case(
        partial_changes.CHECK, setting, "partial_changes/named/change_note@rest", server, dict(FIRST)
    )
    return {id.split("/")[1]: judgement for id, judgement in judged.items()}


def test_a_right_patch_is_kept_although_the_version_moves() -> None:
    def serve(note: dict[str, Any], given: dict[str, Any]) -> None:
        note.update(given, version=note["version"] + 1)

    assert {k: j.verdict for k, j in patch(serve).items()} == {"named": Verdict.KEPT, "others": Verdict.KEPT}


def test_a_volatile_member_that_runs_down_by_itself_is_not_compared() -> None:
    """As the time to live of a Redis key, which a client may set."""

    def serve(note: dict[str, Any], given: dict[str, Any]) -> None:
        note.update(given, due="late" if note["due"] == "soon" else "soon")

    assert patch(serve)["others"].verdict is Verdict.BROKEN
    judged = patch(serve, ("    missing: NOT_FOUND\n", "    missing: NOT_FOUND\n    volatile: [due]\n"))
    assert {k: j.verdict for k, j in judged.items()} == {"named": Verdict.KEPT, "others": Verdict.KEPT}


def test_a_value_that_a_mark_made_the_former_one_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One address is laid over equal values of a contact, so an earlier PUT left the one that is sent."""
    plainly = partial_changes._Patch.send

    def send(self: Any, trial: Any, body: Any, values: dict[str, Any], why: str) -> Call:
        return plainly(self, trial, body, values | ({"text": "hello"} if "text" in values else {}), why)

    monkeypatch.setattr(partial_changes._Patch, "send", send)
    assert patch(lambda note, given: note.update(given))["named"].verdict is Verdict.KEPT
    assert patch(lambda _, __: None)["named"].member == "colour"


@pytest.mark.parametrize(
    ("guess", "late", "verdict"),
    [(True, 6, Verdict.KEPT), (True, 99, Verdict.BROKEN), (False, 6, Verdict.BROKEN)],
)
def test_a_change_that_a_read_shows_later_is_kept(
    guess: bool, late: int, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads of Microsoft Graph's directory lag behind its writes by some seconds."""
    monkeypatch.setattr(Resource, "is_seen_by_guess", guess)
    setting, shown, note, reads = setting_for(with_resource(MEMBERS, PATCHED)), dict(FIRST), dict(FIRST), 0

    def server(call: Call) -> Response:
        nonlocal reads
        if call.endpoint is not None and call.endpoint.method == "PATCH":
            note.update({k: v for k, v in call.input.items() if k != "note_id"})
            return answer(200, note)
        reads += 1
        return answer(200, note if reads >= late else shown)

    contract = "partial_changes/named/change_note@rest"
    judged, _ = try_case(partial_changes.CHECK, setting, contract, server, dict(FIRST))
    assert judged[contract].verdict is verdict


def test_the_second_member_that_is_ignored_is_found() -> None:
    """Beside others the text is ignored, alone it is taken; the colour is never taken."""

    def serve(note: dict[str, Any], given: dict[str, Any]) -> None:
        if given.keys() == {"text"}:
            note.update(given)
        elif "due" in given:
            note["due"] = given["due"]

    assert patch(serve)["named"].member == "colour"


def test_a_patch_of_which_nothing_was_seen_is_not_kept() -> None:
    """All members together are taken and changed by nobody; each alone is refused."""
    judged = patch(lambda _, given: False if len(given) == 1 else None)
    assert judged["named"].verdict is Verdict.UNTESTED


def test_a_patch_that_is_refused_leaves_no_evidence_of_a_reset() -> None:
    def serve(note: dict[str, Any], given: dict[str, Any]) -> bool:
        if given != {"text": note["text"]}:
            return False
        note.update(FIRST)
        note.update(given)
        return True

    judged = patch(serve)
    assert judged["named"].verdict is judged["others"].verdict is Verdict.UNTESTED


def test_a_patch_that_is_refused_whole_sets_its_members_one_by_one() -> None:
    def serve(note: dict[str, Any], given: dict[str, Any]) -> bool:
        if len(given) > 1:
            return False
        note.update(FIRST)
        note.update(given)
        return True

    assert patch(serve)["others"].verdict is Verdict.BROKEN


# -- a merge patch

MERGED = (PUT, PATCH.replace("write\n", "write\n    content_type: application/merge-patch+json\n"))
Merge = Callable[[dict[str, Any], dict[str, Any]], int | None]


def merge(
    serve: Merge, *changes: tuple[str, str], due: str | None = None
) -> tuple[dict[str, Judgement], list[dict[str, Any]]]:
    """Return the verdicts on the member `due` of a merge patch, and the bodies that were sent.

    A create shows the id alone, and a read shows `due` from the first.
    """
    setting, note = setting_for(with_resource(MEMBERS, MERGED, *changes)), {**FIRST, "due": due}
    sent = list[dict[str, Any]]()

    def server(call: Call) -> Response:
        if call.endpoint is None or call.endpoint.method == "GET":
            return answer(200, note)
        if call.endpoint.method == "POST":
            return answer(201, {"id": note["id"]})
        given = {k: v for k, v in call.input.items() if k != "note_id"}
        sent.append(given)
        told = serve(note, given)
        return answer(422, {"detail": "no"}) if told is False else answer(202 if told == 202 else 200, note)

    judged, _ = try_case(merge_patch.CHECK, setting, "merge_patch/keeps/due/change_note@rest", server, FIRST)
    return {id.split("/")[1]: judgement for id, judgement in judged.items()}, sent


def test_a_patch_that_leaves_a_member_out_has_another_one() -> None:
    def serve(note: dict[str, Any], given: dict[str, Any]) -> None:
        if given:
            note["due"] = None
        note.update(given)

    judged, sent = merge(serve)
    assert sent[1] == {"text": "hello"}
    assert judged["keeps"].verdict is Verdict.BROKEN
    assert judged["removes"].verdict is Verdict.UNTESTED


def test_null_that_is_refused_is_told() -> None:
    def serve(note: dict[str, Any], given: dict[str, Any]) -> bool:
        if "due" in given and given["due"] is None:
            return False
        note.update(given)
        return True

    judged, _ = merge(serve)
    assert (judged["keeps"].verdict, judged["removes"].verdict) == (Verdict.KEPT, Verdict.UNTESTED)
    assert "422" in judged["removes"].expected


def test_a_right_merge_patch_is_kept() -> None:
    judged, _ = merge(lambda note, given: note.update(given))
    assert {judgement.verdict for judgement in judged.values()} == {Verdict.KEPT}


def test_null_that_was_only_accepted_need_not_be_done_yet() -> None:
    def serve(note: dict[str, Any], given: dict[str, Any]) -> int:
        if given.get("due", "") is None:
            return 202
        note.update(given)
        return 200

    judged, _ = merge(serve)
    assert judged["removes"].verdict is Verdict.UNTESTED


def test_a_default_that_the_create_does_not_show_may_come_back() -> None:
    """Many creates answer with the id alone, and JPA and SQL fill in the column's default."""

    def serve(note: dict[str, Any], given: dict[str, Any]) -> None:
        note.update(given)
        note["due"] = note["due"] or "late"

    judged, _ = merge(serve, due="late")
    assert {judgement.verdict for judgement in judged.values()} == {Verdict.KEPT}


# -- members of the server's own


@pytest.mark.parametrize(("status", "verdict"), [(200, Verdict.KEPT), (202, Verdict.UNTESTED)])
def test_a_change_that_was_only_accepted_shows_no_member_as_it_was(status: int, verdict: Verdict) -> None:
    role = (
        "properties: {id: {type: string}, text",
        "properties: {id: {type: string}, role: {type: string}, text",
    )
    note = {"id": "n1", "role": "reader", "text": "Oat milk?"}

    def server(call: Call) -> Response:
        return answer(status if call.endpoint and call.endpoint.method == "PUT" else 200, note)

    setting, contract = setting_for(with_resource(role)), "own_members/change_note@rest"
    assert try_case(own_members.CHECK, setting, contract, server, note)[0][contract].verdict is verdict


def test_members_that_are_refused_are_not_sent_one_by_one() -> None:
    members = (
        "properties: {id: {type: string}, text",
        "properties: {id: {type: string}, role: {type: string}, level: {type: string}, text",
    )
    note = {"id": "n1", "role": "reader", "level": "low", "text": "Oat milk?"}

    def server(call: Call) -> Response:
        return answer(422, {"detail": "no"}) if "level" in call.input else answer(200, note)

    setting, contract = setting_for(with_resource(members)), "own_members/change_note@rest"
    judged, calls = try_case(own_members.CHECK, setting, contract, server, note)
    assert judged[contract].verdict is Verdict.KEPT
    assert sum({"role", "level"} & call.input.keys() != set() for call in calls) == 1


@pytest.mark.parametrize(("schema", "sent"), [("type: integer", False), ("type: string", True)])
def test_a_number_of_the_server_is_not_sent(schema: str, sent: bool) -> None:
    """It may be the number of somebody else's account."""
    members = (
        "properties: {id: {type: string}, text",
        f"properties: {{id: {{type: string}}, owner_id: {{{schema}}}, text",
    )
    found = [c.id for c in own_members.CHECK.promises(setting_for(with_resource(members)))]
    assert ("own_members/change_note@rest" in found) is sent


READ_ONLY = "own_members/read_only/change_note@rest", "own_members/read_only/create_note@rest"


@pytest.mark.parametrize("contract", READ_ONLY)
@pytest.mark.parametrize(
    ("status", "verdict"),
    [(429, Verdict.UNTESTED), (503, Verdict.UNTESTED), (422, Verdict.BROKEN), (200, Verdict.KEPT)],
)
def test_a_call_that_was_put_off_says_nothing_of_a_read_only_member(
    contract: str, status: int, verdict: Verdict
) -> None:
    note = {"id": "n1", "text": "Oat milk?", "approved": False}

    def server(call: Call) -> Response:
        if "approved" in call.input and status != 200:
            return answer(status, {"detail": "slow down"})
        return answer(201 if "create_note" in call.place else 200, note)

    setting = setting_for(model_of("read-only-ignored"))
    judged, _ = try_case(own_members.CHECK, setting, contract, server, note)
    assert judged[contract].verdict is verdict


def test_read_only_may_stand_beside_a_reference() -> None:
    """OpenAPI 3.1 counts the keywords beside a `$ref`."""
    flag = (
        "properties: {id: {type: string}, text: {type: string}}",
        "properties: {id: {type: string}, text: {type: string}, pinned: {$ref: Flag, readOnly: true}}",
    )
    behaviour = (
        "errors:\n  envelope: Error\n",
        "behaviour: {read_only: ignored}\nerrors:\n  envelope: Error\n",
    )
    schemas = ("schemas:\n", "schemas:\n  Flag: {type: boolean}\n")
    setting = setting_for(with_resource(flag, behaviour, schemas))
    found = {contract.id for contract in own_members.CHECK.promises(setting)}
    assert found == {*READ_ONLY}


# -- figures that two projects compare


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.KEPT),
        ({"at": 1}, Verdict.KEPT),
        ({"sessions": 1}, Verdict.BROKEN),
        ({"at": 1, "sessions": 1}, Verdict.BROKEN),
    ],
    ids=["equal", "a time of its own", "another's session", "both"],
)
def test_a_figure_that_moves_by_itself_is_nobody_elses(changes: dict[str, int], verdict: Verdict) -> None:
    """A report may say when it was made. `sessions` counts those of all projects."""
    model = park_graph()
    setting = setting_of(model, URL, roles=frozenset(("main", "second")), exclusive=True)
    contract = next(c.id for c in project_isolation.CHECK.promises(setting) if "/figures/" in c.id)
    asked, ended = [0], [0]

    def server(call: Call) -> Response:
        if "figures" not in call.why:
            ended[0] = 1
            return answer(200, {})
        asked[0] += 1
        counted = 3 + changes.get("sessions", 0) * ended[0]
        return answer(200, {"at": asked[0] * changes.get("at", 0), "sessions": counted})

    judged, _ = try_case(project_isolation.CHECK, setting, contract, server, {"id": "ses_1"})
    assert judged[contract].verdict is verdict


# -- tags


@pytest.mark.parametrize(
    ("later", "verdict"),
    [
        (answer(304, None, ETag='"1"'), Verdict.KEPT),
        (answer(200, COMMENT, ETag='"2"'), Verdict.UNTESTED),
        (answer(200, COMMENT, ETag='"1"'), Verdict.BROKEN),
    ],
    ids=["known", "changed meanwhile", "sent again"],
)
def test_a_tag_that_is_another_by_now_shows_no_304(later: Response, verdict: Verdict) -> None:
    def server(call: Call) -> Response:
        known = dict(call.raw.headers).get("If-None-Match")
        return later if known == '"1"' else answer(200, COMMENT, ETag='"1"')

    contract = "conditional_calls/not_modified/get_note@rest"
    judged, _ = try_case(conditional_calls.CHECK, setting_for(model_of("etag")), contract, server, COMMENT)
    assert judged[contract].verdict is verdict


@pytest.mark.parametrize(
    ("status", "verdict"), [(412, Verdict.KEPT), (403, Verdict.KEPT), (204, Verdict.BROKEN)]
)
def test_a_document_does_not_say_how_a_missing_tag_is_refused(status: int, verdict: Verdict) -> None:
    tagged = {**operation()["responses"]["200"], "headers": {"ETag": {"schema": {"type": "string"}}}}
    match = {"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"}}
    refusals = {str(code): {"description": "No"} for code in (400, 403, 404, 412)}
    named = {"name": "book_id", "in": "path", "required": True, "schema": {"type": "string"}}
    removal = operation(
        operationId="removeBook", parameters=[match], responses={"204": {"description": "Gone"}, **refusals}
    )
    paths = {
        "/books": {"post": operation(operationId="makeBook", responses={"201": tagged})},
        "/books/{book_id}": {
            "parameters": [named],
            "get": operation(responses={"200": tagged, **refusals}),
            "delete": removal,
        },
    }
    model = imported(openapi(paths, security=[])).model
    trial = find_trial(conditional_calls.CHECK, setting_for(model), "remove_book@rest", "missing")
    exchange = exchange_of(model, trial.call("illegal", "without a tag"), answer(status))
    (judged,) = conditional_calls._judge_untagged(trial, exchange, "a removal without a tag")
    assert judged.verdict is verdict


# -- one thing in another

Told = Callable[[Call, list[Call]], Response | None]
"""Gives an answer of its own to a call after others."""


def nest(contract: str, told: Told) -> Judgement:
    """Return the verdict on a comment in a note, on a server that counts a note's comments."""
    setting = setting_for(model_of("counts"))
    held, calls = [0], list[Call]()

    def server(call: Call) -> Response:
        calls.append(call)
        own, name = told(call, calls), call.place.partition("@")[0]
        if own is not None:
            return own
        held[0] += {"add_comment": 1, "remove_comment": -1}.get(name, 0)
        if call.intent == "absent":
            return answer(404, {})
        if name == "get_comment":
            return answer(200, COMMENT)
        made = {"create_note": 201, "add_comment": 201, "remove_comment": 204}
        return answer(made.get(name, 200), {**COMMENT, "comment_count": held[0]})

    return try_case(nesting.CHECK, setting, contract, server, COMMENT)[0][contract]


ELSEWHERE = "nesting/elsewhere/comment/remove_comment@rest"
COUNTED = "nesting/counted/comment/get_note@rest"
GONE_WITH_IT = "nesting/gone/comment/get_comment@rest"


@pytest.mark.parametrize(("removes", "verdict"), [(False, Verdict.KEPT), (True, Verdict.BROKEN)])
def test_a_removal_that_is_accepted_elsewhere_is_looked_at(removes: bool, verdict: Verdict) -> None:
    def told(call: Call, calls: list[Call]) -> Response | None:
        if call.place == "remove_comment@rest":
            return answer(204, None)
        return answer(404, {}) if removes and len(calls) > 3 else None

    assert nest(ELSEWHERE, told).verdict is verdict


@pytest.mark.parametrize(
    ("place", "after", "verdict"),
    [
        ("", 0, Verdict.KEPT),
        ("get_note@rest", 3, Verdict.UNTESTED),
        ("get_note@rest", 5, Verdict.UNTESTED),
        ("remove_comment@rest", 0, Verdict.UNTESTED),
    ],
    ids=["right", "the second number fails", "the last number fails", "the removal fails"],
)
def test_a_number_that_was_not_read_is_no_wrong_number(place: str, after: int, verdict: Verdict) -> None:
    def told(call: Call, calls: list[Call]) -> Response | None:
        return answer(500, {}) if call.place == place and len(calls) > after else None

    assert nest(COUNTED, told).verdict is verdict


@pytest.mark.parametrize("contract", [GONE_WITH_IT, COUNTED])
@pytest.mark.parametrize(("late", "verdict"), [(3, Verdict.KEPT), (99, Verdict.BROKEN)])
def test_what_goes_with_its_parent_may_go_later(contract: str, late: int, verdict: Verdict) -> None:
    """Kubernetes removes what is inside in the background, and many a number comes from a cache."""
    look, reads = contract.rpartition("/")[2], [0]
    act = "delete_note@rest" if contract == GONE_WITH_IT else "add_comment@rest"

    def told(call: Call, calls: list[Call]) -> Response | None:
        reads[0] += call.place == look and any(one.place == act for one in calls)
        if call.place == look and 0 < reads[0] <= late:
            return answer(200, COMMENT if contract == GONE_WITH_IT else {**COMMENT, "comment_count": 0})
        return answer(404, {}) if reads[0] and contract == GONE_WITH_IT else None

    assert nest(contract, told).verdict is verdict


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("place", ["get_comment@rest", "delete_note@rest"])
def test_a_read_that_was_put_off_shows_nothing_gone(place: str, status: int) -> None:
    def told(call: Call, calls: list[Call]) -> Response | None:
        removed = any(one.place == "delete_note@rest" for one in calls)
        return answer(status, {"detail": "slow down"}) if removed and call.place == place else None

    judged = nest(GONE_WITH_IT, told)
    assert (judged.verdict, judged.excused) == (Verdict.UNTESTED, False)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(401, Verdict.KEPT), (429, Verdict.UNTESTED), (503, Verdict.UNTESTED), (200, Verdict.BROKEN)],
)
def test_a_token_that_is_over_is_not_refused_by_a_limit(status: int, verdict: Verdict) -> None:
    model, contract = model_of("client-credentials"), "client_credentials/ends@rest"
    issued = answer(200, {"access_token": "t1", "token_type": "bearer", "expires_in": 600})
    told = iter([issued, answer(200, {}), answer(200, {}), answer(status, {"detail": "no"})])
    setting = setting_of(model, URL, roles=frozenset(("main", "operator")))
    judged, _ = try_case(client_credentials.CHECK, setting, contract, lambda _: next(told), {})
    assert judged[contract].verdict is verdict


@pytest.mark.parametrize(
    ("status", "body", "rank"),
    [
        (200, {"ok": False, "error": "bad_client_secret"}, Rank.UNDOCUMENTED),
        (403, {"error": "forbidden"}, Rank.UNDOCUMENTED),
        (200, {"access_token": "t1"}, None),
    ],
)
def test_only_a_token_shows_that_a_secret_was_not_compared(
    status: int, body: dict[str, Any], rank: Rank | None
) -> None:
    """Slack answers 200 to a wrong secret, and says the error in the body."""
    setting, contract = setting_for(model_of("client-credentials")), "client_credentials/wrong_secret@rest"
    judged, _ = try_case(client_credentials.CHECK, setting, contract, lambda _: answer(status, body), {})
    assert (judged[contract].verdict, judged[contract].rank) == (Verdict.BROKEN, rank)


# -- what an answer to a create shows


@pytest.mark.parametrize(
    ("name", "compared"),
    [("postcode", True), ("barcode", True), ("border", True), ("code", False), ("sort_order", False),
     ("rev", False), ("status", False), ("updated_by", False)],
)  # fmt: skip
def test_names_of_what_a_server_sets_are_whole_words(name: str, compared: bool) -> None:
    shown = (NOTE, NOTE.replace("}\n", f", {name}: {{type: string}}}}\n"))
    given = (MADE, MADE.replace("required: true}}", f"required: true}}, {name}: {{type: string}}}}"))
    model = with_resource(shown, given)
    setting = setting_for(model)
    created = model.resources["note"].made_by
    assert created is not None
    assert (name in echoes_input._list_members(setting, created)) is compared


@pytest.mark.parametrize(("format", "compared"), [("email", True), ("time", False), ("duration", False)])
def test_a_time_of_day_and_a_duration_may_be_written_anew(format: str, compared: bool) -> None:
    """Pydantic writes 12:00 as 12:00:00, and PT24H as P1D."""
    shown = (NOTE, NOTE.replace("}\n", f", length: {{type: string, format: {format}}}}}\n"))
    lasting = f"required: true}}, length: {{type: string, format: {format}}}}}"
    model = with_resource(shown, (MADE, MADE.replace("required: true}}", lasting)))
    created = model.resources["note"].made_by
    assert created is not None
    assert ("length" in echoes_input._list_members(setting_for(model), created)) is compared


@pytest.mark.parametrize(
    ("shown", "verdicts"), [({"text": None}, [Verdict.BROKEN]), ({}, []), ({"text": "Hi"}, [Verdict.KEPT])]
)
def test_null_in_place_of_what_was_given_is_shown(shown: dict[str, Any], verdicts: list[Verdict]) -> None:
    shows = {"type": "object", "properties": {"id": {"type": "string"}, "text": {"type": ["string", "null"]}}}
    takes = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
    body = {"required": True, "content": {"application/json": {"schema": takes}}}
    answers = {"description": "So", "content": {"application/json": {"schema": shows}}}
    named = {"name": "note_id", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {
        "/notes": {"post": {"operationId": "makeNote", "requestBody": body, "responses": {"201": answers}}},
        "/notes/{note_id}": {
            "get": {"operationId": "getNote", "parameters": [named], "responses": {"200": answers}}
        },
    }
    memory = Memory(setting_for(imported(openapi(paths, security=[])).model))
    call = Call(endpoint_of(memory.setting, "make_note"), {"text": "Hi"}, "valid", "a create")
    exchange = exchange_of(memory.model, call, answer(201, {"id": "n1", **shown}))
    exchange.fits = True
    assert [j.verdict for j in echoes_input.watch(exchange, memory)] == verdicts


@pytest.mark.parametrize(
    ("told", "read", "verdicts"),
    [
        (19.99, 19.989999771118164, []),
        (4.3e-66, 0, []),
        (10.004, 10.0, []),
        (19.99, 19.0, [Verdict.BROKEN]),
        (2_000_000, 2_000_001, [Verdict.BROKEN]),
        (10**400, 1.5, [Verdict.BROKEN]),
        (2.5, 2.5, [Verdict.KEPT]),
    ],
)
def test_a_number_that_a_column_rounds_is_the_same(told: Any, read: Any, verdicts: list[Verdict]) -> None:
    """A create shows what was sent, and a read what PostgreSQL keeps in `real` or `numeric(9, 2)`."""
    assert compare(told, read) == verdicts


@pytest.mark.parametrize(
    ("read", "verdict"),
    [
        ({"id": "cus_1", "name": "Ann"}, Verdict.KEPT),
        ({"id": "cus_2", "name": "cus"}, Verdict.BROKEN),
        ("cus_2", Verdict.BROKEN),
    ],
)
def test_an_id_and_what_it_names_are_the_same(read: Any, verdict: Verdict) -> None:
    """Stripe's `expand[]=customer` shows the customer in the place of its id."""
    assert compare("cus_1", read) == [verdict]
    assert compare(["cus_1"], [read]) == [verdict]


def compare(told: Any, read: Any) -> list[Verdict]:
    """Return the verdicts on a create and a read of one item, which show these prices."""
    item = {"type": "object", "properties": {"id": {"type": "string"}, "price": {"type": "number"}}}
    body = {"required": True, "content": {"application/json": {"schema": item}}}
    shown = {"description": "So", "content": {"application/json": {"schema": item}}}
    named = {"name": "item_id", "in": "path", "required": True, "schema": {"type": "string"}}
    read_by = {"operationId": "getItem", "parameters": [named], "responses": {"200": shown}}
    made_by = {"operationId": "makeItem", "requestBody": body, "responses": {"201": shown}}
    paths = {"/items": {"post": made_by}, "/items/{item_id}": {"get": read_by}}
    memory = Memory(setting_of(imported(openapi(paths, security=[])).model, URL, exclusive=True))
    judged = list[Judgement]()
    for number, (action, status, price) in enumerate((("make_item", 201, told), ("get_item", 200, read)), 1):
        given = {"item_id": "i1"} if action == "get_item" else {"price": price}
        call = Call(endpoint_of(memory.setting, action), given, "valid", "a call")
        exchange = exchange_of(memory.model, call, answer(status, {"id": "i1", "price": price}))
        exchange.number, exchange.fits = number, True
        judged += consistent_representations.watch(exchange, memory)
    return [judgement.verdict for judgement in judged]


# -- Park Graph's holds, and a job that nobody reads

HOLD = {"plate": "AV-1234", "lot_id": "lot_lionshead", "hold_id": "hold_01JS4J8A"}
HOLDS = {"allocations": [{**HOLD, "expires_at": "2099-04-18T16:00:00Z"}]}
NOT_FOUND = answer(404, {"error": {"code": "NOT_FOUND", "message": "gone"}})
NO_KEY = answer(401, {"error": {"code": "UNAUTHORIZED", "message": "who are you?"}})
OVER = answer(409, {"error": {"code": "CONFLICT", "message": "it is over"}})
FAILED = answer(500, {"error": {"code": "INTERNAL", "message": "failed"}})


def hold(check: Check, contract: str, *endings: Response, freed: int = 0) -> dict[str, Verdict]:
    """Return the verdicts on holds, which end with these answers in turn; an end frees so many spaces."""
    model = park_graph()
    setting = setting_of(model, URL, roles=frozenset(("main", "operator")))
    ended, takes = list(endings), model.resources["hold"].takes
    assert takes is not None

    def server(call: Call) -> Response:
        name = call.place.partition("@")[0]
        if name == "dispatch_av_fleet":
            return answer(200, HOLDS)
        count = 5 + freed * (len(endings) - len(ended))
        return ended.pop(0) if name == "release_hold" else answer(200, {takes.counter: count})

    def fitting(step: Any) -> Any:
        if isinstance(step, Judgement):
            judged[step.contract.split("/")[1]] = Verdict.ODD if step.odd else step.verdict
        if not isinstance(step, Call):
            return None
        exchange = exchange_of(setting.model, step, server(step))
        exchange.fits = True
        return exchange

    judged: dict[str, Verdict] = {}
    probe = next(p for p in check.list_probes(setting, setting.roles) if contract in p.contracts)
    with answering(fitting):
        probe.run()
    return judged


@pytest.mark.parametrize(
    ("early", "late", "lives", "ends"),
    [
        (answer(204), NOT_FOUND, Verdict.KEPT, Verdict.KEPT),
        (NOT_FOUND, answer(204), Verdict.BROKEN, Verdict.BROKEN),
        (FAILED, FAILED, Verdict.UNTESTED, Verdict.UNTESTED),
        (answer(204), NO_KEY, Verdict.KEPT, Verdict.UNTESTED),
        (answer(204), OVER, Verdict.KEPT, Verdict.KEPT),
    ],
    ids=["right", "too early and too late", "failed", "refused for another reason", "in another state"],
)
def test_an_end_that_fails_shows_nothing_of_a_time(
    early: Response, late: Response, lives: Verdict, ends: Verdict
) -> None:
    judged = hold(expires_on_time.CHECK, "expires_on_time/lives/hold/release_hold@rest", early, late)
    assert (judged["lives"], judged["ends"]) == (lives, ends)


@pytest.mark.parametrize(
    ("end", "freed", "used_up"),
    [
        (NOT_FOUND, 0, Verdict.KEPT),
        (FAILED, 0, Verdict.UNTESTED),
        (answer(204), 1, Verdict.BROKEN),
        (answer(204), 0, Verdict.BROKEN),  # release_hold has an error for a hold that is not there
    ],
)
def test_what_is_used_up_is_not_freed_again(end: Response, freed: int, used_up: Verdict) -> None:
    contract = "conversion/used_up/hold/create_session@rest"
    judged = hold(conversion.CHECK, contract, *(end,) * conversion.ROUNDS, freed=freed)
    assert judged["used_up"] is used_up


@pytest.mark.parametrize(
    ("course", "stays"),
    [
        (["", "running", "succeeded", "succeeded"], Verdict.KEPT),  # not there yet after the 202
        (["running", "queued", "running", "succeeded", "succeeded"], Verdict.KEPT),
        (["running", "succeeded", "queued"], Verdict.BROKEN),
        (["succeeded", ""], Verdict.UNTESTED),
    ],
    ids=["late", "tried again as by Celery", "begun again after its end", "gone after its end"],
)
def test_a_job_may_be_there_late_or_be_tried_again(course: list[str], stays: Verdict) -> None:
    states = iter(course)

    def serve(call: Call) -> Response:
        state = next(states) if "get_export@" in call.place else "queued"
        return answer(
            202 if "export_notes" in call.place else 200 if state else 404, {"id": "e1", "status": state}
        )

    setting, contract = setting_for(model_of("job")), "jobs/forward/export_notes@rest"
    judged, _ = try_case(jobs.CHECK, setting, contract, serve, {})
    assert judged["jobs/ends/export_notes@rest"].verdict is Verdict.KEPT
    assert judged[contract].verdict is stays


def test_a_job_that_was_never_read_has_not_gone_forward() -> None:
    started = answer(202, {"id": "e1", "status": "queued"})
    setting = setting_for(model_of("job"))
    contract = "jobs/forward/export_notes@rest"
    judged, _ = try_case(
        jobs.CHECK, setting, contract, lambda call: answer(503) if "get" in call.place else started, {}
    )
    assert judged[contract].verdict is Verdict.UNTESTED


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        ({"code": "DISK_FULL", "message": "The disk is full"}, Verdict.KEPT),
        (["The disk is full"], Verdict.KEPT),
        (28, Verdict.KEPT),
        ("The disk is full", Verdict.KEPT),
        (" ", Verdict.BROKEN),
        ({}, Verdict.BROKEN),
        (None, Verdict.BROKEN),
    ],
)
def test_a_job_may_say_why_it_failed_in_any_form(reason: Any, verdict: Verdict) -> None:
    def serve(call: Call) -> Response:
        if "export_notes" in call.place:
            return answer(202, {"id": "e1", "status": "queued"})
        return answer(200, {"id": "e1", "status": "failed", "error": reason})

    setting, contract = setting_for(model_of("job")), "jobs/ends/export_notes@rest"
    judged, _ = try_case(jobs.CHECK, setting, contract, serve, {})
    assert judged[contract].verdict is verdict


@pytest.mark.parametrize(
    ("location", "verdict"),
    [
        ("https://status.example/exports/op-77", Verdict.UNTESTED),
        (f"{URL}/exports/op-77", Verdict.BROKEN),
        (f"{URL}/exports/e1", Verdict.KEPT),
        ("/exports/e1", Verdict.KEPT),
    ],
)
def test_a_location_on_another_host_leads_to_what_nobody_has_seen(location: str, verdict: Verdict) -> None:
    def serve(call: Call) -> Response:
        starts = "export_notes" in call.place
        told = {"Location": location} if starts else {}
        return answer(202 if starts else 200, {"id": "e1", "status": "succeeded"}, **told)

    setting, contract = setting_for(model_of("job")), "jobs/found/export_notes@rest"
    judged, _ = try_case(jobs.CHECK, setting, contract, serve, {})
    assert judged[contract].verdict is verdict


def test_a_refusal_is_not_the_answer_that_a_page_may_read() -> None:
    """Express and Spring send an error that no handler wrote without the headers of their CORS filter."""
    setting = setting_for(park_graph())
    contract = "cors_policy/answer@rest"
    judged, _ = try_case(cors_policy.CHECK, setting, contract, lambda _: answer(404, {}), {})
    assert contract not in judged
    judged, _ = try_case(cors_policy.CHECK, setting, contract, lambda _: answer(200, {}), {})
    assert judged[contract].verdict is Verdict.BROKEN


@pytest.mark.parametrize("id", ["9" * 5_000, "٣"])
def test_an_id_in_a_location_has_any_number_of_digits(id: str) -> None:
    named = {"name": "book_id", "in": "path", "required": True, "schema": {"type": "integer"}}
    paths = {"/books/{book_id}": {"get": operation(parameters=[named])}}
    setting = setting_for(imported(openapi(paths, security=[])).model)
    found = location._find_action(setting, f"/books/{id}")
    assert found is not None
    assert location._typed(setting, *found) == {"book_id": id if len(id) > 1 else 3}


@pytest.mark.parametrize(
    ("document", "status", "odd"), [(True, 422, True), (False, 422, False), (False, 403, True)]
)
def test_a_document_may_leave_out_which_texts_are_refused(document: bool, status: int, odd: bool) -> None:
    """Prefect refuses markup in names by code, and its document gives no pattern; a firewall answers 403."""
    text = {"type": "string", "minLength": 1, "maxLength": 40}
    sent = {"type": "object", "required": ["text"], "properties": {"text": text}}
    body = {"required": True, "content": {"application/json": {"schema": sent}}}
    made = operation(operationId="create_note", requestBody=body)
    authored = catalogue(NOTES, ("REFUSED: {status: 422", f"REFUSED: {{status: {status}"))
    model = imported(openapi({"/notes": {"post": made}}, security=[])).model if document else authored

    def server(call: Call) -> Response:
        plain = str(call.input["text"]).replace(" ", "").isalnum()
        return (
            answer(201, {"id": "n1", "text": call.input["text"]})
            if plain
            else answer(status, {"detail": "no"})
        )

    contract = "arbitrary_text/create_note@rest"
    judged, _ = try_case(arbitrary_text.CHECK, setting_for(model), contract, server, {})
    assert (judged[contract].verdict, judged[contract].odd) == (Verdict.BROKEN, odd)


@pytest.mark.parametrize(("headers", "count"), [({}, 3), ({"Age": "4"}, None)])
def test_a_count_from_a_cache_is_none(headers: dict[str, str], count: int | None) -> None:
    """A CDN such as CloudFront ignores the `no-cache` of a request."""
    setting = setting_for(park_graph())
    session = setting.model.resources["session"]
    takes = session.takes
    assert takes is not None

    def reply(step: Any) -> Any:
        exchange = exchange_of(setting.model, step, answer(200, {takes.counter: 3}, **headers))
        exchange.fits = True
        return exchange

    with answering(reply):
        assert read_counter(setting, session, {takes.by: "lot-1"}) == count


@pytest.mark.parametrize(("role", "seen"), [("main", Verdict.BROKEN), ("second", None), ("", None)])
def test_what_another_reader_sees_is_not_compared(role: str, seen: Verdict | None) -> None:
    """GitHub answers null for the `email` of a user to a caller without a key."""
    model = with_resource()
    memory = Memory(setting_of(model, URL, roles=frozenset(("main", "second")), exclusive=True))
    told = list[Verdict]()
    for number, (action, own, text) in enumerate((("create_note", "main", "Hi"), ("get_note", role, "")), 1):
        given = {"text": "Hi"} if number == 1 else {"note_id": "n1"}
        call = Call(endpoint_of(memory.setting, action), given, "valid", "a call", role=own)
        exchange = exchange_of(model, call, answer(201 if number == 1 else 200, {"id": "n1", "text": text}))
        exchange.number, exchange.fits = number, True
        told += [judged.verdict for judged in consistent_representations.watch(exchange, memory)]
    assert told == ([] if seen is None else [seen])


@pytest.mark.parametrize(("origin", "told"), [("app", [Verdict.BROKEN]), ("pgv", [])])
def test_a_page_that_may_read_nothing_is_not_promised_an_answer(origin: str, told: list[Verdict]) -> None:
    """The check asks as a stranger, too, whom a server with a list of origins gives no header."""
    model = catalogue(NOTES + "browsers: {origins: ['https://app.example']}\n")
    memory = Memory(setting_for(model))
    raw = Raw(headers=(("Origin", f"https://{origin}.example"),))
    call = Call(endpoint_of(memory.setting, "list_notes"), {}, "valid", "a call from a page", raw=raw)
    sent = Request("GET", "/notes", raw.headers)
    exchange = exchange_of(model, call, answer(200, {"notes": []}))
    exchange.request = sent
    assert [judged.verdict for judged in cors_policy.watch(exchange, memory)] == told


@pytest.mark.parametrize(
    ("status", "verdict"), [(422, Verdict.KEPT), (409, Verdict.UNTESTED), (404, Verdict.BROKEN)]
)
def test_a_state_may_refuse_before_a_condition_does(status: int, verdict: Verdict) -> None:
    codes = "    FULL: {status: 409, meaning: The shelf is full}\n    LOUD: {status: 422, meaning: Loud"
    model = catalogue(
        NOTES,
        ("    REFUSED: {s", codes + ", when: \"input.text == 'LOUD'\"}\n    REFUSED: {s"),
        ("    output: {201: {$ref: Note}}\n    errors: [REFUSED]", LOUD),
    )
    contract = "declared_refusals/LOUD/create_note@rest"
    told = answer(status, {"detail": "no"})
    judged, _ = try_case(declared_refusals.CHECK, setting_for(model), contract, lambda _: told, {})
    assert judged[contract].verdict is verdict


@pytest.mark.parametrize(("status", "verdict"), [(422, Verdict.KEPT), (409, Verdict.UNTESTED)])
def test_a_conflict_may_hide_that_a_value_is_wrong(status: int, verdict: Verdict) -> None:
    count = {"type": "object", "required": ["count"], "properties": {"count": {"type": "integer"}}}
    body = {"required": True, "content": {"application/json": {"schema": count}}}
    note = {"type": "object", "properties": {"id": {"type": "string"}}}
    shown = {"description": "So", "content": {"application/json": {"schema": note}}}
    named = {"name": "note_id", "in": "path", "required": True, "schema": {"type": "string"}}
    change = {"operationId": "changeNote", "requestBody": body}
    responses = {"200": shown, "409": {"description": "Closed"}, "422": {"description": "Wrong"}}
    paths = {
        "/notes": {"post": {"operationId": "makeNote", "responses": {"201": shown}}},
        "/notes/{note_id}": {
            "parameters": [named],
            "get": {"operationId": "getNote", "responses": {"200": shown}},
            "put": {**change, "responses": responses},
        },
    }
    setting = setting_for(imported(openapi(paths, security=[])).model)
    trial = find_trial(look_alike_input.CHECK, setting, "change_note@rest", "boolean")
    exchange = exchange_of(setting.model, trial.case.about.call, answer(status, {}))
    assert [judged.verdict for judged in look_alike_input._judge(trial, exchange)] == [verdict]


LOUD = """    examples:
      loud:
        input: {text: LOUD}
        status: 422
        output: {detail: Loud}
    output: {201: {$ref: Note}}
    errors: [FULL, LOUD, REFUSED]"""
