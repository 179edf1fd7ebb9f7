"""A report is readable on a narrow terminal, in the log of a CI job, in a vendor's page, and in a shell."""

from __future__ import annotations

import json
import xml.etree.ElementTree as xml
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from inprocess import inside
from pgagents.base.http import Request, Response
from pgagents.base.reading import parse
from pgagents.cli.inputs import report_files
from pgagents.cli.main import cli
from pgagents.report.causes import cause, cause_of
from pgagents.report.contract import Verdict
from pgagents.report.curl import of_finding
from pgagents.report.formats import json as as_json
from pgagents.report.formats import junit, sarif, text
from pgagents.report.presentation import conclude
from pgagents.report.read import read
from pgagents.report.report import Report
from pgagents.report.verdicts import by_surface, format_count
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import plan
from test_report import ALL, GET, SCHEMA, SOURCE, contract, exchange, report
from verifying import model, run

STEERING = "\u202e\u2066\x9b31m\x85\x1b[2J\u2028"
"""Marks that turn the direction of writing, and controls, those of C1 too."""


def said(one: Report, words: str) -> Report:
    """The report with a finding of a server that says this everywhere."""
    answer = Response(500, (("Content-Type", "text/html"), ("X-Said", words)), words.encode())
    finding = replace(
        one.findings[0], expected=words, actual=words, exchanges=(exchange(GET, answer),), known=""
    )
    footer = replace(one.footer, notes=(words,), left_behind=(words,))
    results = tuple(replace(r, reason=words) if r.reason else r for r in one.results)
    return replace(one, findings=(finding,), results=results, footer=footer, stale=(words,))


@pytest.mark.parametrize("form", report_files.FORMS)
def test_no_form_of_a_report_holds_what_steers_a_reader(form: str) -> None:
    shown = report_files.render(form, said(report(ALL), f"a{STEERING}b"), SOURCE).decode()
    assert not [c for c in shown if not c.isprintable() and c not in "\n\t"]
    assert "a" in shown


def test_sarif_shows_what_does_not_print_as_an_escape_to_whoever_parses_it() -> None:
    one = said(report(ALL), f"a{STEERING}b")
    found = json.loads(sarif.render(one, SOURCE))
    texts = json.dumps(found, ensure_ascii=False)
    assert "\u202e" not in texts
    assert "a\\\\x202e" in texts


def test_json_report_reads_back_what_does_not_print(tmp_path: Path) -> None:
    one = said(report(ALL), f"a{STEERING}b \U0001f697 é")
    file = tmp_path / "report.json"
    file.write_bytes(as_json.render(one, SOURCE))
    assert [e.message for e in SCHEMA.iter_errors(json.loads(file.read_bytes()))] == []
    assert read(file)[0].findings[0].actual == one.findings[0].actual


@pytest.mark.parametrize("words", ["::error file=x::boo", "##[error]boo", "a ##vso[task.x]boo"])
def test_text_report_is_no_command_of_a_ci_job(words: str) -> None:
    for before in range(0, 100, 3):  # wherever a line of the report breaks
        shown = text.render(said(report(ALL), f"{'x' * before} {words}"), SOURCE)
        assert "boo" in shown
        for line in shown.splitlines():
            assert not line.lstrip().startswith("::")
            assert "##[" not in line
            assert "##vso[" not in line


@pytest.mark.parametrize("width", [40, 60, 80])
def test_text_report_fits_a_narrow_terminal(width: int) -> None:
    one = report(ALL)
    long = replace(
        one.findings[0],
        expected="word " * 100,
        actual="x" * 400,
        also=tuple(f"{n}/{'y' * 60}" for n in range(5)),
    )
    shown = text.render(replace(one, findings=(long,)), SOURCE, width=width)
    copied = ("curl", "pgagents ", "answered", "catalogue/c.yaml")
    for line in shown.splitlines():
        assert len(line) <= width or line.lstrip().startswith(copied), line
    summary = shown.split("\n1 finding")[1].splitlines()
    assert max(map(len, summary)) <= width


def test_report_is_as_wide_as_its_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for columns, width in ((60, 60), (20, 40), (300, 100)):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert report_files.width() == width
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    assert report_files.width() == 100


def test_how_much_each_exchange_told_is_printed_where_asked_for() -> None:
    one = report(ALL)
    line = "each exchange was judged for 15 contracts on average: 500 on rest, 130 on dispatcher in all"
    assert line not in text.render(one, SOURCE).splitlines()
    assert line in text.render(one, SOURCE, verbose=True).splitlines()


def test_report_file_is_shown_with_as_much_as_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(as_json.render(report(ALL), SOURCE))
    for flags, told in (([], False), (["-v"], True)):
        shown = CliRunner().invoke(cli, ["report", "show", str(file), *flags], standalone_mode=False)
        assert ("each exchange was judged" in shown.output) is told


def test_exit_0_says_how_much_was_not_tried_and_why() -> None:
    one = report({Verdict.KEPT: 5, Verdict.NOT_SELECTED: 4, Verdict.NOT_APPLICABLE: 1})
    said = "5 promises kept; 4 not tried: why not_selected (--why)"
    assert text.render(one, SOURCE).endswith(f"\nno finding\n{said}\nexit 0: nothing found\n")
    assert conclude(one) == "no finding; 5 promises kept; 4 not tried"
    assert text.render(report({Verdict.KEPT: 5}), SOURCE).endswith("\nexit 0: nothing found\n")


def test_vendor_whose_calls_go_through_a_broken_surface_is_blocked_by_it() -> None:
    one = report({Verdict.KEPT: 1, Verdict.BROKEN: 1})
    own = replace(
        one.results[0], contract=contract("honours_manifest/x/search@anthropic", surface="anthropic")
    )
    one = replace(one, results=(*one.results, own), carried={"anthropic": ("search@rest",)})
    verdict = next(v for v in by_surface(one) if v.surface == "anthropic")
    assert (verdict.word, verdict.says, verdict.because) == (
        "blocked",
        "blocked, as its calls go through REST",
        "refuses bad input (search)",
    )
    assert "\nblocked by these: Claude tools\n" in text.render(one, SOURCE)
    for form in ("html", "markdown"):
        shown = report_files.render(form, one, SOURCE).decode()
        assert "blocked, as its calls go through REST" in shown
        assert 'anthropic</span>\n    <span class="badge">fails' not in shown


def test_vendor_for_whom_nobody_asked_is_not_named() -> None:
    """A run of a document alone says nothing of vendors whose files its user does not have."""
    one = report({Verdict.KEPT: 1, Verdict.BROKEN: 1})
    own = contract("honours_manifest/x/search@anthropic", surface="anthropic")
    tools = contract("mcp_tools/x/search@mcp", surface="mcp")
    untried = replace(one.results[0], contract=tools, verdict=Verdict.NOT_SELECTED, reason="needs the server")
    one = replace(
        one,
        results=(*one.results, replace(one.results[0], contract=own), untried),
        carried={"anthropic": ("search@rest",)},
        header=replace(one.header, unasked=("anthropic", "mcp")),
    )
    shown = text.render(one, SOURCE)
    assert "blocked by these" not in shown
    assert "needs the server" not in shown
    assert "not tried" not in conclude(one)
    assert "for vendors without a file or a line of yours 1: needs the server\n" in text.render(
        one, SOURCE, why=True
    )
    for form in ("html", "markdown"):
        assert "Claude tools" not in report_files.render(form, one, SOURCE).decode()


def test_crashes_that_one_line_of_the_app_raises_have_one_cause() -> None:
    """A line of a library says nothing: the faults of many operations end there."""

    def find_cause(action: str, *files: str) -> str:
        printed = "".join(f'  File "{file}", line 82, in shown\n    net = 0\n' for file in files)
        crash = replace(exchange(GET, Response(500, (), b"Internal Server Error")), printed=printed, why="x")
        return cause_of(
            contract(f"no_crashes/{action}@rest", action=action),
            "500",
            "500",
            crash,
            claim="",
            member="",
            right=True,
        )

    library = "/app/.venv/lib/python3.12/site-packages/fastapi/routing.py"
    assert find_cause("create", library, "/app/items.py") == find_cause("change", "/app/items.py")
    assert find_cause("create", "/app/items.py") != find_cause("create", "/app/users.py")
    assert find_cause("create", "/app/items.py", library) != find_cause("change", "/app/items.py", library)


def test_page_shows_no_header_of_a_client_that_a_finding_does_not_need() -> None:
    sent = Request("GET", "/a", (("User-Agent", "pgv/1.0 " * 60), ("X-Team", "red")))
    one = report({Verdict.BROKEN: 1}, exchanges=(exchange(sent),))
    for plain in (True, False):
        finding = replace(one.findings[0], plain=plain)
        shown = report_files.render("html", replace(one, findings=(finding,)), SOURCE).decode()
        assert ("pgv/1.0 pgv/1.0" in shown) is not plain
        assert "X-Team: red" in shown


def test_document_on_one_line_is_no_excerpt() -> None:
    whole = parse('{"actions": {"search": {"input": {"limit": 1}}}, "text": "' + "x" * 3_000 + '"}', "d.json")
    one = report({Verdict.BROKEN: 1})
    assert "x" * 100 not in report_files.render("html", one, whole).decode()
    assert json.loads(as_json.render(one, whole))["findings"][0]["excerpt"] == {"line": 1, "text": []}


def test_vendors_that_are_blocked_share_a_line() -> None:
    one = report({Verdict.KEPT: 1, Verdict.BROKEN: 1})
    for vendor in ("anthropic", "xai"):
        own = contract(f"honours_manifest/x/search@{vendor}", surface=vendor)
        one = replace(
            one,
            results=(*one.results, replace(one.results[0], contract=own)),
            carried={**one.carried, vendor: ("search@rest",)},
        )
    assert "\nblocked by these: Claude tools, Grok\n" in text.render(one, SOURCE)


def test_junit_message_ends_in_no_colon() -> None:
    one = report({Verdict.BROKEN: 2})
    bare = replace(one.findings[0], expected="sorted", actual="nearest-first does not hold: ")
    results = tuple(replace(r, reason="nearest-first does not hold: ") for r in one.results)
    root = xml.fromstring(junit.render(replace(one, findings=(bare,), results=results), SOURCE))
    first, again = [f.get("message", "") for f in root.iter("failure")]
    assert first == "GET /lots: nearest-first does not hold; expected sorted"
    assert again == f"GET /lots: nearest-first does not hold: the same cause broke {results[1].contract.id}"


HABITS = (
    ("Authorization", "Bearer [key of main]"), ("Accept", "application/json, text/plain, */*"),
    ("User-Agent", "Mozilla pgv"), ("X-Requested-With", "XMLHttpRequest"), ("X-Pgv-Unknown", "1"),
    ("Accept-Language", "fr"), ("Priority", "u=3, i"),
    ("Idempotency-Key", "pgv-1"), ("Content-Type", "application/json"),
)  # fmt: skip


def test_curl_line_has_the_headers_that_matter() -> None:
    request = Request("POST", "/orders", HABITS, b"{}")
    one = report(ALL, exchanges=(exchange(request),)).findings[0]
    line = of_finding(one, "https://api.example")
    assert line.endswith(
        """https://api.example/orders -H "Authorization: Bearer $PGAGENTS_TOKEN" """
        """-H 'Idempotency-Key: pgv-1' -H 'Content-Type: application/json' -d '{}'"""
    )
    asked = replace(request, headers=(("Accept", "text/csv"),))
    assert "-H 'Accept: text/csv'" in of_finding(
        replace(one, exchanges=(exchange(asked),)), "https://api.example"
    )


def test_curl_line_of_a_server_that_fails_has_all_headers() -> None:
    request = Request("POST", "/orders", HABITS, b"{}")
    one = report(ALL, exchanges=(exchange(request, Response(500)),)).findings[0]
    line = of_finding(one, "https://api.example")
    for name in ("Accept", "User-Agent", "X-Requested-With", "X-Pgv-Unknown", "Accept-Language", "Priority"):
        assert f"-H '{name}: " in line


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("response_schema", "200", "session.paid"), ("response_schema", "200", "sessions.3.paid"), True),
        (("law", "200", "session.paid"), ("response_schema", "201", "session.paid"), True),
        (("response_schema", "200", "session.paid"), ("response_schema", "200", "session.due"), False),
        (("response_schema", "200", "2.paid"), ("response_schema", "201", "paid"), True),
        (("response_schema", "200", "2.paid"), ("response_schema", "200", "2.due"), False),
        (("response_schema", "200", "session.paid"), ("response_schema", "404", "session.paid"), False),
        (("error_names_field", "400", "paid"), ("response_schema", "400", "paid"), False),
        (("content_type", "200", ""), ("response_schema", "200", ""), False),
        (("key_authentication", "200", ""), ("key_authentication", "200", ""), True),
        (("key_authentication", "200", ""), ("plan_scopes", "200", ""), False),
    ],
)
def test_findings_are_one_where_one_instance_may_have_broken_them(
    one: tuple[str, str, str], other: tuple[str, str, str], same: bool
) -> None:
    def key(check: str, outcome: str, member: str) -> str:
        return cause(check, outcome, "another value", member=member)

    assert (key(*one) == key(*other)) is same


def test_numbers_of_instances_are_told_in_the_right_number() -> None:
    assert [format_count(n, "request") for n in (0, 1, 2_000)] == [
        "0 requests",
        "1 request",
        "2,000 requests",
    ]


def test_url_may_come_from_the_env_file_too() -> None:
    shown = CliRunner().invoke(cli, ["verify"])
    assert "--env" in shown.output
    assert shown.exit_code == 2


def test_report_that_was_written_is_named_on_stderr(tmp_path: Path) -> None:
    source, out = tmp_path / "shard.json", tmp_path / "report.md"
    one = report({Verdict.KEPT: 1})
    source.write_bytes(as_json.render(replace(one, header=replace(one.header, shard=(1, 1))), SOURCE))
    shown = CliRunner().invoke(
        cli, ["report", "merge", str(source), "--report", str(out)], standalone_mode=False
    )
    assert f"wrote {out}\n" in shown.stderr
    assert f"wrote {out}" not in shown.stdout


@pytest.mark.matrix
def test_findings_read_as_sentences() -> None:
    """A second call shows which promise is broken if a call that cannot be read gets in without a key."""
    one = run(model(), faults=["auth-ignored"], only=("key_authentication",))
    expected = {f.expected for f in one.findings}
    assert any(e.startswith("a call without a key is refused with ") for e in expected)
    assert not [e for e in expected if e.startswith("a call a")]


def test_pace_of_a_plan_is_that_of_each_key() -> None:
    """Requests with another identity's key, or through another surface, wait for none of the main key's."""
    of, opened = model(), inside(model())
    alone = plan(of, Options(), Identities({"main": opened.keys["main"]}), url="http://127.0.0.1:1")
    every = plan(of, Options(max_requests=5_000), Identities(opened.keys), url="http://127.0.0.1:1")
    drawn = [b for b in of.buckets.values() if b.name in every.requests]
    one_key = max((every.requests[b.name] - b.requests) / b.requests * b.per_s for b in drawn)
    assert alone.seconds > 0
    assert every.seconds < one_key
