"""Skills on a running server: lies are named, true ones are silent, and faulty servers make lies of these."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from listing_servers import Change, Tool
from pgagents.verify.plan.selection import NO_WRITES
from sandboxes import model
from skill_servers import hold, lay, write

MATRIX = pytest.mark.matrix
Wrong = tuple[str, str, str, str]
"""The verdict, the id, the subject and the member of a lie."""


class Subject(NamedTuple):
    """A catalogue with the words of a skill that is true of it.

    `read` is a tool that lists, `argument` one of its optional arguments, and `choice` one with an enum.
    `find` is a tool that takes the `id` of an item in the answer of `read` as `by`. `other` takes another
    kind of id as `of`. `error` is an error with its status that `find` has for an id that nobody has.
    `wrong` is a member whose value is not an id of what `other` looks up.
    """

    api: str
    read: str
    argument: str
    choice: str
    items: str
    find: str
    by: str
    other: str
    of: str
    error: str
    status: int
    unoffered: str
    path: str
    wrong: str


SUBJECTS = {
    "library": Subject(
        "lendingdesk", "list_titles", "q", "sort", "titles", "list_copies", "title_id", "get_hold", "hold_id",
        "https://lending.example/problems/not-found", 404, "add_title", "/titles", "published_year",
    ),
    "payments": Subject(
        "coinpost", "list_payments", "customer", "status", "data", "get_payment", "payment", "get_customer",
        "customer", "absent", 404, "create_webhook_endpoint", "/payments", "id",
    ),
    "park_graph": Subject(
        "parkgraph", "search_parking", "radius_km", "limit", "lots", "get_rates", "lot_id", "get_session",
        "session_id", "NOT_FOUND", 404, "create_webhook", "/parking/search", "id",
    ),
}  # fmt: skip

TRUE = """---
name: desk
description: Look things up. Use when the user asks for one.
allowed-tools: Read, Bash(git:*), mcp__{api}__{read}, mcp__{api}__{find}
---

# Desk

## Tools

- `{read}`: finds the things.
  - `{argument}`: narrows the list
- `{find}`: looks one up.
  - `{by}`: its id

## Steps

1. Call `{read}`.
2. Call `{find}`.
   - `{by}`: `{items}[].id`, from step 1

## Errors

| error | status | meaning |
|---|---|---|
| `{error}` | {status} | There is no such thing. |
"""


def tell(subject: Subject) -> str:
    """A true skill about a catalogue."""
    return TRUE.format(**subject._asdict())


def lie(s: Subject) -> dict[str, tuple[Callable[[str], str], Wrong]]:
    """Changes of the true skill that make it say what is not so, each with what is found."""
    typo = f"{s.read[:-1]}{'' if s.read.endswith('s') else s.read[-1] * 2}x"
    call = f"\n```\n{s.find}({s.by}=<id>, colour=1)\n```\n"
    wrong = f'\n```json\n{{"name": "{s.read}", "arguments": {{"{s.choice}": "nonsense"}}}}\n```\n'
    return {
        "a granted tool is missing": (
            lambda t: t.replace(f"mcp__{s.api}__{s.find}", f"mcp__{s.api}__look_up"),
            ("broken", "tool-missing", "look_up", ""),
        ),
        "a called tool is misspelt": (
            lambda t: t.replace(f"1. Call `{s.read}`", f"1. Call `{typo}`"),
            ("broken", "tool-missing", typo, ""),
        ),
        "a called tool is not offered": (
            lambda t: f"{t}\nThen call `{s.unoffered}`.\n", ("broken", "tool-missing", s.unoffered, ""),
        ),
        "a tool with its server is missing": (
            lambda t: f"{t}\nAt last use mcp__{s.api}__finish.\n", ("broken", "tool-missing", "finish", ""),
        ),
        "an argument is unknown": (
            lambda t: t.replace(f"  - `{s.argument}`: narrows", "  - `colour`: narrows"),
            ("broken", "argument-unknown", s.read, "colour"),
        ),
        "an argument of a call is unknown": (
            lambda t: t + call, ("broken", "argument-unknown", s.find, "colour"),
        ),
        "a value is refused": (lambda t: t + wrong, ("broken", "call-refused", s.read, s.choice)),
        "a step takes from a later one": (
            lambda t: t.replace("from step 1", "from step 3"), ("broken", "order-source", "", s.by),
        ),
        "an answer lacks what a step takes": (
            lambda t: t.replace(f"`{s.items}[].id`", f"`{s.items}[].shelf_mark`"),
            ("broken", "order-value", "", s.by),
        ),
        "an order fails": (
            lambda t: (
                t.replace(f"2. Call `{s.find}`.\n   - `{s.by}`", f"2. Call `{s.other}`.\n   - `{s.of}`")
                .replace("[].id`", f"[].{s.wrong}`")
            ),
            ("broken", "order-fails", "", ""),
        ),
        "an error has another status": (
            lambda t: t.replace(f"| {s.status} |", "| 409 |"), ("broken", "error-status", s.error, ""),
        ),
        "an error does not exist": (
            lambda t: f"{t}\nIf `{s.find}` answers 409/`out_of_stock`, stop.\n",
            ("broken", "error-unknown", "out_of_stock", ""),
        ),
        "an operation does not exist": (
            lambda t: f"{t}\n```sh\ncurl -X DELETE https://HOST{s.path}\n```\n",
            ("broken", "operation-missing", s.path, ""),
        ),
    }  # fmt: skip


def reword(s: Subject) -> dict[str, Callable[[str], str]]:
    """Changes of the true skill that leave it true."""
    return {
        "nothing changed": lambda t: t,
        "another order of sections": _turn_sections,
        "in German": _translate,
        "a tool of another server": lambda t: (
            f"{t}\nThen call `slack_post_message`, `mcp__github__{s.read}x` and `github:create_issue`, "
            "and use the `create_event` tool of the calendar.\n"
        ),
        "an optional argument more": lambda t: t.replace(
            f"  - `{s.argument}`: narrows the list", f"  - `{s.argument}`\n  - `{s.choice}` (optional)"
        ),
        "other words in code": lambda t: (
            f"{t}\nPipe it through `jq .id` or `jq`, keep `{s.by}` in `out.json`, see `references/`, wait "
            f"for `200`, and never print `API_KEY`. Set `DEBUG=1`; `{s.items}[0].id` is the `first_id`.\n"
        ),
        "blocks of other languages": lambda t: (
            f"{t}\n```python\ndef {s.read}x(q):\n    return get_thing(colour=1)\n```\n"
            f"\n```js\nawait {s.find}({{ colour: 1 }})\n```\n\n```sh\ngit log && npx tool run\n```\n"
        ),
        "a call that leaves out the rest": lambda t: f'{t}\nCall `{s.find}({s.by}="<id>", ...)` then.\n',
        "bullets, marks and windows": lambda t: (
            t.replace("- `", "* `").replace("1. Call", "1. **Call**").replace("\n", "\r\n")
        ),
        "the members of an answer": lambda t: (
            f"{t}\n- `{s.read}` returns:\n  - `{s.items}`: the things\n  - `made_up_total`: their number\n"
        ),
        "a request to another host": lambda t: (
            f"{t}\n```bash\ncurl -X DELETE https://api.github.example{s.path}/1\n```\nAnd `POST /graphql`.\n"
        ),
        "a list of grants": lambda t: re.sub(
            r"allowed-tools: .*", f"allowed-tools:\n  - Read\n  - Bash(curl *)\n  - mcp__{s.api}__*", t
        ),
        "a quote, a comment and a table": lambda t: (
            f"{t}\n<!-- call `{s.read}x` -->\n\n> Call `{s.read}` first.\n\n"
            f"| step | tool |\n|---|---|\n| 1 | `{s.read}` |\n"
        ),
        "an error of the host": lambda t: f"{t}\nIf the host says `timeout`, or `429`, wait.\n",
    }  # fmt: skip


def _turn_sections(text: str) -> str:
    first, *others = text.split("\n## ")
    return "\n## ".join([first, *reversed(others)])


def _translate(text: str) -> str:
    words = {
        "## Tools": "## Werkzeuge", "## Steps": "## Schritte", "## Errors": "## Fehler",
        "Call ": "Rufe auf: ", "from step": "aus Schritt", "error": "Fehler",
        "looks one up": "sucht eines heraus",
        "finds the things": "findet alles", "narrows the list": "grenzt ein", "its id": "seine Kennung",
    }  # fmt: skip
    front, body = text.split("\n---\n")
    for word, other in words.items():
        body = body.replace(f"| {word} |", f"| {other} |") if word == "error" else body.replace(word, other)
    return f"{front}\n---\n{body}"


def list_pairs(kinds: Mapping[str, object]) -> list[object]:
    """Each kind on each catalogue. The gate tries all on the library, and half of them on the others."""
    return [
        pytest.param(of, kind, id=f"{of}-{kind}", marks=() if of == "library" or n % 2 == 0 else MATRIX)
        for of in SUBJECTS
        for n, kind in enumerate(kinds)
    ]


@cache
def hold_all(of: str, *, lies: bool) -> Mapping[str, list[Wrong]]:
    """Return what is wrong with each skill of a catalogue, by the kind of its change, from a single run."""
    subject = SUBJECTS[of]
    edits = {kind: edit for kind, (edit, _) in lie(subject).items()} if lies else reword(subject)
    server = str(model(of).api.server)
    texts = {kind: edit(tell(subject)).replace("https://HOST", server) for kind, edit in edits.items()}
    with TemporaryDirectory() as folder:
        held = hold(of, lay(Path(folder), texts))
    assert held.report.footer.left_behind == ()
    found: dict[str, list[Wrong]] = {kind: [] for kind in edits}
    for outcome in held.outcomes:
        kind = Path(outcome.file).parent.name
        if outcome.verdict in ("broken", "odd"):
            found[kind].append((outcome.verdict, outcome.id, outcome.subject, outcome.member))
        elif outcome.verdict == "kept":
            found[kind].append(("kept", "", outcome.kind, ""))
    return found


@pytest.mark.parametrize(("of", "kind"), list_pairs(lie(SUBJECTS["library"])))
def test_lie_is_named(of: str, kind: str) -> None:
    verdict, id, name, member = lie(SUBJECTS[of])[kind][1]
    wrong = [one for one in hold_all(of, lies=True)[kind] if one[0] != "kept"]
    assert [(one[0], one[1], one[3]) for one in wrong] == [(verdict, id, member)], wrong
    assert name in wrong[0][2]


@pytest.mark.parametrize(("of", "kind"), list_pairs(reword(SUBJECTS["library"])))
def test_other_wording_is_silent(of: str, kind: str) -> None:
    found = hold_all(of, lies=False)[kind]
    assert [one for one in found if one[0] != "kept"] == []
    assert {kept for _, _, kept, _ in found} >= {"tool", "argument", "order", "error"}


@pytest.mark.parametrize("mcp", [True, False], ids=["mcp", "rest"])
@pytest.mark.parametrize(
    "of", ["library", pytest.param("payments", marks=MATRIX), pytest.param("park_graph", marks=MATRIX)]
)
def test_generated_skills_are_kept(of: str, mcp: bool, tmp_path: Path) -> None:
    held = hold(of, lay(tmp_path, write(of)), mcp=mcp)
    assert held.list_wrong() == []
    assert [o for o in held.outcomes if o.verdict == "untested" and o.kind not in ("error", "key")] == []
    assert held.counts["kept"] > 15
    assert held.report.footer.left_behind == ()


def _rename(tool: Tool) -> Tool:
    properties = tool["inputSchema"]["properties"]
    properties["words"] = properties.pop("q")
    return tool


def _change_titles(result: Tool, change: Callable[[list[Tool]], list[Tool]]) -> Tool:
    data = result.get("structuredContent")
    if data is None:
        return result
    return {**result, "structuredContent": {**data, "titles": change(data["titles"])}}


def _drop_id(title: Tool) -> Tool:
    return {name: value for name, value in title.items() if name != "id"}


SERVERS: dict[str, tuple[Change, set[tuple[str, str]]]] = {
    "the tool is gone": (Change(lambda _: None), {("broken", "tool-missing")}),
    "the argument has another name": (Change(_rename), {("broken", "argument-unknown")}),
    "each call fails": (Change(call=lambda _: 500), {("broken", "tool-fails")}),
    "each call is refused": (Change(call=lambda _: 400), {("broken", "tool-refuses")}),
    "a call with the argument fails": (
        Change(call=lambda a: 500 if "page" in a else a), {("broken", "argument-fails")},
    ),
    "a call with the argument is refused": (
        Change(call=lambda a: 400 if "page" in a else a), {("broken", "argument-refused")},
    ),
    "the answer has nothing that a step could take": (
        Change(result=lambda r: _change_titles(r, lambda _: [])), set(),
    ),
    "the answer lacks what a step takes": (
        Change(result=lambda r: _change_titles(r, lambda titles: [_drop_id(title) for title in titles])),
        {("broken", "order-value")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SERVERS)
def test_server_makes_a_lie_of_a_true_skill(kind: str, tmp_path: Path) -> None:
    change, wrong = SERVERS[kind]
    text = tell(SUBJECTS["library"]).replace("narrows the list", "narrows the list\n  - `page`: its number")
    held = hold("library", lay(tmp_path, {"desk": text}), change=("list_titles", change))
    assert {(verdict, id) for verdict, id, *_ in held.list_wrong()} == wrong


@pytest.mark.parametrize(
    ("of", "fault", "subject"),
    [
        ("library", "auth-ignored", "key-missing"),
        ("library", "double-move-accepted", "hold-ended"),
        pytest.param("park_graph", "auth-ignored", "UNAUTHORIZED", marks=MATRIX),
    ],
)
def test_error_never_comes_from_a_faulty_server(of: str, fault: str, subject: str, tmp_path: Path) -> None:
    held = hold(of, lay(tmp_path, write(of)), faults=(fault,))
    assert {(o.id, o.verdict) for o in held.outcomes if subject in o.subject} == {("error-never", "broken")}


def test_writes_follow_the_rules_of_a_run_and_leave_nothing(tmp_path: Path) -> None:
    steps = (
        "1. Call `place_hold`.\n2. Call `get_hold`.\n   - `hold_id`: `id`, from step 1\n"
        "3. Call `cancel_hold`.\n   - `hold_id`: `id`, from step 1\n"
    )
    front = "---\nname: hold\ndescription: d\n---\n\n"
    held = hold("library", lay(tmp_path, {"hold": f"{front}{steps}"}))
    assert held.list_wrong() == []
    assert {(o.kind, o.verdict) for o in held.outcomes} == {
        ("tool", "kept"),
        ("order", "kept"),
        ("argument", "kept"),
    }
    assert held.report.footer.left_behind == ()
    twice = f"{front}{steps}4. Call `cancel_hold`.\n   - `hold_id`: `id`, from step 1\n"
    held = hold("library", lay(tmp_path, {"hold": twice}))
    assert [(one[0], one[1]) for one in held.list_wrong()] == [("broken", "order-fails")]
    assert held.report.footer.left_behind == ()


def test_skill_of_another_server_is_left_alone(tmp_path: Path) -> None:
    steps = "1. Call `list_issues`.\n2. Call `get_issue` with its `id`.\n"
    text = f"---\nname: other\ndescription: d\n---\n\n{steps}"
    held = hold("library", lay(tmp_path, {"other": text}))
    assert [(o.verdict, o.message) for o in held.outcomes] == [
        ("untested", "it names no tool of this server")
    ]
    assert NO_WRITES not in {o.message for o in held.outcomes}
