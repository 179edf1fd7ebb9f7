"""A document's text that is too long is cut for the vendor; one that the author wrote is an error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from overlaying import notes, over
from pgagents.base.text import fit
from pgagents.cli.inputs.catalogue import find_left_out
from pgagents.generate.build import Built, build
from pgagents.generate.package import pack
from pgagents.lint.run import lint

SERVER = "api: {server: https://api.notes.example, contact: help@notes.example}\n"
"""Copilot and ChatGPT get no file with a placeholder for a server or a contact."""
LONG = "Gives the note that lies on top of the pile. " * 20


def long_document() -> dict[str, Any]:
    """Notes, of which one call has a long description and one argument too."""
    document = notes()
    document["paths"]["/notes"]["get"]["description"] = LONG
    document["paths"]["/notes"]["get"]["parameters"][0]["description"] = LONG
    return document


def described(built: Built) -> dict[str, Any]:
    """The operation in the GPT's document."""
    data = next(a.data for a in built.files if a.path == "openai/openapi.json")
    return dict(json.loads(data)["paths"]["/notes"]["get"])


def test_documents_text_is_cut_at_a_sentence_and_listed_as_a_loss() -> None:
    built = build(over(SERVER, long_document()), only=["openai", "pgagents"])
    assert [d for d in built.diagnostics if d.severity == "error"] == []
    assert built.left_out == {}
    text = described(built)["description"]
    assert 200 < len(text) <= 300
    assert text.endswith("of the pile.")
    losses = next(a.data for a in built.files if a.path == "pgagents/losses.md").decode()
    assert f"text of {len(LONG.strip()):,} characters" in losses
    assert "cut at a sentence: at most 300 are taken" in losses


def test_other_vendors_have_the_whole_text() -> None:
    built = build(over(document=long_document()), only=["gemini"])
    data = next(a.data for a in built.files if a.path == "gemini/functions.json")
    assert LONG.strip() in data.decode()


@pytest.mark.parametrize("surfaces", ["", "surfaces: {openai: {actions: all}}\n"])
def test_authors_own_text_is_not_cut_and_stays_an_error(surfaces: str) -> None:
    text = f"{SERVER}actions: {{list_notes: {{description: {LONG.strip()}}}}}\n{surfaces}"
    built = build(over(text), only=["openai"])
    assert (built.refused, built.left_out) == ({"openai"}, {})
    assert described(built)["description"] == LONG.strip()


def test_vendor_that_nobody_asked_for_and_that_can_call_nothing_is_left_out_with_the_reason() -> None:
    document = notes()
    post = document["paths"]["/notes"]["post"]
    post["requestBody"] = {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}}
    document["paths"] = {"/notes": {"post": post}}
    built = build(over(SERVER, document))
    assert built.refused == frozenset()
    assert "no action is left that" in built.left_out["openai"]
    assert [d for d in built.diagnostics if d.severity == "error"] == []
    paths = {a.path for a in built.artifacts()}
    assert "openai/openapi.json" not in paths
    assert "gemini/functions.json" in paths
    asked = build(over(f"{SERVER}surfaces: {{openai: {{actions: all}}}}", document))
    assert (asked.refused, asked.left_out) == ({"openai"}, {})


def test_lint_of_two_lines_has_notes_alone_and_of_the_authors_own_parts_warnings() -> None:
    found = lint(over()).found
    assert {d.severity for d in found} == {"note"}
    (asked,) = (d for d in found if d.id == "catalogue/undescribed-argument" and "`name`" in d.message)
    assert "the document says so" in asked.help
    own = lint(over("actions: {list_notes: {input: {colour: {in: query, type: string}}}}\n")).found
    assert [d.id for d in own if d.severity == "warning"] == ["catalogue/undescribed-argument"]


def test_copilots_advice_on_many_functions_is_a_note_where_nobody_asked_for_copilot() -> None:
    document = notes()
    for n in range(5):
        document["paths"][f"/more{n}"] = {
            "get": {**document["paths"]["/tags"]["get"], "operationId": f"more{n}"}
        }
    built = build(over(SERVER, document))
    severities = {d.severity for d in built.diagnostics if "functions" in d.message}
    assert severities == {"note"}
    asked = over(
        "surfaces: {copilot: {actions: all, auth: {type: ApiKeyPluginVault, reference_id: key}}}\n", document
    )
    assert {d.severity for d in build(asked).diagnostics if "functions" in d.message} == {"warning"}


@pytest.mark.parametrize(
    ("text", "most", "cut"),
    [
        ("One. Two. Three.", 9, "One. Two."),
        ("One. Two.", 20, "One. Two."),
        ("A sentence that has no end", 12, "A sentence…"),
        ("Word", 3, "Wo…"),
        ("One.\n Two.", 9, "One. Two."),
    ],
)
def test_text_is_cut_at_a_sentence_or_between_two_words(text: str, most: int, cut: str) -> None:
    assert fit(text, most) == cut


def test_of_what_a_document_causes_only_a_misled_model_is_an_error() -> None:
    """A model reads what no person sees, whoever wrote it; a vendor's demand is the author's if he asks."""
    document = notes()
    header = {"name": "X-Team", "in": "header", "required": True, "schema": {"type": "string"}}
    document["paths"]["/tags"]["get"]["parameters"] = [header | {"description": "The team\u202e"}]
    found = lint(over(SERVER, document)).found
    assert {d.id for d in found if d.severity == "error"} == {"catalogue/hidden-character"}
    assert "openai/dropped-arguments" in {d.id for d in found if d.severity == "note"}
    assert "warning" not in {d.severity for d in found}


@pytest.mark.parametrize("named", [False, True])
def test_long_text_inside_a_schema_is_cut_for_the_vendor_alone(named: bool) -> None:
    document = notes()
    post = {"type": "object", "properties": {"text": {"type": "string", "description": LONG * 2}}}
    other = {"type": "object", "properties": {"link": {"type": "string"}}}
    document["components"]["schemas"]["Post"] = post
    choice = [{"$ref": "#/components/schemas/Post"} if named else post, other]
    body = {"required": True, "content": {"application/json": {"schema": {"oneOf": choice}}}}
    document["paths"]["/notes"]["post"]["requestBody"] = body
    built = build(over(SERVER, document))
    assert built.left_out.keys() <= {"ai_plugin"}
    files = {a.path: a.data.decode() for a in built.artifacts()}
    assert LONG.strip() * 2 not in files["openai/openapi.json"]
    assert (LONG * 2).strip() in json.loads(json.dumps(files["mcp/tools.json"]))


def test_one_tool_that_a_vendor_refuses_is_left_out_and_the_others_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pgagents.generate import build as building

    read = building._refuse

    def refuse_one(rendered: Any, model: Any, templates: Any) -> Any:
        found = read(rendered, model, templates)
        named = [str(action.name) for action in model.surfaces["perplexity"].actions]
        if rendered.made.id == "perplexity/tools" and "create_note" in named:
            found.tools.append(building.RefusedTool(rendered.made.id, "perplexity", "create_note", "too odd"))
        return found

    monkeypatch.setattr(building, "_refuse", refuse_one)
    built = build(over(document=notes()), full=True)
    files = {a.path: a.data.decode() for a in built.artifacts()}
    assert "create_note" not in files["perplexity/tools.json"]
    assert "list_notes" in files["perplexity/tools.json"]
    assert "create_note" in files["gemini/functions.json"]
    assert "the vendor refuses it: too odd" in files["pgagents/losses.md"]


def test_vendor_that_waits_for_lines_asks_for_all_of_them_and_no_tool_list_waits_with_it() -> None:
    document = notes() | {"servers": [{"url": "http://localhost:5000"}]}
    both = over("", document)
    assert find_left_out(both)["openai"] == (
        "it would send calls, and keys, to http://localhost:5000, which is a placeholder; it would show "
        "support@localhost, which is a placeholder: `api: {server: https://…, contact: support@…}`"
    )
    contact = over("api: {server: https://api.notes.example}\n", document)
    assert find_left_out(contact)["copilot"] == (
        "it would show support@localhost, which is a placeholder: `api: {contact: support@…}`"
    )
    for model in (both, contact):
        built = build(model)
        paths = {a.path for a in built.artifacts()}
        assert built.left_out == {}
        assert {"openai/tools.chat.json", "anthropic/tools.json"} <= paths
        assert not {"openai/openapi.json", "copilot/ai-plugin.json"} & paths
        overview = next(a.data for a in built.artifacts() if a.path == "web/llms.txt").decode()
        assert "localhost" not in overview


def test_package_of_a_vendor_that_waits_names_every_line_that_makes_one() -> None:
    model = over("", notes() | {"servers": [{"url": "http://localhost:5000"}]})
    why, help = pack(model, build(model), {}).left_out["copilot"]
    assert why == "copilot/app.zip needs lines of yours"
    assert "`api: {server: https://…, contact: support@…, privacy: https://…, terms: https://…}`" in help
    assert "surfaces: {copilot: {package: {developer: …}}}" in help
    unwanted = over("surfaces: {copilot: null}\n", notes() | {"servers": [{"url": "http://localhost:5000"}]})
    assert "copilot" not in pack(unwanted, build(unwanted), {}).left_out


def test_count_over_a_limit_is_a_note_until_somebody_chooses_what_is_counted() -> None:
    document = notes()
    for number in range(12):
        read = {"operationId": f"read_{number}", "responses": {"200": {"description": "So"}}}
        document["paths"][f"/pages/{number}"] = {"get": read}

    def judge(lines: str) -> set[str]:
        found = lint(over(f"{SERVER}{lines}", document)).found
        return {d.severity for d in found if d.id == "copilot/ai_plugin/limit"}

    assert judge("") == {"note"}
    assert judge("surfaces: {copilot: {package: {developer: Notes Ltd}}}") == {"note"}
    assert judge("surfaces: {copilot: {actions: all}}") == {"warning"}
