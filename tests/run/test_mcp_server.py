"""The MCP server by the official client, in both eras: what it lists, what its calls answer, and what it
never does.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import jsonschema
import mcp
import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolResult

from calling import Script, World, answered, client_of, park, run, sandboxed, shop
from loading import load_once, read_once
from offering import shop as changed
from offering import write
from overlaying import over
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.base.places import plain
from pgagents.base.reading import parse
from pgagents.catalogue.model.model import Model
from pgagents.client.client import Client
from pgagents.mcp.server import RequestHandler, make_server
from pgagents.mcp.tools import Output, fitting, tools
from sandboxes import ROOT, VAIL, model

ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25"}
SEARCH = {"lat": 39.6403, "lng": -106.3742, "radius_km": 1.5, "limit": 5}
END = {"session_id": "sess_1", "session_code": "sess_c"}

Talk = Callable[[mcp.Client], Awaitable[Any]]


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    """The revision with which the client opens: the newest or the one before."""
    return str(request.param)


def talked(client: Client, talk: Talk, era: str, **more: Any) -> Any:
    """Return the outcome of a conversation with a server over this client."""

    async def work() -> Any:
        async with mcp.Client(make_server(client.model, client, **more), mode=era) as peer:
            assert peer.protocol_version == ERAS[era]
            return await talk(peer)

    return run(work)


def called(
    handler: Handler,
    name: str,
    arguments: Any,
    era: str,
    *,
    of: Model | None = None,
    key: str = "pk_test_k",
    **more: Any,
) -> CallToolResult:
    """One tool call's result."""
    found: CallToolResult = talked(
        client_of(of or park(), handler, key), lambda peer: peer.call_tool(name, arguments), era, **more
    )
    return found


def error_of(result: CallToolResult) -> dict[str, Any]:
    """The error of a result that must be one, and hold nothing else."""
    assert result.is_error
    assert result.structured_content is None
    assert len(result.content) == 1
    found: dict[str, Any] = json.loads(result.content[0].text)["error"]  # type: ignore[union-attr]  # our own text
    return found


# what is listed


def test_tools_are_those_of_the_generated_file(era: str) -> None:
    listed = talked(client_of(park(), Script(answered(200))), lambda peer: peer.list_tools(), era)
    written = json.loads((ROOT / "generated/mcp/tools.json").read_text(encoding="utf-8"))
    assert listed.model_dump(mode="json", by_alias=True, exclude_none=True)["tools"] == written["tools"]
    assert listed.next_cursor is None


LISTS = ("list_tools", "list_resources", "list_resource_templates", "list_prompts")


@pytest.mark.parametrize("listing", LISTS)
def test_a_cursor_that_no_list_gave_is_refused(listing: str, era: str) -> None:
    async def talk(peer: mcp.Client) -> int:
        with pytest.raises(MCPError) as refusal:
            await getattr(peer, listing)(cursor="page-2")
        return int(refusal.value.error.code)

    assert talked(client_of(park(), Script(answered(200))), talk, era) == -32602


@pytest.mark.parametrize(
    ("note", "left_out"),
    [
        ({"id": 1, "text": None, "tags": []}, "text"),
        ({"id": 1, "tags": []}, ""),
        ({"id": 1, "text": "a", "tags": None}, "tags"),
    ],
)
def test_null_that_a_document_does_not_name_is_no_error(note: Any, left_out: str, era: str) -> None:
    """A client takes no answer that its schema refuses, and a document says little of null."""
    result = called(Script(answered(200, note)), "get_note", {"note_id": 1}, era, of=over())
    assert not result.is_error
    assert result.structured_content == {name: value for name, value in note.items() if value is not None}
    texts = [content.text for content in result.content]  # type: ignore[union-attr]  # texts of our own
    assert len(texts) == (2 if left_out else 1)
    if left_out:
        assert f"Left out of the data: {left_out}" in texts[1]


def test_tools_are_listed_in_the_same_order_each_time(era: str) -> None:
    async def talk(peer: mcp.Client) -> list[list[str]]:
        return [[tool.name for tool in (await peer.list_tools(cache_mode="bypass")).tools] for _ in range(3)]

    names = talked(client_of(park(), Script(answered(200))), talk, era)
    assert names[0] == names[1] == names[2] == [str(a.name) for a in park().surfaces["mcp"].actions]


def test_every_tool_says_all_it_should(era: str) -> None:
    for of in (park(), shop()):
        for tool in talked(client_of(of, Script(answered(200))), lambda peer: peer.list_tools(), era).tools:
            assert tool.title
            assert tool.description
            assert tool.input_schema["additionalProperties"] is False
            hints = tool.annotations
            assert hints is not None
            assert None not in (
                hints.read_only_hint,
                hints.destructive_hint,
                hints.idempotent_hint,
                hints.open_world_hint,
            )
            jsonschema.Draft202012Validator.check_schema(tool.input_schema)
            jsonschema.Draft202012Validator.check_schema(tool.output_schema or {})


def test_newest_revision_is_told_how_long_lists_stay_fresh() -> None:
    listed = talked(client_of(park(), Script(answered(200))), lambda peer: peer.list_tools(), "auto")
    assert listed.ttl_ms > 0
    assert listed.cache_scope == "public"


def test_overview_is_a_resource_in_the_catalogues_words(era: str) -> None:
    async def talk(peer: mcp.Client) -> tuple[Any, str]:
        listed = (await peer.list_resources()).resources
        found = (await peer.read_resource(listed[0].uri)).contents[0]
        with pytest.raises(MCPError, match="Unknown resource"):
            await peer.read_resource("parkgraph://else")
        assert (await peer.list_resource_templates()).resource_templates == []
        return listed, found.text  # type: ignore[union-attr]  # our own text

    listed, text = talked(client_of(park(), Script(answered(200))), talk, era)
    assert [r.uri for r in listed if not r.uri.startswith("skill://")] == ["parkgraph://overview"]
    assert text.startswith("# Park Graph 1.4.0\n")
    for tool in park().surfaces["mcp"].actions:
        assert f"- `{tool.name}` (" in text
    assert "`create_session` (writes, moves money, ask the user first)" in text
    assert "- `RATE_LIMITED` (429): " in text
    assert "240 a minute" in text
    assert "create_webhook" not in text, "it is not a tool"


def test_prompts_are_one_for_anything_and_one_for_each_workflow_that_ends_well(era: str) -> None:
    async def talk(peer: mcp.Client) -> tuple[list[str], Any, Any]:
        names = [prompt.name for prompt in (await peer.list_prompts()).prompts]
        with pytest.raises(MCPError, match="needs the argument `details`"):
            await peer.get_prompt("do_task")
        with pytest.raises(MCPError, match="Unknown prompt"):
            await peer.get_prompt("nope")
        return (
            names,
            await peer.get_prompt("do_task", {"details": "find a lot"}),
            await peer.get_prompt("vail"),
        )

    names, task, vail = talked(client_of(park(), Script(answered(200))), talk, era)
    assert names[0] == "do_task"
    assert {"vail", "booking"} <= set(names)
    assert "wrong-code" not in names, "that workflow shows a refusal"
    assert task.messages[0].content.text.endswith("What is known: find a lot")
    assert [line for line in vail.messages[0].content.text.splitlines() if line[:1].isdigit()] == [
        "1. `search_parking`: Find parking",
        "2. `create_session`: Start a parking session",
        "3. `end_session`: End a session and pay",
    ]


def test_catalogue_without_the_surface_is_told() -> None:
    with pytest.raises(PgagentsError, match=r"surfaces\.mcp"):
        RequestHandler(model("shop"), client_of(model("shop"), Script(answered(200))))


# what calls answer


def test_answer_is_the_same_as_text_and_as_data_and_as_over_rest(era: str) -> None:
    caller, client = sandboxed()
    result = talked(client, lambda peer: peer.call_tool("search_parking", SEARCH), era)
    assert not result.is_error
    assert result.structured_content == json.loads(result.content[0].text) == caller.data("GET", VAIL)


def test_nulls_of_an_answer_stay(era: str) -> None:
    _, client = sandboxed()
    result = talked(
        client, lambda peer: peer.call_tool("create_session", {"lot_id": "lot_lionshead", "plate": "P"}), era
    )
    session = result.structured_content["session"]
    assert session["max_daily"] is None
    assert session["vehicle"] is None


def test_every_read_of_the_catalogue_fits_its_output_schema(era: str) -> None:
    """The official client refuses structured content that does not."""
    _, client = sandboxed()
    tools = {str(a.name): a for a in park().surfaces["mcp"].actions if a.effect == "read"}

    async def talk(peer: mcp.Client) -> int:
        good = 0
        for name, action in tools.items():
            for example in action.examples:
                if example.status < 400:
                    result = await peer.call_tool(name, dict(example.input))
                    good += not result.is_error
        return good

    assert talked(client, talk, era) >= 6


def test_answer_without_a_body_is_told_in_words(era: str) -> None:
    result = called(Script(Response(204)), "release_hold", {"hold_id": "h1"}, era)
    assert not result.is_error
    assert result.structured_content is None
    assert "204" in result.content[0].text  # type: ignore[union-attr]  # our own text


@pytest.mark.parametrize("status", [400, 403, 404, 409, 429, 500, 502])
def test_error_of_the_api_is_a_result_with_status_code_and_request_id(era: str, status: int) -> None:
    code = next(c.name for c in park().codes.values() if c.status == status)
    body = {"error": {"code": code, "message": "No.", "request_id": "req_1", "trace": "/srv/app.py line 7"}}
    error = error_of(
        called(Script(answered(status, body, Retry_After="900")), "get_session", {"session_id": "s"}, era)
    )
    assert (error["status"], error["code"], error["request_id"]) == (status, code, "req_1")
    assert "app.py" not in json.dumps(error)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"lng": 1}, "lat: it is missing"),
        ({"lat": 91, "lng": 1}, "maximum of 90"),
        ({"lat": "1", "lng": 1}, 'is not of type "number"'),
        ({"lat": 1, "lng": 1, "junk": 1}, "junk: there is no such argument"),
        (None, "lat: it is missing"),
    ],
)
def test_unfit_arguments_are_a_result_and_nothing_is_sent(era: str, arguments: Any, words: str) -> None:
    script = Script(answered(200, {"lots": []}))
    error = error_of(called(script, "search_parking", arguments, era))
    assert error["code"] == "invalid_arguments"
    assert words in error["message"]
    assert script.asked == []


# one effect of a repeated call


def test_idempotency_key_of_a_call_is_sent_as_the_api_takes_it(era: str) -> None:
    script = Script(answered(200, {"session": {}}))
    called(script, "end_session", {**END, "idempotency_key": "a-key"}, era)
    assert script.asked[0].header("Idempotency-Key") == "a-key"
    assert "a-key" not in script.asked[0].body.decode()
    error = error_of(called(script, "end_session", {**END, "idempotency_key": "no key"}, era))
    assert "idempotency_key" in error["message"]
    assert len(script.asked) == 1


def test_a_call_without_a_key_gets_a_new_one(era: str) -> None:
    script = Script(answered(200, {"session": {}}))
    for _ in range(2):
        called(script, "end_session", END, era)
    first, second = (request.header("Idempotency-Key") for request in script.asked)
    assert first
    assert second
    assert first != second


@pytest.mark.parametrize(("keys", "sessions"), [(["one", "one"], 1), (["one", "two"], 2), ([None, None], 2)])
def test_equal_calls_with_one_key_start_one_session(keys: list[str | None], sessions: int, era: str) -> None:
    _, client = sandboxed()
    lots = [
        {"lot_id": "lot_lionshead", "plate": "P", **({"idempotency_key": key} if key else {})} for key in keys
    ]

    async def talk(peer: mcp.Client) -> Any:
        for one in lots:
            await peer.call_tool("create_session", one)
        return (await peer.call_tool("search_sessions", {"plate": "P"})).structured_content

    assert len(talked(client, talk, era)["sessions"]) == sessions


def test_description_says_where_to_look_before_a_call_is_repeated() -> None:
    told = {name: tool.listed["description"] for name, tool in tools(park()).items()}
    keyed = {name for name, text in told.items() if "with the same idempotency_key" in text}
    assert keyed == {str(a.name) for a in park().surfaces["mcp"].actions if a.idempotency}
    assert "look with list_sessions, then repeat it" in told["create_session"]
    assert "look with get_session, then repeat it" in told["end_session"]
    assert "look with" not in told["dispatch_av_fleet"], "no tool shows a fleet's holds"


@pytest.mark.parametrize(
    ("listed", "says"),
    [("", True), ("idempotent: true\n    ", False), ("guess", False)],
    ids=["acts again", "may be repeated", "list is a guess"],
)
def test_tool_without_a_key_says_where_to_look_before_it_is_called_again(listed: str, says: bool) -> None:
    text = whole = (ROOT / "tests/catalogues/notes.yaml").read_text(encoding="utf-8")
    if listed == "guess":
        text = text.replace(
            "listed_by: {action: list_notes", "listed_by: {inferred: true, action: list_notes"
        )
    elif listed:
        text = text.replace("http: POST /notes\n    ", f"http: POST /notes\n    {listed}", 1)
    assert (text == whole) == (not listed)
    told = tools(load_once(text, "notes"))["create_note"].listed["description"]
    assert ("When a call got no answer, look with list_notes before you call again." in told) == says


def test_another_argument_of_that_name_keeps_it() -> None:
    key = {"wire": "Idempotency-Key", "in": "header", "type": "string", "description": "The call's own key"}
    own = {"type": "string", "description": "A key of the caller's books"}
    buy = {
        "title": "Buy", "description": "Buy.", "http": "POST /buy", "effect": "write",
        "input": {"once": key, "idempotency_key": own}, "idempotency": "once", "output": {200: None},
    }  # fmt: skip
    of = changed(actions__buy=buy)
    assert set(tools(of)["buy"].listed["inputSchema"]["properties"]) == {"once", "idempotency_key"}
    script = Script(answered(200))
    called(script, "buy", {"once": "k-1", "idempotency_key": "own"}, "auto", of=of)
    assert script.asked[0].header("Idempotency-Key") == "k-1"
    assert json.loads(script.asked[0].body) == {"idempotency_key": "own"}


def payments(**surface: Any) -> Model:
    """The payments' catalogue, with further settings of its MCP surface."""
    data: Any = parse((ROOT / "tests/catalogues/payments.yaml").read_text(encoding="utf-8")).data
    data["surfaces"]["mcp"].update(surface)
    return load_once(write(data), "payments.yaml")


RUN = {
    "report_type": "payments.summary",
    "parameters": {"interval_start": 1790000000, "interval_end": 1790003600, "currency": "eur"},
}


def test_equal_calls_within_the_catalogues_time_have_one_key() -> None:
    """The time begins with the first call; another caller's or another call is another one."""
    of, world = payments(), World()
    world.now_s = 1_000_030.0
    script = Script(answered(202, {}))
    client = client_of(of, script, "cp_test_k", factory=world)
    other = client.with_keys("cp_test_other")

    def key(using: Client = client, arguments: Any = RUN, caller: str = "") -> str | None:
        run(
            lambda: using.tool(
                of.surfaces["mcp"], "create_report_run", arguments, confirmed=True, caller=caller
            )
        )
        return script.asked[-1].header("Idempotency-Key")

    first = key()
    world.now_s += 59
    assert key() == first, "a fixed period would have ended by now"
    started_again = World()
    started_again.now_s = 1_000_031.0
    assert key(client_of(of, script, "cp_test_k", factory=started_again)) == first
    apart = [
        key(caller="ada"),
        key(caller="bo"),
        key(other),
        key(arguments={**RUN, "report_type": "payments.unavailable"}),
    ]
    world.now_s += 2
    apart.append(key())
    assert len({first, *apart}) == 6
    assert key(arguments={**RUN, "idempotency_key": "own"}) == "own"


def test_hint_says_idempotent_only_where_each_call_has_a_key_of_its_intent() -> None:
    hints = {name: tool.listed["annotations"]["idempotentHint"] for name, tool in tools(payments()).items()}
    assert hints["create_report_run"] is True
    assert hints["create_customer"] is False
    asked = tools(payments(narrow={"create_refund": {"idempotency_key": {"required": True}}}))[
        "create_refund"
    ]
    assert asked.listed["annotations"]["idempotentHint"] is True
    assert "idempotency_key" in asked.listed["inputSchema"]["required"]


def test_surfaces_headers_and_the_key_go_to_the_api(era: str) -> None:
    script = Script(answered(200, {"lots": []}))
    called(script, "search_parking", SEARCH, era)
    assert script.asked[0].header("X-Agent-Surface") == "mcp"
    assert script.asked[0].header("Authorization") == "Bearer pk_test_k"


def test_opt_in_of_a_lot_binds_agents_that_come_by_mcp(era: str) -> None:
    caller, client = sandboxed()
    caller.data("PATCH", "/sandbox/v1/lots/lot_lionshead", {"agents_allowed": False}, key="operator")
    error = error_of(
        talked(
            client,
            lambda peer: peer.call_tool("create_session", {"lot_id": "lot_lionshead", "plate": "P"}),
            era,
        )
    )
    assert error["code"] == "AGENT_OPT_IN_REQUIRED"
    assert caller.park("lot_lionshead", "P")["status"] == "active", (
        "an operator's own call is none of an agent"
    )


def test_unknown_tool_is_a_protocol_error_with_a_hint(era: str) -> None:
    async def talk(peer: mcp.Client) -> int:
        with pytest.raises(MCPError, match="did you mean `search_parking`") as caught:
            await peer.call_tool("search_parkin", {})
        return caught.value.error.code

    assert talked(client_of(park(), Script(answered(200))), talk, era) == INVALID_PARAMS


def test_without_a_key_tools_are_listed_and_calls_say_what_is_missing(era: str) -> None:
    script = Script(answered(200))
    error = error_of(called(script, "search_parking", SEARCH, era, key=""))
    assert error["code"] == "no_key"
    assert "dashboard/api-keys" in error["message"]
    assert script.asked == []


@pytest.mark.parametrize(
    ("silence", "code"),
    [
        ("refused", "unreachable"),
        ("too-large", "answer_too_large"),
        ("timeout", "timeout"),
        ("tls", "untrusted"),
    ],
)
def test_api_that_gives_no_answer_is_told_for_what_it_is(era: str, silence: str, code: str) -> None:
    error = error_of(called(Script(Silence(silence, "10.0.0.7 said /etc/x")), "search_parking", SEARCH, era))
    assert error["code"] == code
    assert "10.0.0.7" not in json.dumps(error)


def test_answer_that_lacks_what_it_must_have_is_an_error_that_says_it_was_done(era: str) -> None:
    """The official client takes no success with such data, nor one without data; only an error reaches the
    model.
    """
    result = called(Script(answered(200, {"session": {"id": 7}})), "end_session", END, era)
    error = error_of(result)
    assert error["code"] == "unexpected_answer"
    assert error["message"].startswith("the API's answer is not as its contract says: session")
    assert "succeeded and took effect" in error["note"]
    assert json.loads(result.content[0].text)["answer"] == {"session": {"id": 7}}  # type: ignore[union-attr]  # our own text


def test_success_with_a_member_that_does_not_fit_stays_a_success(era: str) -> None:
    """The official client checks the data against the tool's schema; a model that was told of an error
    would write again.
    """
    tool = tools(park())["extend_session"]
    good = plain(tool.action.examples[0].output)
    body = {**good, "session": {**good["session"], "subtotal": "much"}}
    arguments = {"session_id": "sess_1", "session_code": "sess_c", "extend_hours": 1}
    result = called(Script(answered(200, body)), "extend_session", arguments, era)
    assert not result.is_error, result.content
    first, warning = (part.text for part in result.content)  # type: ignore[union-attr]  # our own texts
    assert json.loads(first) == result.structured_content
    assert tool.output.find_problem(result.structured_content) == ""
    assert result.structured_content == {
        **body,
        "session": {k: v for k, v in body["session"].items() if k != "subtotal"},
    }
    assert warning.startswith("Warning: the API's answer is not as its contract says: session.subtotal")
    assert "took effect. Do not make it again" in warning
    assert "Left out of the data: session.subtotal." in warning
    assert json.loads(warning.partition("All that came: ")[2]) == body


SCHEMA = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "note": {"type": "string"},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["n"],
                "properties": {"n": {"type": "integer"}, "of": {"type": "string"}},
            },
        },
    },
}


@pytest.mark.parametrize(
    ("data", "made", "left_out"),
    [
        ({"id": "a", "note": 1}, {"id": "a"}, ["note"]),
        ({"id": "a", "extra": 1, "more": 2}, {"id": "a"}, ["extra", "more"]),
        ({"id": "a", "lines": [{"n": 1, "of": 2}, {"n": 2}]},
         {"id": "a", "lines": [{"n": 1}, {"n": 2}]}, ["lines.0.of"]),
        ({"id": "a", "lines": [{"n": "1"}, {"n": 2}]}, {"id": "a"}, ["lines"]),
        ({"id": 1, "note": "b"}, None, []),
        ({"note": "b"}, None, []),
        ([], None, []),
        (None, None, []),
        ({"id": "a", "lines": [{"n": 1, "of": 2}] * 50}, None, []),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_left_out_and_nothing_is_changed(
    data: Any, made: Any, left_out: list[str]
) -> None:
    before = json.dumps(data)
    found = fitting(Output(SCHEMA), data)
    assert (None if found is None else found[0]) == made
    assert found is None or sorted(found[1]) == left_out
    assert json.dumps(data) == before


def test_failure_of_our_own_tells_a_caller_nothing(era: str, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Request) -> Response:
        raise RuntimeError("secret=abc at /srv/app.py")

    error = error_of(called(broken, "search_parking", SEARCH, era))
    assert error["code"] == "internal"
    assert "abc" not in json.dumps(error)
    assert "secret=abc" in caplog.text, "the operator learns it"


def test_caller_without_the_scope_is_refused_before_anything_is_sent(era: str) -> None:
    from pgagents.client.answer import Problem

    script = Script(answered(200, {"lots": []}))
    refusal = Problem("insufficient_scope", "no", scope="read", sent=False)
    error = error_of(called(script, "search_parking", SEARCH, era, allowed=lambda _: refusal))
    assert error["scope"] == "read"
    assert script.asked == []


# how calls go on


def test_waits_are_told_to_a_caller_that_asked_for_progress(era: str) -> None:
    heard: list[tuple[float, str | None]] = []

    async def progress(number: float, _total: float | None, message: str | None) -> None:
        heard.append((number, message))

    factory = World()
    client = client_of(
        park(), Script(answered(503, Retry_After="2"), answered(200, {"lots": []})), factory=factory
    )
    result = talked(
        client, lambda peer: peer.call_tool("search_parking", SEARCH, progress_callback=progress), era
    )
    assert not result.is_error
    assert "the API answered 503; attempt 2 of 4" in str(heard[0][1])
    assert factory.slept[0] >= 2


def test_slow_call_is_told_of_more_than_once_and_numbers_grow(
    era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgagents.mcp.server.SLOW_S", 0.02)
    heard: list[float] = []

    async def progress(number: float, _total: float | None, _message: str | None) -> None:
        heard.append(number)

    async def slow(_: Request) -> Response:
        await asyncio.sleep(0.15)
        return answered(200, {"lots": []})

    talked(
        Client(park(), slow, "k"),
        lambda peer: peer.call_tool("search_parking", SEARCH, progress_callback=progress),
        era,
    )
    assert len(heard) >= 2
    assert heard == sorted(set(heard))


def test_cancelled_call_is_no_longer_made(era: str) -> None:
    begun, ended = asyncio.Event(), []

    async def endless(_: Request) -> Response:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return answered(200)

    async def talk(peer: mcp.Client) -> None:
        task = asyncio.create_task(peer.call_tool("search_parking", SEARCH))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for _ in range(100):
            if ended:
                return
            await asyncio.sleep(0.01)

    talked(Client(park(), endless, "k"), talk, era)
    assert ended == ["cancelled"]


def test_calls_run_beside_each_other(era: str) -> None:
    here = 0
    most = 0

    async def meets(_: Request) -> Response:
        nonlocal here, most
        here += 1
        most = max(most, here)
        await asyncio.sleep(0.02)
        here -= 1
        return answered(200, {"lots": []})

    async def talk(peer: mcp.Client) -> None:
        await asyncio.gather(*(peer.call_tool("search_parking", SEARCH) for _ in range(5)))

    talked(Client(park(), meets, "k"), talk, era)
    assert most == 5


def test_names_of_the_surface_are_the_tools_names(era: str) -> None:
    of = changed(actions__search_products__texts={"mcp": {"name": "find_goods", "title": "Find goods"}})
    script = Script(answered(200, {"products": []}))
    result = called(script, "find_goods", {"q": "pot"}, era, of=of)
    assert result.structured_content == {"products": []}
    assert script.asked[0].target == "/products?q=pot"


def library() -> Model:
    return read_once(ROOT / "tests" / "catalogues" / "library.yaml")


COPIES = [
    {"id": 4, "title_id": 1, "number": 1, "hold_id": None},
    {"id": 5, "title_id": 1, "number": 2, "hold_id": 3},
]


def test_an_answer_that_is_a_list_stands_in_an_object(era: str) -> None:
    """Revisions up to 2025-11-25 take objects alone; the client holds an answer to the schema."""

    async def talk(peer: mcp.Client) -> tuple[Any, CallToolResult]:
        listed = {tool.name: tool.output_schema for tool in (await peer.list_tools()).tools}
        return listed["list_copies"], await peer.call_tool("list_copies", {"title_id": 1})

    client = client_of(library(), Script(answered(200, COPIES)), "lib_test_0123456789abcdef01234567")
    schema, result = talked(client, talk, era)
    assert (schema["type"], schema["required"]) == ("object", ["result"])
    assert not result.is_error
    assert result.structured_content == {"result": COPIES}
    assert json.loads(result.content[0].text) == {"result": COPIES}  # type: ignore[union-attr]  # a text


def test_a_list_with_other_items_is_no_success(era: str) -> None:
    wrong = [{**COPIES[0], "number": "one"}]
    key = "lib_test_0123456789abcdef01234567"
    result = called(Script(answered(200, wrong)), "list_copies", {"title_id": 1}, era, of=library(), key=key)
    said = error_of(result)
    assert said["code"] == "unexpected_answer"
    assert "result.0.number" in said["message"]
