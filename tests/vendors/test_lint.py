"""`pgagents lint` and `explain`: ignores, safe changes, forms of output, exit codes; and no false alarm on
what is good.
"""

from __future__ import annotations

import ast
import json
import re
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from evaluation.bench.catalogue import make_catalogue

from pgagents.base import registry
from pgagents.base.reading import parse
from pgagents.catalogue.load import load_file, load_text
from pgagents.cli.main import main
from pgagents.generate.build import build, collect_diagnostics
from pgagents.lint.document import ignores
from pgagents.lint.facts import requirements
from pgagents.lint.importers.gpt_builder_import import templates
from pgagents.lint.pages import CATALOGUE, OVERLAY, title
from pgagents.lint.rule import Edit, apply, rules
from pgagents.lint.run import apply_fixes, lint
from pgagents.sandbox import fault_registry

ROOT = Path(__file__).parents[2]
BASE = (ROOT / "tests/cases/base.yaml").read_text(encoding="utf-8")
LONG = "description: Search the shop's products by a word of their name. Returns the id and name of each."


def found(text: str) -> list[tuple[str, int]]:
    return [(d.id, d.span.line) for d in lint(load_text(text, "shop.yaml")).found]


def with_line(before: str, line: str, *, text: str = BASE) -> str:
    """The catalogue with a line of comment before the line that begins so."""
    at = re.search(rf"^( *){re.escape(before)}", text, re.M)
    assert at
    return text[: at.start()] + at.group(1) + line + "\n" + text[at.start() :]


SPOKEN = BASE.replace(LONG, "description: Here you can search the shop's products by a word of their name.")
SPOKEN_LINE = SPOKEN[: SPOKEN.index("Here you can")].count("\n") + 1


@pytest.mark.parametrize("file", ["catalogue/park_graph.yaml", "tests/catalogues/shop.yaml"])
def test_shipped_catalogues_have_no_finding(file: str) -> None:
    assert [
        (d.id, str(d.span), d.message) for d in lint(load_file(ROOT / file)).found if d.severity != "note"
    ] == []


def test_lint_says_all_that_build_says() -> None:
    text = BASE.replace("namespace: corner_shop", "namespace: corner shop").replace(
        "title: Corner Shop", f"title: {'Corner ' * 9}"
    )
    text = text.replace(
        "openai/openapi.yaml: /openapi.yaml, ", "no/such.json: /no.json, openai/openapi.yaml: /openapi.yaml, "
    )
    model = load_text(text, "shop.yaml")
    built = {(d.id, d.message) for d in build(model).diagnostics}
    assert len(built) >= 3
    assert (
        built
        == {(d.id, d.message) for d in collect_diagnostics(model)}
        == {(d.id, d.message) for d in lint(model).found}
    )


def test_large_catalogue_has_no_false_alarm() -> None:
    assert {d.id for d in lint(load_text(make_catalogue(150), "many.yaml")).found} <= {
        "gemini/many-functions",
        "catalogue/unconfirmed-write",
        "openai/no-privacy-policy",
        "copilot/spec-version",
    }


def test_finding_names_its_place_its_help_and_its_source() -> None:
    (only,) = lint(load_text(SPOKEN, "shop.yaml")).found
    assert (only.id, only.severity, only.span.line) == ("catalogue/speaks-to-user", "warning", SPOKEN_LINE)
    assert only.help
    assert only.notes == (requirements()["catalogue.third-person"].cited,)


@pytest.mark.parametrize(
    "text",
    [
        with_line(
            "description: Here",
            "# pgagents: ignore[catalogue/speaks-to-user] shown in our own app too",
            text=SPOKEN,
        ),
        with_line(
            "description: Here",
            "# pgagents: ignore[catalogue/speaks-to-user] why\n    # and more",
            text=SPOKEN,
        ),
        SPOKEN.replace(
            "of their name.\n", "of their name.   # pgagents: ignore[catalogue/speaks-to-user] why\n", 1
        ),
    ],
    ids=["above", "above other comments", "beside"],
)
def test_ignore_beside_the_value_silences_the_finding(text: str) -> None:
    linted = lint(load_text(text, "shop.yaml"))
    assert linted.found == ()
    assert [d.id for d in linted.ignored] == ["catalogue/speaks-to-user"]


UNTRIED = "catalogue/untried-law"
IGNORED = f"# pgagents: ignore[{UNTRIED}] no example has a time"


@pytest.mark.parametrize(
    ("law", "silenced"),
    [
        ("|  COMMENT\n          input.limit >= 0.0 &&\n          now > 1.0", True),
        (">-  COMMENT\n          now > 1.0", True),
        ("\n          |  COMMENT\n          now > 1.0", True),
        ("  COMMENT\n          |\n          now > 1.0", True),
        ('"input.limit >= 0.0 &&\n          now > 1.0" COMMENT', True),
        ("now > 1.0 COMMENT", True),
        ('"now >\n          1.0" COMMENT', False),
        ("now > 1.0\n        COMMENT", False),
    ],
)
def test_ignore_where_a_text_begins_silences_what_is_found_inside(law: str, silenced: bool) -> None:
    line = "    laws: {at-most-limit: size(response.products) <= input.limit}\n"
    assert BASE.count(line) == 1

    def write(comment: str, beside: str) -> str:
        late = law.replace("COMMENT", beside).rstrip()
        return BASE.replace(line, f"    laws:\n      late:\n{comment}        that: {late}\n")

    for text, quiet in ((write("", IGNORED), silenced), (write(f"        {IGNORED}\n", ""), True)):
        linted = lint(load_text(text, "shop.yaml"))
        assert ([d.id for d in linted.found], [d.id for d in linted.ignored]) == (
            ([], [UNTRIED]) if quiet else ([UNTRIED, "catalogue/unused-ignore"], [])
        )
        assert (apply_fixes(parse(text, "shop.yaml"))[0].text == text) is quiet


def test_ignore_elsewhere_silences_nothing_and_is_found() -> None:
    text = with_line("actions:", "# pgagents: ignore[catalogue/speaks-to-user] too far away", text=SPOKEN)
    assert {id for id, _ in found(text)} == {"catalogue/speaks-to-user", "catalogue/unused-ignore"}


@pytest.mark.parametrize(
    ("comment", "id"),
    [
        ("# pgagents: ignore[catalogue/speaks-to-user]", "catalogue/ignore-without-reason"),
        ("# pgagents: ignore[catalogue/speak-to-user] why", "catalogue/unknown-ignore"),
        ("# pgagents: ignore why", "catalogue/unknown-ignore"),
        ("# PGAGENTS: ignore[catalogue/speaks-to-user] why", "catalogue/unknown-ignore"),
    ],
)
def test_ignore_that_is_no_answer_is_found(comment: str, id: str) -> None:
    assert id in {d for d, _ in found(with_line("description: Here", comment, text=SPOKEN))}


def test_comment_is_told_from_text_that_looks_like_one() -> None:
    text = """a: "# pgagents: ignore[x/y] quoted"
b: |
  # pgagents: ignore[x/y] in a block
c: plain# pgagents:ignore[x/y] not a comment
d: >-
  folded
  # pgagents: ignore[x/y] in a folded text
e: 'single
  # pgagents: ignore[x/y] in quotes of two lines'
f: 1 # pgagents: ignore[x/y] one
g: |  # pgagents: ignore[x/y] beside the beginning of a block
  text
"""
    assert [i.span.line for i in ignores(parse(text))] == [10, 11]


def test_vendors_refusal_cannot_be_ignored() -> None:
    text = BASE.replace("namespace: corner_shop", "namespace: corner shop")
    text = with_line("ai_plugin:", "# pgagents: ignore[openai/ai_plugin/refused] we know", text=text)
    assert {id for id, _ in found(text)} >= {"openai/ai_plugin/refused", "catalogue/unknown-ignore"}


@pytest.mark.parametrize(
    ("old", "new", "ignored", "withheld"),
    [
        (
            "authorization_type: bearer}}",
            "authorization_type: basic}}",
            "openai/ai_plugin/credential",
            "openai/ai_plugin/credential",
        ),
        (
            "copilot/openapi-3.0.yaml: /copilot.yaml}",
            "no/such.json: /no.json}",
            "pgagents/hosting/unknown-file",
            "pgagents/hosting/unknown-file",
        ),
        (
            "    http: GET /products\n",
            "    texts: {gemini: {name: search.products}}\n    http: GET /products\n",
            "gemini/long-name",
            "gemini/functions/refused",
        ),
    ],
)
def test_ignore_never_hides_that_build_does_not_write_a_document(
    old: str, new: str, ignored: str, withheld: str
) -> None:
    assert BASE.count(old) == 1
    first = new.splitlines()[0]
    text = BASE.replace(old, new).replace(first, f"{first} # pgagents: ignore[{ignored}] we know", 1)
    model = load_text(text, "shop.yaml")
    assert withheld in {d.id for d in build(model).diagnostics if d.severity == "error"}
    linted = lint(model)
    assert (withheld, "error") in {(d.id, d.severity) for d in linted.found}
    said = {d.message for d in linted.found if d.id == "catalogue/unknown-ignore"}
    cannot = f"`{ignored}` cannot be ignored: with this error, `build` does not write the document"
    assert said == ({cannot} if ignored == withheld else set())
    assert {d.id for d in linted.ignored} == {ignored} - {withheld}


def test_former_name_that_is_past_can_be_ignored_until_its_day_is_judged() -> None:
    ignore = "# pgagents: ignore[catalogue/past-former-name] one customer still calls it"
    route = "    http: GET /products\n"
    former = f"    formerly: {{find_products: 2027-03-01}} {ignore}\n"
    text = BASE.replace(route, former + route)
    model = load_text(text, "shop.yaml")
    past = lint(model, today=date(2027, 3, 2))
    assert ([d.id for d in past.found], [d.id for d in past.ignored]) == ([], ["catalogue/past-former-name"])
    good = lint(model, today=date(2027, 3, 1))
    assert [d.id for d in good.found] == ["catalogue/unused-ignore"]
    assert lint(model).found == ()
    assert apply_fixes(parse(text, "shop.yaml"))[0].text == text


def test_limit_of_a_vendor_can_be_ignored_without_a_false_word() -> None:
    long = "title: Corner Shop"
    ignore = "# pgagents: ignore[openai/ai_plugin/limit] it is cut there, and that is well"
    (wide,) = [
        d
        for d in lint(load_text(BASE.replace(long, f"title: {'Corner ' * 9}"), "shop.yaml")).found
        if d.id == "openai/ai_plugin/limit"
    ]
    assert wide.severity == "warning"
    text = BASE.replace(long, f"title: {'Corner ' * 9} {ignore}")
    linted = lint(load_text(text, "shop.yaml"))
    assert [d.id for d in linted.ignored] == ["openai/ai_plugin/limit"]
    assert not {"openai/ai_plugin/limit", "catalogue/unknown-ignore"} & {d.id for d in linted.found}


def test_rules_of_one_vendor_alone_say_nothing_of_others_and_of_their_ignores() -> None:
    text = with_line("description: Here", "# pgagents: ignore[catalogue/speaks-to-user] why", text=SPOKEN)
    model = load_text(text, "shop.yaml")
    assert lint(model, ["gemini"]).found == ()
    assert lint(load_text(SPOKEN, "s"), ["catalogue/speaks-to-user"]).found


def test_fix_takes_out_idle_ignores_and_hidden_characters_and_nothing_else() -> None:
    text = BASE.replace("word of their name", "wo\u200brd \u202eof their name", 1)
    text = with_line("actions:", "# pgagents: ignore[gemini/long-name] it was long once", text=text)
    text = text.replace("costs: true\n", "costs: true  # pgagents: ignore[gemini/long-name] never was\n")
    made, count = apply_fixes(parse(text, "shop.yaml"))
    assert made.text == BASE
    assert count == 4


def test_fix_changes_nothing_where_nothing_is_safe() -> None:
    made, count = apply_fixes(parse(SPOKEN, "shop.yaml"))
    assert (made.text, count) == (SPOKEN, 0)


def test_edit_whose_text_is_not_there_is_left_out() -> None:
    assert apply("ab\ncd\n", [Edit(2, 1, "xx", "y"), Edit(1, 2, "b", "B"), Edit(9, 1, "a", "")]) == "aB\ncd\n"


# the command


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "shop.yaml"
    file.write_text(SPOKEN, encoding="utf-8")
    return file


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.usefixtures("shop")
def test_text_shows_the_line_and_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "lint", "shop.yaml")
    assert (code, err) == (1, "")
    assert f"  --> shop.yaml:{SPOKEN_LINE}:" in out
    assert out.endswith("shop.yaml (catalogue): 1 warning\n")


def test_nothing_found_and_notes_exit_0(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop.write_text(BASE.replace("  privacy: https://shop.example/privacy\n", ""), encoding="utf-8")
    code, out, _ = call(capsys, "lint", "shop.yaml")
    assert code == 0
    assert out.endswith("shop.yaml (catalogue): 1 note\n")


@pytest.mark.usefixtures("shop")
def test_json_sarif_and_github_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "lint", "shop.yaml", "--format", "json")
    (finding,) = json.loads(out)["files"][0]["findings"]
    assert (finding["id"], finding["line"]) == ("catalogue/speaks-to-user", SPOKEN_LINE)
    _, out, _ = call(capsys, "lint", "shop.yaml", "--format", "sarif")
    run = json.loads(out)["runs"][0]
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == finding["id"]
    assert result["level"] == "warning"
    place = result["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "shop.yaml"},
        "region": {"startLine": SPOKEN_LINE, "startColumn": finding["column"]},
    }
    _, out, _ = call(capsys, "lint", "shop.yaml", "--format", "github")
    assert out.startswith(
        f"::warning file=shop.yaml,line={SPOKEN_LINE},col={finding['column']},"
        "title=catalogue/speaks-to-user::"
    )


def test_fix_writes_the_file_in_place(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop.write_text(
        with_line("actions:", "# pgagents: ignore[gemini/long-name] once", text=BASE), encoding="utf-8"
    )
    code, _, err = call(capsys, "lint", "shop.yaml", "--fix")
    assert (code, err) == (0, "shop.yaml: 1 change made\n")
    assert shop.read_text(encoding="utf-8") == BASE


def test_fix_keeps_who_may_read_the_file_and_goes_through_no_link(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, link = tmp_path / "shop.yaml", tmp_path / "link.yaml"
    written = with_line("actions:", "# pgagents: ignore[gemini/long-name] it was long once", text=BASE)
    file.write_text(written, encoding="utf-8")
    file.chmod(0o600)
    link.symlink_to(file.name)
    code, _, err = call(capsys, "lint", str(link), "--fix")
    assert code == 2
    assert "link.yaml is a symbolic link" in err
    assert file.read_text(encoding="utf-8") == written
    assert "1 change made" in call(capsys, "lint", str(file), "--fix")[2]
    assert file.read_text(encoding="utf-8") == BASE
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_endings_of_any_system_are_linted_alike(
    ending: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.write_bytes(SPOKEN.replace("\n", ending).encode())
    code, out, err = call(capsys, "lint", "shop.yaml")
    assert (code, err) == (1, "")
    assert f"  --> shop.yaml:{SPOKEN_LINE}:" in out


def test_two_actions_of_one_domain_meet_in_the_form(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(ROOT / "generated/openai/openapi.yaml")
    code, out, _ = call(capsys, "lint", file, file, "--for", "gpt-builder", "--format", "json")
    first, second = json.loads(out)["files"]
    assert code == 1
    assert [f["id"] for f in first["findings"]] == []
    assert [f["message"] for f in second["findings"]] == [
        "Action sets cannot have duplicate domains - parkgraph.com already exists on another action"
    ]
    assert {f["name"] for f in first["functions"]} >= {"searchParking", "dispatchAction"}


WRONG = {
    "no such file": (["no.yaml"], "cannot read no.yaml"),
    "no such judge": (["shop.yaml", "--for", "gpt-bilder"], "did you mean `gpt-builder`?"),
    "no such rule": (["shop.yaml", "--only", "gemini/long-nam"], "did you mean `gemini/long-name`?"),
    "a catalogue as a document": (
        ["shop.yaml", "--for", "copilot"],
        "shop.yaml is a catalogue, not a finished document",
    ),
    "rules for a document": (["o.json", "--only", "gemini"], "--only chooses among the rules for catalogues"),
    "fix of a document": (["o.json", "--fix"], "is not a catalogue"),
    "what nobody knows": (["other.json"], "is not a document that is known here"),
    "a catalogue that does not load": (["broken.yaml"], "unknown key `nonsense`"),
    "no judge like it": (["shop.yaml", "--for", "zzz"], "`--for list` names all"),
    "a catalogue with a tab": (["tab.yaml"], "YAML takes no tabs"),
    "a key twice": (["twice.json"], "stands here again"),
    "a catalogue that is not UTF-8": (["latin.yaml"], "byte 0xe9 is not UTF-8"),
    "too much": (["large.json"], "at most 16,000,000"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_call_or_unreadable_input_is_exit_2_without_traceback(
    kind: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop.parent / "o.json").write_text('{"openapi": "3.1.0"}', encoding="utf-8")
    (shop.parent / "other.json").write_text('{"a": 1}', encoding="utf-8")
    (shop.parent / "broken.yaml").write_text(BASE + "nonsense: 1\n", encoding="utf-8")
    (shop.parent / "tab.yaml").write_text("pgagents: 1\napi:\n\tid: x\n", encoding="utf-8")
    (shop.parent / "twice.json").write_text('{"openapi": "3.1.0", "openapi": "3.1.0"}', encoding="utf-8")
    (shop.parent / "latin.yaml").write_bytes(BASE.encode() + b"# caf\xe9\n")
    if kind == "too much":
        (shop.parent / "large.json").write_bytes(b'{"a": "' + b"x" * 16_000_000 + b'"}')
    words, says = WRONG[kind]
    code, out, err = call(capsys, "lint", *words)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_reference_to_another_file_is_not_followed(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = shop.parent / "secret.json"
    secret.write_text('{"type": "object", "properties": {"TOP-SECRET": {}}}', encoding="utf-8")
    answer = {"description": "", "content": {"application/json": {"schema": {"$ref": "secret.json"}}}}
    operation = {"operationId": "get", "responses": {"200": answer}}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"get": operation}},
    }
    (shop.parent / "o.json").write_text(json.dumps(document), encoding="utf-8")
    for judge in ("gpt-builder", "copilot"):
        _, out, _ = call(capsys, "lint", "o.json", "--for", judge)
        assert "TOP-SECRET" not in out
        assert "secret.json" in out


class _Hosted(BaseHTTPRequestHandler):
    """One document, and a redirect to it."""

    def do_GET(self) -> None:
        moved = self.path == "/moved"
        raw = (ROOT / "generated/gemini/functions.json").read_bytes()
        self.send_response(302 if moved else 200)
        self.send_header("Location", "/functions.json")
        self.end_headers()
        self.wfile.write(b"" if moved else raw)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def hosted() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hosted) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_url_is_fetched_and_judged_and_a_redirect_is_not_followed(
    hosted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(capsys, "lint", f"{hosted}/functions.json")
    assert code == 0
    assert "(gemini-tools): nothing found" in out
    code, _, err = call(capsys, "lint", f"{hosted}/moved")
    assert code == 2
    assert "redirects to /functions.json" in err


# explain


def test_every_finding_of_the_catalogues_reader_has_a_page() -> None:
    ids: set[str] = set()
    for path in [*(ROOT / "src/pgagents/catalogue").rglob("*.py"), ROOT / "src/pgagents/base/reading.py"]:
        text = path.read_text(encoding="utf-8")
        ids |= set(re.findall(r'"catalogue/([a-z0-9-]+)"', text))
        calls = [
            node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and len(node.args) > 1
        ]
        named = [
            c
            for c in calls
            if getattr(c.func, "attr", getattr(c.func, "id", "")) in ("report", "_report", "Problem")
        ]
        ids |= {
            c.args[1].value
            for c in named
            if isinstance(c.args[1], ast.Constant) and isinstance(c.args[1].value, str)
        }
    assert len(ids) > 25
    assert ids <= set(CATALOGUE)


def test_every_id_about_a_catalogue_over_a_document_has_a_page() -> None:
    """It is the second argument of a misfit and of a refusal, or stands whole in the source."""
    ids: set[str] = set()
    for path in (ROOT / "src/pgagents/importer/overlay").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and str(node.value).startswith("overlay/"):
                ids.add(str(node.value).partition("/")[2])
            calls = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) > 1
            if calls and node.func.id in ("Misfit", "_refuse") and isinstance(node.args[1], ast.Constant):
                ids.add(str(node.args[1].value))
    ids = {id for id in ids if re.fullmatch("[a-z]+(-[a-z]+)*", id)}
    assert len(ids) > 12
    assert ids <= set(OVERLAY)


IDS = [
    *rules(), *(f"catalogue/{kind}" for kind in CATALOGUE),
    *(f"overlay/{kind}" for kind in OVERLAY), *(f"gpt-builder/{id}" for id in templates()),
    *requirements(),
    *(name.rpartition(".")[2] for name in registry.names("pgagents.verify.checks")),
    *fault_registry.list_names("faults"), *fault_registry.list_names("variations"),
    "openai/ai_plugin/credential", "pgagents/hosting/unknown-file",
    "gemini/functions/refused", "copilot/openapi/limit", "gemini-tools/function-name",
    "copilot-import/spec-not-valid", "document/syntax",
]  # fmt: skip


def test_every_id_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for id in IDS:
        code, out, err = call(capsys, "explain", id)
        assert (code, err) == (0, ""), id
        assert len(out) > 40, id


def test_explain_lists_all_and_suggests_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "explain")
    assert code == 0
    assert "  gemini/long-name\n" in out
    code, _, err = call(capsys, "explain", "gemini/long-nam")
    assert code == 2
    assert "did you mean `gemini/long-name`?" in err


def test_explain_of_a_contract_leads_to_its_promise_and_line(capsys: pytest.CaptureFixture[str]) -> None:
    id = "relation/wider-keeps/search_parking@rest"
    _, out, _ = call(capsys, "explain", id)
    command = next(line.split() for line in out.splitlines() if "pgagents contracts" in line)
    code, out, err = call(capsys, *command[1:])
    assert (code, err, out.splitlines()[0]) == (0, "", id)
    line = next(
        n
        for n, text in enumerate(Path("catalogue/park_graph.yaml").read_text().splitlines(), 1)
        if "wider-keeps" in text
    )
    assert re.search(rf"^  catalogue +\S+park_graph\.yaml:{line}$", out, re.M), out
    assert re.search(r"^  promise +\S+", out, re.M)
    code, _, err = call(capsys, "contracts", "--contract", id.replace("keeps", "keep"))
    assert code == 2
    assert f"did you mean `{id}`?" in err


def test_titles_are_one_sentence() -> None:
    for id in rules():
        told = title(id)
        assert told is not None
        assert "\n" not in told[0]
