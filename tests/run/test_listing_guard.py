"""An approved listing on a changed server: each kind of change has a known outcome."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NamedTuple

import pytest

from listing_servers import NAME, Change, Tool, approve, guard, judge_change
from pgagents.catalogue.load import load_text
from pgagents.diff.listings import OUTCOMES, Package
from pgagents.submit.listing_guard import OF_CALLS
from pgagents.verify.plan.selection import NO_WRITES
from verifying import ROOT

MATRIX = pytest.mark.matrix


class Subject(NamedTuple):
    """The tools of an approved listing; the first one is changed.

    `argument` is an optional argument of it, and `choice` one with an enum, whose narrower and wider schemas
    follow. `member` is a required member of its answer.
    """

    catalogue: str
    tools: tuple[str, ...]
    argument: str
    choice: str
    narrower: Mapping[str, Any]
    wider: Mapping[str, Any]
    member: str


SUBJECTS = {
    "library": Subject(
        "library", ("list_titles", "get_patron"), "q", "sort", {"enum": ["id", "-id"]},
        {"enum": ["id", "-id", "year", "title"]}, "total",
    ),
    "payments": Subject(
        "payments", ("list_payments", "get_customer"), "customer", "status",
        {"enum": ["partially_refunded", "refunded"]},
        {"enum": ["succeeded", "partially_refunded", "refunded", "disputed"]}, "has_more",
    ),
    "park_graph": Subject(
        "park_graph", ("list_sessions", "check_availability"), "fleet_id", "status", {"enum": ["active"]},
        {"enum": ["active", "completed", "refunded"]}, "sessions",
    ),
}  # fmt: skip


def _edit(tool: Tool, member: str, name: str, schema: Mapping[str, Any] | None) -> Tool:
    """Put a schema among the properties of the input or output, or take the property out."""
    properties = tool[member]["properties"]
    if schema is None:
        del properties[name]
        tool[member]["required"] = [n for n in tool[member].get("required", ()) if n != name]
    else:
        properties[name] = {**properties.get(name, {}), **schema}
    return tool


def _rename(tool: Tool, name: str) -> Tool:
    schema = tool["inputSchema"]["properties"][name]
    return _edit(_edit(tool, "inputSchema", name, None), "inputSchema", f"{name}_new", schema)


def _restore(arguments: Tool, name: str) -> Tool:
    return {(name if key == f"{name}_new" else key): value for key, value in arguments.items()}


def _require(tool: Tool, name: str) -> Tool:
    tool["inputSchema"]["required"] = [*tool["inputSchema"].get("required", ()), name]
    return _edit(tool, "inputSchema", name, {"type": "string", "description": "What it is for"})


def _hint(tool: Tool, name: str, value: bool | None) -> Tool:
    hints = {key: old for key, old in tool["annotations"].items() if key != name}
    return {**tool, "annotations": hints if value is None else {**hints, name: value}}


def _without(arguments: Tool, name: str) -> Tool:
    return {key: value for key, value in arguments.items() if key != name}


def _change_data(result: Tool, member: str, value: Any) -> Tool:
    if "structuredContent" not in result:
        return result
    data = {**result["structuredContent"], member: value}
    return {**result, "structuredContent": data}


def _drop_data(result: Tool, member: str) -> Tool:
    data = _without(result.get("structuredContent", {}), member)
    return {**result, "structuredContent": data} if "structuredContent" in result else result


def _reverse(tool: Tool) -> Tool:
    """The same definition with its members, properties and lists in another order."""
    turned = deepcopy(tool)
    for member in ("inputSchema", "outputSchema"):
        schema = turned[member]
        schema["properties"] = dict(reversed(schema["properties"].items()))
        if "required" in schema:
            schema["required"] = schema["required"][::-1]
    return dict(reversed(turned.items()))


def break_listing(s: Subject) -> dict[str, tuple[Change, str, str]]:
    """The changes that a store does not let pass, each with the id of its reason and what shows it."""
    output, more = "outputSchema", {"type": ["null", "integer", "boolean", "array"]}
    return {
        "an argument is renamed": (
            Change(lambda t: _rename(t, s.argument), lambda a: _restore(a, s.argument)),
            "listing-tool-input", "call",
        ),
        "an argument is gone": (
            Change(lambda t: _edit(t, "inputSchema", s.argument, None)), "listing-tool-input", "call",
        ),
        "an argument is required": (
            Change(lambda t: _require(t, "purpose"), lambda a: _without(a, "purpose")),
            "listing-tool-input", "call",
        ),
        "a choice is narrower": (
            Change(lambda t: _edit(t, "inputSchema", s.choice, s.narrower)), "listing-tool-input", "call",
        ),
        "a choice is narrower, unsaid": (
            Change(call=lambda a: a if a.get(s.choice) in (None, *s.narrower["enum"]) else 400),
            "listing-call-refused", "call",
        ),
        "an argument is required, unsaid": (
            Change(call=lambda _: 400), "listing-call-refused", "call",
        ),
        "every call fails": (Change(call=lambda _: 500), "listing-call-failed", "call"),
        "the tool is gone": (Change(lambda _: None), "listing-tool-removed", "manifest"),
        "an answer's member is gone": (
            Change(lambda t: _edit(t, output, s.member, None), result=lambda r: _drop_data(r, s.member)),
            "listing-tool-output", "call",
        ),
        "an answer's member is gone, unsaid": (
            Change(result=lambda r: _drop_data(r, s.member)), "listing-answer", "call",
        ),
        "an answer's member has another type": (
            Change(
                lambda t: _edit(t, "outputSchema", s.member, {"type": ["string"]}),
                result=lambda r: _change_data(r, s.member, "1"),
            ),
            "listing-tool-output", "call",
        ),
        "an answer may be more, and none was": (
            Change(lambda t: _edit(t, output, s.member, more)),
            "listing-tool-output", "manifest",
        ),
        "structured answers are gone": (
            Change(lambda t: _without(t, output), result=lambda r: _without(r, "structuredContent")),
            "listing-tool-output", "call",
        ),
        "the tool writes now": (
            Change(lambda t: _hint(t, "readOnlyHint", False)), "listing-tool-hint", "manifest",
        ),
        "a hint is gone": (
            Change(lambda t: _hint(t, "readOnlyHint", None)), "listing-tool-hint-missing", "manifest",
        ),
        "its schema is none": (
            Change(lambda t: {**t, "inputSchema": {"type": "nonsense"}}, lenient=True),
            "listing-tool-input", "manifest",
        ),
        "the package has another name": (
            Change(package=Package("another", "")), "listing-name", "manifest",
        ),
        "the server moved": (
            Change(package=Package(NAME, "https://mcp.example.com/mcp")), "listing-server", "manifest",
        ),
        "the listing is gone": (Change(package=None), "listing-removed", "manifest"),
    }  # fmt: skip


def keep_listing(s: Subject) -> dict[str, Change]:
    """The changes with which a listing stays as it is."""
    new: Tool = {
        "name": "a_new_tool", "title": "New", "description": "A new tool.",
        "inputSchema": {"type": "object", "properties": {}},
        "annotations": {"readOnlyHint": True, "destructiveHint": False, "openWorldHint": False},
    }  # fmt: skip
    return {
        "nothing changed": Change(),
        "another description": Change(lambda t: {**t, "description": f"Now: {t['description']}"}),
        "another title": Change(lambda t: {**t, "title": f"The {t['title']}"}),
        "another order": Change(_reverse),
        "an icon": Change(
            lambda t: {**t, "icons": [{"src": "https://example.com/i.png"}], "_meta": {"a": 1}}
        ),
        "one more argument": Change(
            lambda t: _edit(t, "inputSchema", "colour", {"type": "string"}), lambda a: _without(a, "colour")
        ),
        "a wider choice": Change(lambda t: _edit(t, "inputSchema", s.choice, s.wider)),
        "one more member of answers": Change(
            lambda t: _edit(t, "outputSchema", "note", {"type": "string"}),
            result=lambda r: _change_data(r, "note", "new"),
        ),
        "one more member of answers, unsaid": Change(result=lambda r: _change_data(r, "note", "new")),
        "a new tool": Change(more=(new,)),
        "a new name of an argument, and the old one is taken": Change(
            lambda t: _rename(t, s.argument), lambda a: _restore(a, s.argument), lenient=True
        ),
        "a required argument that calls may lack": Change(lambda t: _require(t, "purpose"), lenient=True),
        "a narrower choice, and all are taken": Change(
            lambda t: _edit(t, "inputSchema", s.choice, s.narrower), lenient=True
        ),
        "arguments are open": Change(
            lambda t: {**t, "inputSchema": _without(t["inputSchema"], "additionalProperties")}
        ),
        "it is idempotent now": Change(lambda t: _hint(t, "idempotentHint", True)),
        "the server refuses for a while": Change(call=lambda a: a if a.get(s.choice) is None else 409),
    }


def _list_pairs(kinds: Mapping[str, Any]) -> list[Any]:
    """Each kind on each catalogue. The gate tries the library, and a few kinds on the others."""
    return [
        pytest.param(of, kind, id=f"{of}-{kind}", marks=() if of == "library" or n % 7 == 0 else MATRIX)
        for of in SUBJECTS
        for n, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(("of", "kind"), _list_pairs(break_listing(SUBJECTS["library"])))
def test_change_that_a_store_does_not_let_pass(of: str, kind: str) -> None:
    subject = SUBJECTS[of]
    change, id, by = break_listing(subject)[kind]
    found = guard(subject.catalogue, subject.tools, change)
    first = found.outcome.reasons[0]
    assert (first.id, first.by) == (id, by)
    assert found.outcome.outcome == first.outcome == {**OUTCOMES, **OF_CALLS}[id]
    assert {reason.subject for reason in found.outcome.reasons} <= {subject.tools[0], "openai"}
    assert found.report.footer.left_behind == ()


@pytest.mark.parametrize(("of", "kind"), _list_pairs(keep_listing(SUBJECTS["library"])))
def test_change_with_which_a_listing_stays(of: str, kind: str) -> None:
    subject = SUBJECTS[of]
    found = guard(subject.catalogue, subject.tools, keep_listing(subject)[kind])
    assert found.outcome.reasons == ()
    assert found.outcome.outcome == "kept"
    assert found.outcome.taken > 1
    assert found.report.footer.left_behind == ()


def test_each_reason_has_been_seen() -> None:
    """Except those of a new package, which no running server shows, and of changes that only wait."""
    seen = {id for _, id, _ in break_listing(SUBJECTS["library"]).values()}
    unseen = {*OUTCOMES, *OF_CALLS} - seen
    assert unseen == {"listing-version", "listing-tool-review", "listing-tool-added", "listing-case"}


def test_reason_names_the_argument_its_line_and_the_answer() -> None:
    subject = SUBJECTS["library"]
    found = guard("library", subject.tools, break_listing(subject)["an argument is renamed"][0])
    reason = found.outcome.reasons[0]
    assert reason.member == "q"
    assert reason.place.startswith("approved/mcp/tools.json:")
    assert "(/tools/0/inputSchema/properties/q)" in reason.place
    assert '"q": "' in reason.example
    assert "bad_input" in reason.words
    assert found.outcome.waiting == ("list_titles",)


def test_writes_follow_the_rules_of_a_run_and_leave_nothing() -> None:
    chosen = ("place_hold", "cancel_hold")
    found = guard("library", chosen, Change())
    assert found.outcome.outcome == "kept"
    assert {call.tool for call in found.calls if call.kind == "taken"} == set(chosen)
    assert found.report.footer.left_behind == ()


def test_run_without_a_test_key_only_reads_and_says_what_lifts_that() -> None:
    text = (ROOT / "tests" / "catalogues" / "library.yaml").read_text(encoding="utf-8")
    modes = "{lib_test_: test, lib_op_: test, lib_live_: live}"
    assert modes in text
    of = load_text(text.replace(f"      prefixes: {modes}\n", ""), "library.yaml")
    chosen = ("place_hold", "list_titles")
    found = judge_change(of, approve("library", chosen), chosen, Change())
    assert {call.tool for call in found.calls} == {"list_titles"}
    assert [(one.subject, one.why) for one in found.outcome.not_tried] == [("place_hold", NO_WRITES)]
    change = Change(lambda t: _require(t, "purpose"))
    held = judge_change(of, approve("library", chosen), chosen, change).outcome
    assert [(r.id, r.by, r.member) for r in held.reasons] == [("listing-tool-input", "manifest", "purpose")]
    allowed = judge_change(of, approve("library", chosen), chosen, Change(), allow_writes=True)
    assert allowed.outcome.not_tried == ()


def test_call_of_a_write_that_the_server_refuses_is_held() -> None:
    change = Change(lambda t: _require(t, "purpose"), lambda a: _without(a, "purpose"))
    found = guard("library", ("place_hold",), change)
    assert [(r.id, r.by, r.member) for r in found.outcome.reasons] == [
        ("listing-tool-input", "call", "purpose")
    ]


def test_tool_with_a_schema_that_nobody_can_read_is_not_called() -> None:
    subject = SUBJECTS["library"]
    found = guard("library", subject.tools, break_listing(subject)["its schema is none"][0])
    assert {call.tool for call in found.calls} == {"get_patron"}
    assert found.report.footer.complete
    assert not any("internal" in note for note in found.report.footer.notes)


def test_value_that_somebody_made_up_decides_nothing() -> None:
    """A cursor that the schema allows leads to no page."""
    found = guard("payments", ("list_payments",), Change())
    assert found.outcome.outcome == "kept"
