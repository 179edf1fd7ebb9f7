"""Skills on a server that no catalogue describes: an MCP server by its own list, an API by its document."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evaluation.right.measure import SERVERS, serving

from pgagents.cli.inputs.tools import make_model, survey
from pgagents.cli.main import main
from pgagents.cli.running.tools import verify_tools
from pgagents.submit.skills.claims import find_claims
from pgagents.submit.skills.files import Outcome, read_folder
from pgagents.submit.skills.trial import SOMEBODY, SkillTrial
from pgagents.submit.skills.words import read_listed
from pgagents.verify.plan.options import Options
from pgagents.verify.wire.mcp_link import Link
from skill_servers import lay
from tool_server import ToolServer

WEATHER = """---
name: weather
description: Tell the weather. Use when the user asks for it.
allowed-tools: mcp__weather__get_forecast mcp__weather__list_cities Read
---

# Weather

1. Call `list_cities`.
2. Call `get_forecast` with `city` and `days`.

Call `get_forecast(city="Rome", unit="c")` for one in Celsius. Ask before `delete_city`.
"""


def hold(server: ToolServer, folder: Path, **options: Any) -> tuple[Outcome, ...]:
    """Hold skills to an MCP server."""
    chosen = Options(only=("nothing",), **options)
    link, other = (Link(server, url="http://127.0.0.1:1", path="/mcp") for _ in range(2))
    assert link.open(), link.problem
    survey(link, other, chosen)
    assert link.listing is not None
    words = read_listed({name: tool for _, name, tool in link.listing.named}, "weather")
    skills = read_folder(str(folder))
    found = [find_claims(skills, skill, words) for skill in skills.skills]
    model = make_model(link)
    trial = SkillTrial([claim for one in found for claim in one.claims], model)
    verify_tools(model, link, chosen, companion=trial)
    return (*(outcome for one in found for outcome in one.outcomes), *trial.conclude())


def list_wrong(outcomes: tuple[Outcome, ...]) -> list[tuple[str, str, str]]:
    return [(o.verdict, o.id, o.member or o.subject) for o in outcomes if o.verdict in ("broken", "odd")]


def test_true_skill_of_any_server_is_kept(tmp_path: Path) -> None:
    server = ToolServer()
    outcomes = hold(server, lay(tmp_path, {"weather": WEATHER}))
    assert list_wrong(outcomes) == []
    untested = [(o.kind, o.subject) for o in outcomes if o.verdict == "untested"]
    assert untested == [("tool", "delete_city")]
    assert "--allow delete_city" in next(o.message for o in outcomes if o.verdict == "untested")
    assert "delete_city" not in server.called


@pytest.mark.parametrize(
    ("edit", "wrong"),
    [
        (lambda t: t.replace("__list_cities", "__cities"), ("broken", "tool-missing", "cities")),
        (lambda t: t.replace("`list_cities`", "`list_city`"), ("broken", "tool-missing", "list_city")),
        (lambda t: t.replace('unit="c"', 'unit="kelvin"'), ("broken", "call-refused", "unit")),
        (lambda t: t.replace('unit="c"', "scale=1"), ("broken", "argument-unknown", "scale")),
        (lambda t: t.replace("`city`", "`citty`"), ("broken", "argument-unknown", "citty")),
    ],
)  # fmt: skip
def test_lie_about_any_server_is_named(
    edit: Callable[[str], str], wrong: tuple[str, str, str], tmp_path: Path
) -> None:
    assert list_wrong(hold(ToolServer(), lay(tmp_path, {"weather": edit(WEATHER)}))) == [wrong]


@pytest.mark.parametrize(
    "value", ["https://evil.example/x", "a@b.example", "10.0.0.1", "www.evil.example", "+49 30 1234567"]
)
def test_address_of_a_skill_is_never_sent(value: str, tmp_path: Path) -> None:
    sent: list[str] = []

    def note(message: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
        sent.append(json.dumps(params))
        return message

    text = WEATHER.replace('city="Rome"', f'city="{value}"')
    outcomes = hold(ToolServer(tools_call=note), lay(tmp_path, {"weather": text}))
    assert [o.message for o in outcomes if o.kind == "call"] == [SOMEBODY]
    assert sent
    assert value not in "".join(sent)


NOTES = """---
name: notes
description: Keep notes.
---

1. Call `createNote`.
2. Call `getNote`.
   - `id`: the `id` of step 1
3. Call `deleteNote`.
   - `id`: the `id` of step 1

Removed ones: `GET /notes?deleted=true`, or `curl "$NOTES_URL/notes/$ID" | jq .title`.
"""


@pytest.mark.parametrize(
    ("edit", "code", "ids"),
    [
        (lambda t: t, 0, set()),
        (lambda t: t.replace("GET /notes?", "PATCH /notes?"), 1, {"operation-missing"}),
        (lambda t: f"{t}\n4. Call `replaceNote`.\n", 0, set()),
        (lambda t: t.replace("`id` of step 1", "`number` of step 1", 1), 0, {"order-value"}),
    ],
)
def test_skill_on_a_real_server_by_its_document(
    edit: Callable[[str], str],
    code: int,
    ids: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PGAGENTS_TOKEN", SERVERS["notes"].key)
    words = [str(lay(tmp_path, {"notes": edit(NOTES)})), "--json", "--allow-writes"]
    with serving(SERVERS["notes"]) as url:
        ended = main(["skills", *words, *SERVERS["notes"].document_words, "--url", url])
    data = json.loads(capsys.readouterr().out)
    claims = [claim for file in data["files"] for claim in file["claims"]]
    assert {claim["id"] for claim in claims if claim["outcome"] in ("broken", "odd")} == ids
    assert ended == code
    assert data["left_behind"] == []


def test_catalogue_alone_judges_names_and_says_what_would_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lay(tmp_path, {"desk": "---\nname: d\n---\n\nCall `list_titles`, then call `get_titel`.\n"})
    assert main(["skills", str(folder), "tests/catalogues/library.yaml"]) == 1
    printed = capsys.readouterr().out
    assert "line 5: get_titel: the server has no such tool; did you mean `get_title`? [broken" in printed
    assert "list_titles: no server is named: --url URL" in printed
    assert max(map(len, printed.splitlines())) <= 100


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["skills", "nothing-there"], "No such file"),
        (["skills", "tests/data"], "there is no SKILL.md"),
        (["skills", "generated", "--limits"], "No such option '--limits'"),
        (["verify", "--skills", "generated"], "`pgagents skills DIR` holds skills to a server"),
        (["verify", "--listing", "generated"], "`pgagents listing DIR|REV|FILE` holds approved listings"),
        (["verify", "--json"], "`--report FILE.json` writes the report as JSON"),
    ],
)
def test_wrong_use_is_one_message(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "tests/catalogues/library.yaml"]) == 2
    assert says in capsys.readouterr().err
