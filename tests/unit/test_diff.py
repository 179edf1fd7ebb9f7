"""Two editions of a catalogue: each kind of change, how bad it is, for whom, and which version it asks
for.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pgagents.base.errors import InputError
from pgagents.base.jsonschema.schema import REF, validator
from pgagents.catalogue.load import load_text
from pgagents.cli.main import main
from pgagents.diff.change import Change, bump, next_version
from pgagents.diff.compare import compare
from pgagents.diff.formats import Comparison, as_json, markdown, side, text
from test_diff_inclusion import NAMED, VALUES, pairs

ROOT = Path(__file__).parents[2]
SHOP = (ROOT / "tests/catalogues/shop.yaml").read_text(encoding="utf-8")
PARK = (ROOT / "catalogue/park_graph.yaml").read_text(encoding="utf-8")


def changed(*edits: tuple[str, str], base: str = SHOP) -> list[Change]:
    """Return the differences after replacing each first text by the second, wherever it stands."""
    edited = base
    for old, new in edits:
        assert old in edited, old
        edited = edited.replace(old, new)
    return compare(load_text(base, "old.yaml"), load_text(edited, "new.yaml"))


NOTE = '      note: {type: [string, "null"], description: A word for the packer}\n'
NOTE_LAW = "      note-kept: {when: has(input.note), that: response.order.note == input.note}\n"
WORD = "note: {type: string, minLength: 1, maxLength: 80, description: A word for the packer}"
ASKED = '    confirm: {body: "Do you want to cancel this order?"}\n'
ERRORS = (
    "errors: [refused]\n    laws:\n      at-most",
    "errors: [refused, absent]\n    laws:\n      at-most",
)
Kinds = set[tuple[str, str]]

KINDS: list[tuple[str, list[tuple[str, str]], Kinds]] = [
    ("nothing", [("# Another", "# One more")], set()),
    ("shorter text", [("maxLength: 40", "maxLength: 30")], {("breaking", "narrower")}),
    ("longer text", [("maxLength: 40", "maxLength: 50")], {("addition", "wider")}),
    (
        "one value more",
        [("enum: [placed, cancelled]", "enum: [placed, cancelled, shipped]")],
        {("breaking", "answer-wider")},
    ),
    (
        "no zero any more",
        [("type: integer, minimum: 0", "type: integer, minimum: 1")],
        {("addition", "answer-narrower")},
    ),
    (
        "member less",
        [(NOTE, ""), (NOTE_LAW, "")],
        {("may break", "member-removed"), ("may break", "promise-dropped")},
    ),
    (
        "required member less",
        [("required: [id, name, price_cents]", "required: [id, name]")],
        {("breaking", "answer-wider")},
    ),
    (
        "description",
        [("Search the shop's products by a word.", "Look for things.")],
        {("wording", "description")},
    ),
    ("confirmation", [(ASKED, "")], {("breaking", "confirmation-dropped")}),
    ("cost", [("    costs: true\n", "")], {("breaking", "costs"), ("breaking", "destructive")}),
    ("new error", [ERRORS], {("may break", "error-added")}),
    (
        "status of an error",
        [("{status: 409, meaning", "{status: 410, meaning"), ("status: 409", "status: 410")],
        {("breaking", "code-status"), ("wording", "section"), ("wording", "shown")},
    ),
    ("default", [("default: 10", "default: 20")], {("may break", "default")}),
    (
        "other address",
        [("server: https://shop.example\n", "server: https://new.shop.example\n")],
        {("breaking", "server")},
    ),
    ("route", [("http: GET /products\n", "http: GET /things\n")], {("breaking", "route")}),
    (
        "law dropped",
        [("      at-most-limit: size(response.products) <= input.limit\n", "")],
        {("may break", "promise-dropped")},
    ),
    ("surface less", [("  xai: {actions: all}\n", "")], {("breaking", "surface-removed")}),
    (
        "fewer actions on a surface",
        [("  xai: {actions: all}\n", "  xai: {actions: [get_product]}\n")],
        {("breaking", "not-offered")},
    ),
    (
        "point opened",
        [("unknown_member: refused", "unknown_member: ignored")],
        {("may break", "point"), ("addition", "unknown-members")},
    ),
    (
        "operation id",
        [("    http: GET /products\n", "    http: GET /products\n    operation_id: find\n")],
        {("breaking", "operation-renamed")},
    ),
    ("example", [("input: {q: kettle, limit: 5}", "input: {q: kettle, limit: 6}")], {("wording", "shown")}),
    (
        "header of our own client",
        [("  gemini: {actions: all}", "  gemini: {actions: all, headers: {X-From: g}}")],
        {("may break", "surface-setting")},
    ),
    (
        "text inside an answer",
        [("description: The products found}}", "description: All that was found}}")],
        {("wording", "answer-text")},
    ),
    (
        "text of a schema",
        [("description: Its price in cents", "description: What it costs")],
        {("wording", "schema-text")},
    ),
    (
        "text of a code",
        [("meaning: An argument is missing or out of range", "meaning: Wrong")],
        {("wording", "section")},
    ),
    (
        "prefix of a key",
        [("prefixes: {try_: test,", "prefixes: {test_: test,")],
        {("may break", "key-prefix")},
    ),
    ("test data", [("absent: p-0\n", "absent: p-00\n")], {("wording", "section")}),
    (
        "argument required",
        [
            (WORD, WORD.replace("maxLength: 80", "maxLength: 80, required: true")),
            ("    omit: {place_order: [note]}\n", ""),
            ("quantity: 1}", "quantity: 1, note: x}"),
            ("quantity: 2}, at", "quantity: 2, note: x}, at"),
        ],
        {("breaking", "argument-required"), ("addition", "argument-added"), ("wording", "section")},
    ),
]


@pytest.mark.parametrize(("edits", "kinds"), [k[1:] for k in KINDS], ids=[k[0] for k in KINDS])
def test_change_is_told_for_what_it_is(edits: list[tuple[str, str]], kinds: set[tuple[str, str]]) -> None:
    assert {(c.severity, c.id) for c in changed(*edits)} == kinds


def test_renamed_action_breaks_agents_and_is_not_taken_for_two() -> None:
    found = changed(("search_products", "find_products"))
    renamed = [c for c in found if c.id == "action-renamed"]
    assert [(c.subject, c.severity) for c in renamed] == [("search_products", "breaking")]
    assert {"gemini", "xai"} <= set(renamed[0].surfaces)
    assert "is called find_products now" in renamed[0].message
    assert not {"action-added", "action-removed"} & {c.id for c in found}
    assert [c.surfaces for c in found if c.id == "operation-renamed"] == [("rest", "openai", "copilot")]


@pytest.mark.parametrize(
    ("new", "id"),
    [("maxItems: 1", "narrower"), ("maxItems: 2, as: packets", "argument-moved")],
)
def test_change_of_an_argument_on_one_surface_names_that_surface_alone(new: str, id: str) -> None:
    parcels = (ROOT / "tests/catalogues/parcels.yaml").read_text(encoding="utf-8")
    found = changed(
        (
            "narrow: {create_shipment: {parcels: {maxItems: 2",
            f"narrow: {{create_shipment: {{parcels: {{{new}",
        ),
        base=parcels,
    )
    assert {(c.id, c.surfaces) for c in found if "on `gemini`" in c.message} == {(id, ("gemini",))}


def test_dropped_confirmation_is_marked_as_safety() -> None:
    (found,) = changed((ASKED, ""))
    assert found.safety
    assert "no person is asked" in found.message


def test_default_that_is_new_is_not_told_as_another() -> None:
    fewer = ("default: 10, ", "")
    with_none = load_text(SHOP.replace(*fewer), "none.yaml")
    with_ten = load_text(SHOP, "ten.yaml")
    with_five = load_text(SHOP.replace("default: 10, ", "default: 5, "), "five.yaml")
    said = [
        change.message
        for pair in ((with_none, with_five), (with_ten, with_five), (with_ten, with_none))
        for change in compare(*pair)
        if change.id == "default"
    ]
    means = ": calls without it mean something else"
    assert said == [
        f"argument `limit` has a default now: 5{means}",
        f"argument `limit` has another default: 5, was 10{means}",
        f"argument `limit` has no default any more{means}",
    ]


def test_difference_is_told_at_the_member_that_made_it() -> None:
    found = changed(("enum: [placed, cancelled]", "enum: [placed, cancelled, shipped]"))
    assert {c.subject for c in found} == {"place_order", "cancel_order"}
    for change in found:
        assert "at `order.status`" in change.message
        assert change.example == '"shipped"'
        assert change.new == ("schemas", "Order", "properties", "status")


def test_park_graph_does_not_differ_from_itself() -> None:
    assert changed((" park", " park"), base=PARK) == []


def test_smaller_bucket_and_dropped_header_break() -> None:
    allow = (
        '  Allow:\n    description: Methods that the path has\n    "on": 405\n    schema: {type: string}\n'
    )
    found = changed(("read: {requests: 240", "read: {requests: 120"), (allow, ""), base=PARK)
    assert {(c.severity, c.id) for c in found} == {("breaking", "limit"), ("breaking", "header-removed")}


def test_event_taken_away_breaks_receivers() -> None:
    found = changed(("    lot.updated: ", "    lot.changed: "), base=PARK)
    assert {(c.severity, c.id) for c in found if c.subject == "webhooks"} == {
        ("breaking", "event-removed"),
        ("addition", "event-added"),
    }


@pytest.mark.parametrize(
    ("version", "kinds", "wanted"),
    [
        ("1.4.0", ["wording", "addition", "breaking"], "2.0.0"),
        ("1.4.0", ["wording", "may break"], "2.0.0"),
        ("1.4.0", ["wording", "addition"], "1.5.0"),
        ("1.4.0", ["wording"], "1.4.1"),
        ("1.4.0", [], "1.4.0"),
        ("0.3.2", ["breaking"], "0.4.0"),
        ("0.3.2", ["addition"], "0.3.3"),
    ],
)
def test_version_asked_for_is_that_of_semver(version: str, kinds: list[Any], wanted: str) -> None:
    assert next_version(version, bump([Change(kind, "x", "x", "x") for kind in kinds])) == wanted


def catalogue_with(argument: dict[str, Any], answer: dict[str, Any], named: dict[str, Any]) -> str:
    data: dict[str, Any] = {
        "pgagents": 1,
        "api": {
            "id": "x",
            "title": "X",
            "version": "1.0.0",
            "server": "https://x.example",
            "contact": "a@x.example",
            "for_people": "x",
            "for_models": "x",
        },
        "auth": {"schemes": {"key": {}}},
        "errors": {
            "envelope": "Fault",
            "codes": {"BAD": 400, "NO_KEY": 401},
            "framework": {"invalid": "BAD", "no_key": "NO_KEY"},
        },
        "schemas": {"Fault": {"description": "Any"}, **named},
        "actions": {
            "send": {
                "title": "Send",
                "description": "Send it.",
                "http": "POST /send",
                "effect": "write",
                "input": {"it": {"$ref": "Sent"}},
                "output": {200: {"required": ["it"], "properties": {"it": {"$ref": "Got"}}}},
            }
        },
    }
    data["schemas"] |= {"Sent": argument, "Got": answer}
    from pgagents.importer.text import render_yaml

    return render_yaml(data)


def in_catalogue(schema: Any) -> Any:
    """A schema with its references as a catalogue writes them."""
    if isinstance(schema, dict):
        return {k: v.rpartition("/")[2] if k == "$ref" else in_catalogue(v) for k, v in schema.items()}
    return [in_catalogue(v) for v in schema] if isinstance(schema, list) else schema


@pytest.mark.matrix
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(pairs(), NAMED, st.lists(VALUES, min_size=10, max_size=25))
def test_break_found_by_search_is_never_called_harmless(
    pair: tuple[dict[str, Any], dict[str, Any]], named: dict[str, Any], values: list[Any]
) -> None:
    """A value that the argument took and does not take any more, or that the answer could not be and can
    be now.
    """
    one, other = (in_catalogue(schema) for schema in pair)
    try:
        old = load_text(catalogue_with(one, one, in_catalogue(named)))
        new = load_text(catalogue_with(other, other, in_catalogue(named)))
    except InputError:
        assume(False)  # crossed bounds, arrays without items: not every schema is one of a catalogue
        raise
    takes, refuses = (validator({"$ref": f"{REF}Sent"}, model.schemas) for model in (old, new))
    lost = any(takes.is_valid(v) and not refuses.is_valid(v) for v in values)
    came = any(refuses.is_valid(v) and not takes.is_valid(v) for v in values)
    assume(lost or came)
    found = {(c.severity, c.id) for c in compare(old, new)}
    if lost:
        assert {("breaking", "narrower"), ("may break", "narrower")} & found
    if came:
        assert {("breaking", "answer-wider"), ("may break", "answer-wider")} & found


def comparison(*edits: tuple[str, str]) -> Comparison:
    new = SHOP
    for old, after in edits:
        new = new.replace(old, after)
    a, b = load_text(SHOP, "shop.yaml"), load_text(new, "shop.yaml")
    return Comparison(side(a), side(b), tuple(compare(a, b)))


def test_forms_tell_verdict_change_surfaces_and_line() -> None:
    found = comparison(("maxLength: 40", "maxLength: 30"))
    line = 1 + SHOP[: SHOP.index("q: {type: string, maxLength")].count("\n")
    for form in (text, markdown):
        told = form(found)
        assert "0.3.0 should become 0.4.0" in told
        assert "which is too little" in told
        assert "maxLength 30, was 40" in told
        assert f"shop.yaml:{line}:7" in told
        assert "gemini" in told
    held = json.loads(as_json(found))
    assert held["bump"] == "major"
    assert held["changes"][0]["place"] == f"shop.yaml:{line}:7"


def test_markdown_keeps_hostile_words_inside_their_cell() -> None:
    told = markdown(
        comparison(("Search the shop's products by a word.", "x | y <script>alert(1)</script> @everyone"))
    )
    rows = [line for line in told.splitlines() if "script" in line]
    assert rows
    for row in rows:
        assert "<script" not in row
        assert "@everyone" not in row
        assert row.replace("\\|", "").count("|") == 5


def test_markdown_of_many_changes_fits_a_comment() -> None:
    model = load_text(SHOP)
    many = tuple(
        Change("breaking", "x", f"action_{n}", "y" * 100, ("rest",), ("actions",), ("actions",))
        for n in range(500)
    )
    told = markdown(Comparison(side(model), side(model), many))
    assert "and 440 more" in told
    assert "### Breaking (500)" in told
    assert len(told) < 65_536


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for words in (["init", "-q"], ["config", "user.email", "a@x.example"], ["config", "user.name", "A"]):
        subprocess.run(["git", *words], check=True)
    (tmp_path / "api").mkdir()
    (tmp_path / "api/shop.yaml").write_text(SHOP, encoding="utf-8")
    subprocess.run(["git", "add", "."], check=True)
    subprocess.run(["git", "commit", "-qm", "One"], check=True)
    (tmp_path / "api/shop.yaml").write_text(SHOP.replace("maxLength: 40", "maxLength: 30"), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "words", [["--git", "HEAD", "api/shop.yaml"], ["HEAD:api/shop.yaml", "api/shop.yaml"]]
)
def test_file_is_compared_with_a_git_revision(
    repository: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", *words]) == 1
    assert "maxLength 30, was 40" in capsys.readouterr().out
    subprocess.run(["git", "commit", "-qam", "Two"], cwd=repository, check=True)
    assert main(["diff", "HEAD~1:api/shop.yaml", "HEAD:api/shop.yaml"]) == 1
    assert main(["diff", "--git", "HEAD", "api/shop.yaml"]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nosuch.yaml", "api/shop.yaml"], "nosuch.yaml"),
        (["nosuch:api/shop.yaml", "api/shop.yaml"], "git finds no nosuch"),
        (["--git", "--output=x", "api/shop.yaml"], "neither a file nor REV:PATH"),
        (["api/shop.yaml"], "two editions are needed"),
        (["api", "api/shop.yaml"], "cannot read api"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_wrong_call_is_one_message_and_exit_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", *words]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("edit", "level", "code"),
    [
        (("maxLength: 40", "maxLength: 30"), "breaking", 1),
        (("maxLength: 40", "maxLength: 30"), "never", 0),
        (("default: 10", "default: 20"), "breaking", 0),
        (("default: 10", "default: 20"), "may-break", 1),
        (("maxLength: 40", "maxLength: 50"), "may-break", 0),
        (("maxLength: 40", "maxLength: 50"), "addition", 1),
        (("by a word", "by one word"), "addition", 0),
        (("by a word", "by one word"), "wording", 1),
    ],
)
def test_exit_code_follows_fail_on(tmp_path: Path, edit: tuple[str, str], level: str, code: int) -> None:
    (tmp_path / "old.yaml").write_text(SHOP, encoding="utf-8")
    (tmp_path / "new.yaml").write_text(SHOP.replace(*edit), encoding="utf-8")
    assert main(["diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml"), "--fail-on", level]) == code


def test_openapi_documents_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = json.loads((ROOT / "generated/openapi/openapi.json").read_bytes())
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(whole), encoding="utf-8")
    assert main(["diff", str(old), str(ROOT / "generated/openapi/openapi.yaml")]) == 0
    del whole["paths"]["/api/v1/lots/search"]
    new.write_text(json.dumps(whole), encoding="utf-8")
    capsys.readouterr()
    assert main(["diff", str(old), str(new)]) == 1
    told = capsys.readouterr().out
    (place,) = (line for line in told.splitlines() if "action-removed" in line)
    assert f"{old}:1:" in place
    assert place.endswith("(/paths/~1api~1v1~1lots~1search/get)")
